// One row of an explanation made ready to be shown: names instead of indices, pictures, and the data of each figure.

import { labelText } from "../data/label-text.ts";
import type { Dataset } from "../data/types.ts";
import { byLabel, cancellation, contributionsOf, examplesFor80, strongest } from "../explain/summary.ts";
import type { Explanation } from "../explain/types.ts";
import type { CancellationMeter } from "../figures/cancellation-meter.ts";
import type { Contributor, Contributors } from "../figures/contributors.ts";
import { formatNumber } from "../figures/format.ts";
import { isImageShape, type Picture, pictureOf, type ValueRange, valueRange } from "../figures/image.ts";
import type { Ledger } from "../figures/ledger.ts";
import { type ReadoutWords, readoutWords } from "../figures/readout-words.ts";
import type { ResidualByStep } from "../figures/residual-by-step.ts";
import type { TugOfWar } from "../figures/tug-of-war.ts";
import { type Tensor, takeRows } from "../numeric/tensor.ts";
import type { ReportInput, ReportQuery } from "./types.ts";

export interface QueryView {
  readonly query: ReportQuery;
  /** "margin:8-3". */
  readonly readout: string;
  readonly words: ReadoutWords;
  readonly picture: Picture | undefined;
  /** The same, small. */
  readonly thumbnail: Picture | undefined;
  /** "8"; a regression's output as a number. */
  readonly predicted: string;
  /** "3"; undefined when it is not known. */
  readonly label: string | undefined;
  /** Undefined for a regression and where no label is known. */
  readonly correct: boolean | undefined;
  readonly ledger: Ledger;
  readonly tugOfWar: TugOfWar;
  readonly contributors: Contributors;
  readonly residualByStep: ResidualByStep;
  readonly cancellation: CancellationMeter & { readonly ratio: number };
  readonly examplesFor80: number;
  /** Examples whose contribution is not zero. */
  readonly contributing: number;
}

/** Examples that are shown on each side. */
const STRONGEST = 5;
/** Pixels that the longer side of a picture may have in the file: it is shown 168 pixels wide, */
const QUERY_SIDE = 168;
/** or 46 among the strongest examples, which a report holds twice (for wide and for narrow screens). */
const THUMBNAIL_SIDE = 56;

/** One view for each row, in the order of the rows. RangeError when a row's query is not among `queries`. */
export function queryViews(input: ReportInput): QueryView[] {
  const { dataset, explanation, outputs, queries, run } = input;
  const context = { classes: dataset.classes, loss: run.loss, outputs };
  // Only pictures need the range, and it reads every value of the training split.
  const range: ValueRange = isImageShape(dataset.inputShape) ? valueRange(dataset.train.x.data) : [0, 1];
  return explanation.rows.map((row, r) => {
    const query = queries.find(({ id }) => id === row.query);
    if (!query) {
      const ids = queries.map(({ id }) => id).join(", ");
      throw new RangeError(
        `report: queries must hold every explained query, got ${ids || "none"} without ${row.query}`,
      );
    }
    return viewOf(input, r, {
      query,
      range,
      words: readoutWords(row.readout, context),
    });
  });
}

interface RowContext {
  readonly query: ReportQuery;
  readonly range: ValueRange;
  readonly words: ReadoutWords;
}

function viewOf(input: ReportInput, r: number, { query, range, words }: RowContext): QueryView {
  const { dataset, explanation, run } = input;
  const { gross, net, tolerance, scale, rule } = explanation;
  const isClass = dataset.task === "classification";
  const nameOf = (value: number): string => (isClass ? (dataset.classes[value] ?? String(value)) : formatNumber(value));
  const pulls = byLabel(explanation, r, dataset);
  return {
    query,
    readout: explanation.rows[r].readout,
    words,
    picture: pictureOf(query.x, { range, maxSide: QUERY_SIDE }),
    thumbnail: pictureOf(query.x, { range, maxSide: THUMBNAIL_SIDE }),
    predicted: nameOf(query.predicted),
    label: query.label === undefined ? undefined : nameOf(query.label),
    correct: isClass && query.label !== undefined ? query.label === query.predicted : undefined,
    ledger: {
      prior: explanation.prior[r],
      pulls,
      terms: explanation.terms.map(({ name, values }) => ({ name, value: values[r] })),
      residual: explanation.residual[r],
      closure: explanation.closure[r],
      output: explanation.output[r],
      words,
    },
    tugOfWar: { pulls, words },
    contributors: contributorsOf(input, r, { query, range, words }),
    residualByStep: {
      residual: residualOfLines(explanation, r),
      piece: explanation.path === "steps" ? "step" : "chord",
      allowed: (tolerance * scale * explanation.chord) / Math.max(1, run.steps),
      rule,
      unit: words.unit,
    },
    cancellation: { gross: gross[r], net: net[r], unit: words.unit, ratio: cancellation(explanation, r) },
    examplesFor80: examplesFor80(explanation, r),
    contributing: contributionsOf(explanation, r).filter((contribution) => contribution !== 0).length,
  };
}

/** The residual of each line along which Jacobians were averaged, of one row. */
function residualOfLines({ residualByStep, lineEnds, steps }: Explanation, r: number): Float64Array {
  return Float64Array.from(lineEnds, (last) => residualByStep[r * steps + last]);
}

function contributorsOf({ dataset, explanation }: ReportInput, r: number, { range, words }: RowContext): Contributors {
  const { proponents, opponents } = strongest(explanation, r, STRONGEST);
  const describe = ({ example, contribution }: { example: number; contribution: number }): Contributor => ({
    id: `train:${example}`,
    label: labelOf(dataset, example),
    contribution,
    picture: pictureOf(takeRows(dataset.train.x, [example]), { range, maxSide: THUMBNAIL_SIDE }),
  });
  return { proponents: proponents.map(describe), opponents: opponents.map(describe), words };
}

/** "labelled 3", "target 0.31", "target (0.1, 0.2, ...)". */
function labelOf(dataset: Dataset, index: number): string {
  const { y } = dataset.train;
  if (y.dtype === "int64") return `labelled ${labelText(dataset, dataset.train, { index, number: formatNumber })}`;
  const targets = Array.from(takeRows(y as Tensor, [index]).data, Number);
  const shown = targets.slice(0, 3).map((target) => formatNumber(target));
  return targets.length === 1 ? `target ${shown[0]}` : `target (${shown.join(", ")}${targets.length > 3 ? ", …" : ""})`;
}

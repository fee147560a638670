// One row of an explanation with everything that is said about it: what the ledger prints and --json holds.

import { labelText, NO_LABEL } from "../data/label-text.ts";
import {
  byLabel,
  cancellation,
  contributionsOf,
  type ExampleContribution,
  examplesFor80,
  type LabelPull,
  strongest,
} from "../explain/summary.ts";
import type { Explanation } from "../explain/types.ts";
import { type ReadoutWords, readoutWords } from "../figures/readout-words.ts";
import { axesOf } from "../graph/outputs.ts";
import { positionIn } from "../readouts/place.ts";
import type { Task } from "../train/task.ts";

/** A contribution with the example's label. */
export interface LabelledContribution extends ExampleContribution {
  readonly label: string;
}

export interface ExplainedRow extends ReadoutWords {
  readonly query: string;
  /** Which position the readout looks at, where outputs have positions; `label` and `predicted` are those of it. */
  readonly position: number | undefined;
  /** The query's own label, where it comes from the data. */
  readonly label: string | undefined;
  /** What the trained model says, for classifiers. */
  readonly predicted: string | undefined;
  /** "margin:7-2"; `quantity` says it in words, `unit` is what all numbers of the row are counted in. */
  readonly readout: string;
  readonly output: number;
  readonly prior: number;
  readonly net: number;
  readonly gross: number;
  readonly terms: readonly { readonly name: string; readonly value: number }[];
  readonly residual: number;
  /** Relative to the call's scale, as the tolerance is. */
  readonly residualRelative: number;
  readonly closure: number;
  readonly closureRelative: number;
  /** gross / |net|. */
  readonly cancellation: number;
  readonly examplesFor80: number;
  readonly pulls: readonly LabelPull[];
  readonly proponents: readonly LabelledContribution[];
  readonly opponents: readonly LabelledContribution[];
}

const targetNumber = (value: number): string => String(Number(value.toPrecision(4)));

/** A label in words: the class's name, those of all positions, or the numbers of a regression target. */
export function labelOf({ dataset }: Pick<Task, "dataset">, part: "train" | "test", index: number): string {
  return labelText(dataset, dataset[part], { index, number: targetNumber });
}

function labelOfQuery({ dataset }: Task, query: string, position: number | undefined): string | undefined {
  const match = /^(train|test):(\d+)$/.exec(query);
  if (match === null) return undefined;
  const [part, index] = [match[1] as "train" | "test", Number(match[2])];
  const text = labelText(dataset, dataset[part], { index, position, number: targetNumber });
  return position !== undefined && text === NO_LABEL ? undefined : text;
}

/** Strongest contributions on either side that are kept. */
export const STRONGEST = 10;

export interface RowOptions {
  /** Which row. */
  readonly r: number;
  /** Class indices that the trained model names for the query, one for each position. */
  readonly predicted?: ArrayLike<number> | undefined;
}

/** One row of an explanation, described. */
export function explainedRow(task: Task, explanation: Explanation, { r, predicted }: RowOptions): ExplainedRow {
  const { classes } = task.dataset;
  const { query, readout } = explanation.rows[r];
  const position = positionIn(readout);
  // Of a whole sequence (the readout `loss`) no one class is predicted.
  const named = predicted?.length === 1 ? predicted[0] : predicted?.[position ?? -1];
  const [output, prior, net, gross] = [
    explanation.output[r],
    explanation.prior[r],
    explanation.net[r],
    explanation.gross[r],
  ];
  const [residual, closure] = [explanation.residual[r], explanation.closure[r]];
  const { proponents, opponents } = strongest(explanation, r, STRONGEST);
  const labelled = (all: readonly ExampleContribution[]): LabelledContribution[] =>
    all.map((one) => ({ ...one, label: labelOf(task, "train", one.example) }));
  return {
    query,
    position,
    label: labelOfQuery(task, query, position),
    predicted: named === undefined ? undefined : (classes[named] ?? String(named)),
    readout,
    ...readoutWords(readout, { classes, loss: task.loss.name, outputs: axesOf(task.outputShape).width }),
    output,
    prior,
    net,
    gross,
    terms: explanation.terms.map(({ name, values }) => ({ name, value: values[r] })),
    residual,
    residualRelative: Math.abs(residual) / explanation.scale,
    closure,
    closureRelative: closure === 0 ? 0 : Math.abs(closure) / Math.max(gross, Math.abs(output), Math.abs(prior)),
    cancellation: cancellation(explanation, r),
    examplesFor80: examplesFor80(explanation, r),
    pulls: byLabel(explanation, r, task.dataset),
    proponents: labelled(proponents),
    opponents: labelled(opponents),
  };
}

/** Every contribution of row r by training index, as `--all` asks. */
export function allContributions(explanation: Explanation, r: number): Float64Array {
  return contributionsOf(explanation, r);
}

// One row of an explanation with everything that is said about it: what the ledger prints and --json holds.

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
import type { Task } from "../train/task.ts";

/** A contribution with the example's label. */
export interface LabelledContribution extends ExampleContribution {
  readonly label: string;
}

export interface ExplainedRow extends ReadoutWords {
  readonly query: string;
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

/** A label in words: the class's name, or the numbers of a regression target. */
export function labelOf({ dataset }: Pick<Task, "dataset">, part: "train" | "test", index: number): string {
  const { y } = dataset[part];
  if (y.data instanceof BigInt64Array) return dataset.classes[Number(y.data[index])] ?? String(y.data[index]);
  const width = y.shape[1] ?? 1;
  return Array.from(y.data.subarray(index * width, (index + 1) * width), (value) => Number(value.toPrecision(4))).join(
    ", ",
  );
}

function labelOfQuery(task: Task, query: string): string | undefined {
  const match = /^(train|test):(\d+)$/.exec(query);
  return match === null ? undefined : labelOf(task, match[1] as "train" | "test", Number(match[2]));
}

/** Strongest contributions on either side that are kept. */
export const STRONGEST = 10;

export interface RowOptions {
  /** Which row. */
  readonly r: number;
  /** Class index that the trained model names for the query. */
  readonly predicted?: number | undefined;
}

/** One row of an explanation, described. */
export function explainedRow(task: Task, explanation: Explanation, { r, predicted }: RowOptions): ExplainedRow {
  const { classes } = task.dataset;
  const { query, readout } = explanation.rows[r];
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
    label: labelOfQuery(task, query),
    predicted: predicted === undefined ? undefined : (classes[predicted] ?? String(predicted)),
    readout,
    ...readoutWords(readout, { classes, loss: task.loss.name, outputs: task.outputs }),
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

// What every explanation begins with: rows of the queries, their graphs, what they say after training and before it.

import { InvalidDataError } from "../errors.ts";
import { defaultReadout, readoutOf } from "../readouts/registry.ts";
import type { Readout } from "../readouts/types.ts";
import { requireBatches } from "../run/recording.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { type ReadoutGraphOptions, type ReadoutGraphs, readoutGraphs } from "./graphs.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { ruleOf } from "./rules.ts";
import { RowEvaluator } from "./segment.ts";
import type { Query } from "./types.ts";

export interface PreparedRows {
  readonly rows: Rows;
  readonly readoutOptions: ReadoutGraphOptions;
  readonly graphs: ReadoutGraphs;
  /** f(x; w_S): (R). */
  readonly output: Float64Array;
  /** f(x; w_0): (R). */
  readonly prior: Float64Array;
  /** What tolerances are relative to. */
  readonly scale: number;
}

export interface PrepareOptions {
  readonly queries: readonly Query[];
  readonly readout: string | undefined;
  readonly rule: string;
  readonly tolerance: number;
}

/** The readout of a call, fitted to the task. */
export function taskReadout(task: Pick<Task, "outputShape" | "loss">, spec: string | undefined): Readout {
  const context = { outputShape: task.outputShape, loss: task.loss };
  return readoutOf(spec ?? defaultReadout(context), context);
}

/** RangeError for queries, a rule, readout or tolerance that does not fit; InvalidDataError for a row whose output overflows. */
export async function prepareRows(task: Task, run: Run, options: PrepareOptions): Promise<PreparedRows> {
  const { queries, rule, tolerance } = options;
  if (queries.length === 0) throw new RangeError("explain: queries must not be empty");
  if (!(tolerance > 0)) throw new RangeError(`explain: tolerance must be positive, got ${tolerance}`);
  ruleOf(rule);
  requireBatches(run, "explain");
  const readout = taskReadout(task, options.readout);
  const last = await run.checkpoint(run.checkpoints[run.checkpoints.length - 1]);
  const first = await run.checkpoint(0);
  const rows = await rowsOf(task, queries, { readout, params: last.params });
  const { head, exampleInputs } = task.split;
  const readoutOptions = { head, exampleInputs, readout, targetType: task.loss.target, layout: task.layout };
  const graphs = readoutGraphs(readoutOptions);
  const all = new RowEvaluator(task, graphs, { count: queries.length, feeds: rows.feeds });
  const [output, prior] = [await all.values(last.params), await all.values(first.params)];
  requireFiniteRows(rows, output, prior);
  return { rows, readoutOptions, graphs, output, prior, scale: scaleOf(output, prior) };
}

/** A row whose output overflows has no sum: InvalidDataError naming it. */
function requireFiniteRows({ labels }: Rows, output: Float64Array, prior: Float64Array): void {
  const bad = output.findIndex((value, r) => !Number.isFinite(value - prior[r]));
  if (bad < 0) return;
  const { query, readout } = labels[bad];
  throw new InvalidDataError(
    `${readout} of ${query} must be finite before and after training, got ${prior[bad]} and ${output[bad]}`,
    {
      hint: "leave this query out; a run that diverged has such outputs",
    },
  );
}

/** max |output - prior| over the rows; 1 where that is next to nothing, so that tolerances are absolute there (design decision 8). */
function scaleOf(output: Float64Array, prior: Float64Array): number {
  let [change, size] = [0, 0];
  output.forEach((value, r) => {
    change = Math.max(change, Math.abs(value - prior[r]));
    size = Math.max(size, Math.abs(value));
  });
  return change < 1e-6 * size || change === 0 ? 1 : change;
}

// Decompositions along training: what each step's model says of some points, training points among them, as a sum over examples.

import type { Run } from "../run/types.ts";
import { beginningOf } from "../train/prefix.ts";
import type { Task } from "../train/task.ts";
import { type ExplainOptions, explain } from "./explain.ts";
import { datasetQueries } from "./queries.ts";
import type { Explanation, Query } from "./types.ts";

export interface ExplainAlongOptions extends Omit<ExplainOptions, "queries" | "keeper" | "shift"> {
  /** Steps t after which the model is explained, ascending. Default: after each step. */
  readonly steps?: readonly number[];
  /** Default: all training examples. */
  readonly queries?: readonly Query[];
}

/**
 * The explanation of f(x; w_t) after each of some steps t, by default of every training example's own output after every step: the proof's y_i at all
 * times (Domingos 2020, Remark 1). Each is a full explanation of the run's first t steps, exact as any; the readout is resolved by each model's own outputs.
 *
 * Cost: the explanations of 1, 2, ..., S steps: S / 2 times that of the run. Errors: RangeError for steps that are not there; what `explain` throws.
 */
export async function explainAlong(
  task: Task,
  run: Run,
  { steps, queries, ...options }: ExplainAlongOptions = {},
): Promise<{ readonly step: number; readonly explanation: Explanation }[]> {
  const total = run.batches.length;
  const wanted = steps ?? Array.from({ length: total }, (_, s) => s + 1);
  const bad = wanted.find(
    (step, k) => !(Number.isInteger(step) && step >= 1 && step <= total) || step <= (wanted[k - 1] ?? 0),
  );
  if (bad !== undefined) throw new RangeError(`explainAlong: steps must ascend within 1..${total}, got ${bad}`);
  const points = queries ?? datasetQueries(task, `train:0-${task.dataset.train.x.shape[0] - 1}`);
  const found: { step: number; explanation: Explanation }[] = [];
  for (const step of wanted) {
    const beginning = await beginningOf(task, run, step);
    found.push({ step, explanation: await explain(task, beginning, { ...options, queries: points }) });
  }
  return found;
}

// The experiment that tells a contribution from an influence: train again without some examples, and put both numbers side by side.

import { pearson } from "../numeric/correlation.ts";
import { sum } from "../numeric/sum.ts";
import type { Run } from "../run/types.ts";
import { type Retrained, type RetrainOptions, retrainWithout } from "../train/retrain.ts";
import type { Task } from "../train/task.ts";
import { type ExplainOptions, explain } from "./explain.ts";
import { readoutGraphs } from "./graphs.ts";
import { taskReadout } from "./prepare.ts";
import { rowsOf } from "./rows.ts";
import { RowEvaluator } from "./segment.ts";
import { contributionsOf } from "./summary.ts";
import type { Explanation } from "./types.ts";

export interface CounterfactualOptions extends ExplainOptions, Pick<RetrainOptions, "without" | "weights"> {}

/**
 * Two answers to two questions, for each of R rows. `contribution`: what these examples' gradients did to the output in this run, everything
 * else being what it was (theory 1.1, eq. 3). `influence`: what the output changes by when the run is trained again without them, and
 * every other example pushes otherwise than it did. Were the others to push as before, influence would be -contribution.
 */
export interface Counterfactual {
  readonly without: readonly number[];
  /** f(x; w_S) after training without them: (R). */
  readonly outputWithout: Float64Array;
  /** outputWithout - output: (R). */
  readonly influence: Float64Array;
  /** Sum of the contributions of these examples: (R). */
  readonly contribution: Float64Array;
  /** Of each of them: (R, number of examples left out). */
  readonly contributions: Float64Array;
  /** Correlation over the rows of influence with -contribution, in [-1, 1]; undefined for fewer than three rows, or without variation. */
  readonly correlation: number | undefined;
  /** How it was trained without them. */
  readonly retrained: Omit<Retrained, "params">;
  /** Of the run as it was: rows, outputs, residual. */
  readonly explanation: Explanation;
}

/** The readouts of an explanation at other parameters: classes stay those that the run's own outputs named. */
async function outputsAt(task: Task, run: Run, params: Retrained["params"], options: ExplainOptions) {
  const { queries } = options;
  const readout = taskReadout(task, options.readout);
  const last = await run.checkpoint(run.batches.length);
  const rows = await rowsOf(task, queries, { readout, params: last.params });
  const { head, exampleInputs } = task.split;
  const targetType = task.loss.target;
  const graphs = readoutGraphs({ head, exampleInputs, readout, targetType, layout: task.layout });
  return new RowEvaluator(task, graphs, { count: queries.length, feeds: rows.feeds }).values(params);
}

/**
 * Trains the run again without some examples and explains it as it was, for the same queries and readouts.
 *
 * Cost: a training from the first step that had one of them, and an explanation. Errors: those of `retrainWithout` and `explain`.
 */
export async function counterfactual(task: Task, run: Run, options: CounterfactualOptions): Promise<Counterfactual> {
  const { without: given, weights, ...explaining } = options;
  const without = [...new Set(given)];
  const { signal, onProgress } = explaining;
  const { params, ...retrained } = await retrainWithout(task, run, { without, weights, signal, onProgress });
  const outputWithout = await outputsAt(task, run, params, explaining);
  const explanation = await explain(task, run, explaining);
  const { output, rows } = explanation;
  const contributions = new Float64Array(rows.length * without.length);
  rows.forEach((_, r) => {
    const all = contributionsOf(explanation, r);
    contributions.set(
      without.map((example) => all[example]),
      r * without.length,
    );
  });
  const contribution = Float64Array.from(rows, (_, r) =>
    sum(contributions.subarray(r * without.length, (r + 1) * without.length)),
  );
  const influence = outputWithout.map((value, r) => value - output[r]);
  const correlation = pearson(
    influence,
    contribution.map((value) => -value),
  );
  return { without, outputWithout, influence, contribution, contributions, correlation, retrained, explanation };
}

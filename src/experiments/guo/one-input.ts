// The network of one input of Guo, He and Morel, section 5.4 (Figs. 7 and 8): thresholds inside the training range, or one outside.

import type { Dataset, Split } from "../../data/types.ts";
import { type RankGap, type RankGapOptions, rankGap } from "../../diagnose/rank-gap.ts";
import type { Engine } from "../../engine/engine.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { reals } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import type { Run } from "../../run/types.ts";
import { predict } from "../../train/accuracy.ts";
import { fullBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { createTask, type Task } from "../../train/task.ts";
import { stateAt } from "../../train/trajectory.ts";

/** The last query; training points end at 1. */
export const QUERIES_END = 2;

/** Points of one grid, so that what is asked of the training range was trained on. */
function splitOf(count: number): Split {
  const x = Float64Array.from({ length: count }, (_, n) => -1 + n / 30);
  return { x: reals([count, 1], x), y: reals([count, 1], x.map(Math.abs)) };
}

export interface OneInputStart {
  /** -b_j of each hidden unit. */
  readonly thresholds: readonly number[];
  /** a_j. */
  readonly slopes: readonly number[];
}

export interface OneInputTraining {
  readonly engine: Engine;
  readonly steps: number;
  readonly checkpointEvery: number;
  readonly signal?: AbortSignal;
}

/**
 * f(x) = sum_j a_j relu(x + b_j): the weights of the inputs are one and stay, there is no bias of the output, a and b are trained on 61
 * points of |x| in [-1, 1] by gradient descent, and queries are 91 points of [-1, 2], those among them.
 */
export async function trainOneInput(
  { thresholds, slopes }: OneInputStart,
  { engine, steps, checkpointEvery, signal }: OneInputTraining,
): Promise<{ readonly task: Task; readonly run: Run }> {
  const units = thresholds.length;
  const model = mlp({ inputShape: [1], outputs: 1, hidden: [units], activation: "relu" });
  const [train, test] = [splitOf(61), splitOf(91)];
  const dataset: Dataset = {
    source: "|x|",
    task: "regression",
    classes: [],
    inputShape: [1],
    train,
    test,
    sha256: "",
  };
  const ones = Array(units).fill(1);
  const params = Float64Array.of(...ones, ...thresholds.map((threshold) => -threshold), ...slopes, 0);
  const task = createTask({
    engine,
    model,
    trainable: ["layers.0.bias", "layers.1.weight"],
    params,
    loss: lossOf("mse"),
    optimizer: createOptimizer("gd", { lr: 0.05 }),
    dataset,
  });
  const batches = [...fullBatches(train.x.shape[0], steps)];
  return { task, run: await trainInMemory(task, { params, batches, checkpointEvery, ...(signal && { signal }) }) };
}

export interface GapStep extends RankGap {
  readonly step: number;
  /** Mean squared error on the queries. */
  readonly testLoss: number;
  /** b of each unit. */
  readonly biases: readonly number[];
}

/** Ranks, loss and biases at some steps. */
export async function gapsAlong(
  { task, run }: { readonly task: Task; readonly run: Run },
  steps: readonly number[],
  options: RankGapOptions = {},
): Promise<GapStep[]> {
  const { train, test } = task.dataset;
  const found: GapStep[] = [];
  for (const step of steps) {
    const { params } = await stateAt(task, run, step);
    const gap = await rankGap(task, params, { train: train.x, queries: test.x }, options);
    const outputs = await predict(task, params, test);
    const errors = outputs.map((value, n) => (value - Number(test.y.data[n])) ** 2);
    found.push({
      ...gap,
      step,
      testLoss: errors.reduce((sum, value) => sum + value, 0) / errors.length,
      // Trained are the biases, then the slopes.
      biases: [...params.subarray(0, params.length / 2)],
    });
  }
  return found;
}

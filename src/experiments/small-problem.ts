// A small regression that several experiments train on: points in the plane, a smooth target, one hidden layer of tanh units.

import type { Dataset } from "../data/types.ts";
import { explain } from "../explain/explain.ts";
import { datasetQueries } from "../explain/queries.ts";
import type { Explanation } from "../explain/types.ts";
import { lossOf } from "../losses/registry.ts";
import { mlp } from "../models/mlp.ts";
import { randomFrom } from "../numeric/random.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { OptimizerOptions } from "../optimizers/options.ts";
import { createOptimizer } from "../optimizers/registry.ts";
import type { Run } from "../run/types.ts";
import { fullBatches } from "../train/batches.ts";
import { trainInMemory } from "../train/memory-training.ts";
import { type SeededTask, seededTask } from "../train/seeded-task.ts";
import type { Task } from "../train/task.ts";
import { largestOf, normals, regression } from "./arrays.ts";
import type { MeasureContext } from "./types.ts";

export interface SmallProblem {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
}

/** sin(2 a) + b^2 / 2 at normal points (a, b), the same for the same seed. */
export function smoothData({ examples, queries }: Pick<SmallProblem, "examples" | "queries">, seed: number): Dataset {
  const random = randomFrom(seed, "data");
  const part = (count: number) => {
    const x = normals(random, [count, 2]);
    const y = Array.from({ length: count }, (_, n) => Math.sin(2 * x.data[2 * n]) + x.data[2 * n + 1] ** 2 / 2);
    return { x, y };
  };
  const train = part(examples);
  return regression(train.x, train.y, part(queries));
}

export interface SmallTraining {
  readonly name?: string;
  readonly options: OptimizerOptions;
}

/** The task with half the mean square, by gradient descent unless another optimizer is named. */
export async function smallTask(
  problem: SmallProblem,
  { seed, engine }: Pick<MeasureContext, "seed" | "engine">,
  { name = "gd", options }: SmallTraining,
): Promise<SeededTask> {
  return seededTask({
    engine: await engine("float64"),
    model: mlp({ inputShape: [2], outputs: 1, hidden: [problem.hidden], activation: "tanh" }),
    loss: lossOf("half-mse"),
    optimizer: createOptimizer(name, options),
    dataset: smoothData(problem, seed),
    seed,
  });
}

/** All examples at every step; every state is kept unless `checkpointEvery` says otherwise. */
export function descend(
  { task, params }: { readonly task: Task; readonly params: RealArray },
  steps: number,
  signal: AbortSignal,
  checkpointEvery = 1,
): Promise<Run> {
  const batches = [...fullBatches(task.dataset.train.x.shape[0], steps)];
  return trainInMemory(task, { params, batches, checkpointEvery, signal });
}

/** All test points by a rule. */
export function explainTest(
  task: Task,
  run: Run,
  { rule, tolerance = 1e-10, signal }: { rule: string; tolerance?: number; signal: AbortSignal },
): Promise<Explanation> {
  const queries = datasetQueries(task, `test:0-${task.dataset.test.x.shape[0] - 1}`);
  return explain(task, run, { queries, rule, tolerance, signal });
}

/** max |residual| over the rows, relative to the largest change of an output. */
export const residualShare = (e: Explanation): number => largestOf(e.residual) / e.scale;

/** max |closure| over the rows, relative to the largest gross sum. */
export const closureShare = (e: Explanation): number => largestOf(e.closure) / Math.max(largestOf(e.gross), 1e-300);

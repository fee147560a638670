// Trains one model at several widths and seeds, and measures how rich each training was and how far from its linearisation it ended.

import type { Dataset } from "../data/types.ts";
import type { Engine } from "../engine/engine.ts";
import { evaluateMachine } from "../kernels/kernel-machine.ts";
import { tangentKernel } from "../kernels/tangent-kernel.ts";
import { linearisedMachine } from "../kernels/tangent-machine.ts";
import type { Loss } from "../losses/types.ts";
import type { Model } from "../models/types.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { createOptimizer } from "../optimizers/registry.ts";
import { predict } from "../train/accuracy.ts";
import { fullBatches } from "../train/batches.ts";
import { hiddenFeatures } from "../train/hidden-features.ts";
import { trainInMemory } from "../train/memory-training.ts";
import { seededTask } from "../train/seeded-task.ts";
import type { Progress } from "../train/train.ts";
import { featureMovement, kernelDrift } from "./richness.ts";

export interface WidthSweepOptions {
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly loss: Loss;
  readonly widths: readonly number[];
  /** The model of a width. */
  readonly model: (width: number) => Model;
  /** eta of a width, for plain gradient descent on all examples. */
  readonly stepSize: (width: number) => number;
  readonly steps: number;
  readonly seeds: readonly number[];
  /** Points at which outputs, features and kernels are compared. Default: the test examples. */
  readonly queries?: Tensor;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** One training. */
export interface WidthMeasure {
  readonly width: number;
  readonly seed: number;
  readonly stepSize: number;
  /** Loss before the last step. */
  readonly loss: number;
  /** Root mean square over queries and outputs of f_T - f_0. */
  readonly moved: number;
  /** The same of f_T - f_lin,T, where f_lin took the same steps. */
  readonly fromLinear: number;
  /** |h_T - h_0| / |h_0| at the queries. */
  readonly featureMovement: number;
  /** |K_T - K_0| / |K_0| between the queries, in blocks. */
  readonly kernelDrift: number;
}

const rootMeanSquare = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let k = 0; k < a.length; k++) total += (a[k] - b[k]) ** 2;
  return Math.sqrt(total / a.length);
};

/**
 * One row for each width and seed. All weights are drawn from the seed; the same seed at another width is another network.
 *
 * Cost: for each, `steps` steps on all examples, a kernel in blocks between the training examples at w_0, two between the queries.
 * Errors: DivergedError where a step size is too large for a width; rejects with the signal's reason when aborted.
 */
export async function widthSweep(options: WidthSweepOptions): Promise<WidthMeasure[]> {
  const { widths, seeds, signal, onProgress } = options;
  const found: WidthMeasure[] = [];
  for (const width of widths) {
    const model = options.model(width);
    for (const seed of seeds) {
      signal?.throwIfAborted();
      found.push(await measureOne(options, { model, width, seed }));
      onProgress?.({ stage: "width sweep", done: found.length, total: widths.length * seeds.length });
    }
  }
  return found;
}

async function measureOne(
  options: WidthSweepOptions,
  { model, width, seed }: { model: Model; width: number; seed: number },
): Promise<WidthMeasure> {
  const { engine, dataset, loss, steps, queries = dataset.test.x } = options;
  const stepSize = options.stepSize(width);
  const optimizer = createOptimizer("gd", { lr: stepSize });
  const { task, params } = seededTask({ engine, model, loss, optimizer, dataset, seed });
  const batches = [...fullBatches(dataset.train.x.shape[0], steps)];
  const run = await trainInMemory(task, { params, batches, checkpointEvery: steps });
  const [start, end] = [(await run.checkpoint(0)).params, (await run.checkpoint(steps)).params];
  const at = async (w: RealArray) => ({
    values: await predict(task, w, { x: queries }),
    features: await hiddenFeatures(task, w, queries),
    kernel: (await tangentKernel(task, w, queries, undefined, { form: "blocks" })).kernel,
  });
  const [before, after] = [await at(start), await at(end)];
  const linear = (await evaluateMachine(await linearisedMachine(task, run), queries)).value.data;
  return {
    width,
    seed,
    stepSize,
    loss: run.scalars[steps - 1].loss,
    moved: rootMeanSquare(after.values, before.values),
    fromLinear: rootMeanSquare(after.values, linear),
    featureMovement: featureMovement(before.features, after.features),
    kernelDrift: kernelDrift(before.kernel, after.kernel),
  };
}

// Classifiers of handwritten digits, as Guo, He and Morel train them for Figs. 5 and 6, and what is asked of them: kernels, accuracies.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset, Split } from "../../data/types.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { createModel } from "../../models/registry.ts";
import type { Matrix } from "../../numeric/linear-algebra/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, sliceRows, type Tensor, takeRows } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import type { Run } from "../../run/types.ts";
import { classesOf, predict } from "../../train/accuracy.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import type { MeasureContext } from "../types.ts";

export const labelsOf = ({ y }: Split): number[] => Array.from(y.data as BigInt64Array, Number);

const rowsOf = ({ x, y }: Split, rows: readonly number[]): Split =>
  ({ x: takeRows(x, rows), y: takeRows(y as Tensor, rows) }) as Split;

/** The first examples of a part. */
export const firstOf = ({ x, y }: Split, count: number): Split =>
  ({ x: sliceRows(x, 0, count), y: sliceRows(y as Tensor, 0, count) }) as Split;

/** The first `count` examples of each of the first `classes` classes, class after class; RangeError where there are not so many. */
export function ofEachClass(split: Split, count: number, classes = 10): Split {
  const labels = labelsOf(split);
  const rows = Array.from({ length: classes }, (_, k) => labels.flatMap((label, at) => (label === k ? [at] : [])));
  const short = rows.findIndex((own) => own.length < count);
  if (short >= 0)
    throw new RangeError(`ofEachClass: there must be ${count} examples of class ${short}, got ${rows[short].length}`);
  return rowsOf(
    split,
    rows.flatMap((own) => own.slice(0, count)),
  );
}

/** A data set of a part of another's training examples, with its test examples. */
export const trainedOn = ({ test, classes, source }: Dataset, train: Split): Dataset =>
  arrayDataset({ train, test, classes, source });

export interface ImageTraining {
  /** As `createModel` reads it. */
  readonly model: string;
  readonly rate: number;
  readonly epochs: number;
  readonly batchSize: number;
}

export interface ImageRun {
  readonly task: Task;
  readonly run: Run;
  readonly steps: number;
}

/** Trains by Adam on cross-entropy in float32; kept are the states before every `checkpointEvery`-th step and the last. */
export async function trainOnImages(
  dataset: Dataset,
  { model, rate, epochs, batchSize }: ImageTraining,
  { seed, engine, signal }: Pick<MeasureContext, "seed" | "engine" | "signal">,
  checkpointEvery: number,
): Promise<ImageRun> {
  const { task, params } = seededTask({
    engine: await engine("float32"),
    model: createModel(model, { inputShape: dataset.inputShape, outputs: dataset.classes.length }),
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("adam", { lr: rate }),
    dataset,
    seed,
  });
  const examples = dataset.train.x.shape[0];
  const batches = [...shuffledBatches({ examples, batchSize, epochs }, randomFrom(seed, "batches"))];
  const run = await trainInMemory(task, { params, batches, seed, checkpointEvery, signal });
  return { task, run, steps: batches.length };
}

/** tr J(x) J(x')^T between images, or among those of the first side. */
export async function kernelOf(
  task: Task,
  params: RealArray,
  [queries, images]: readonly [Tensor, Tensor?],
  { normalize = false, signal }: { readonly normalize?: boolean; readonly signal: AbortSignal },
): Promise<Matrix> {
  const { kernel } = await tangentKernel(task, params, queries, images, { normalize, signal });
  return reals(kernel.shape, kernel.data as RealArray) as Matrix;
}

/** For each example of a part whether the network names its class. */
export async function rightOf(task: Task, params: RealArray, split: Split): Promise<boolean[]> {
  const named = classesOf(await predict(task, params, split), task);
  return labelsOf(split).map((label, at) => named[at] === label);
}

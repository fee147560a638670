// Images of several classes, the convolutional network of Guo, He and Morel, Fig. 2, and its normalised kernel.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Split } from "../../data/types.ts";
import { lossOf } from "../../losses/registry.ts";
import { cnn } from "../../models/cnn.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, takeRows } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";
import type { MeasureContext } from "../types.ts";

/** `count` images of each class, drawn from the seed, in the order of the classes. RangeError where a class has fewer. */
export function imagesOfClasses(
  split: Split,
  { classes, count, seed, part }: { classes: readonly number[]; count: number; seed: number; part: string },
): Split {
  const labels = split.y.data;
  const order = randomFrom(seed, part).permutation(labels.length);
  const rows = classes.flatMap((label) => {
    const own = Array.from(order).filter((row) => Number(labels[row]) === label);
    if (own.length < count) throw new RangeError(`images: class ${label} must have ${count}, got ${own.length}`);
    return own.slice(0, count);
  });
  return { x: takeRows(split.x, rows), y: takeRows(split.y, rows) } as Split;
}

/** Pixels less the mean of the first images', over their standard deviation: of these and of all others. */
export function standardised<Name extends string>(
  by: Split,
  all: Readonly<Record<Name, Split>>,
): Readonly<Record<Name, Split>> {
  const pixels = by.x.data;
  const mean = meanOf(pixels);
  const deviation = Math.sqrt(meanOf(pixels.map((value) => (value - mean) ** 2)));
  const scaled = ({ x, y }: Split): Split => ({
    x: { ...x, data: x.data.map((value) => (value - mean) / deviation) } as Split["x"],
    y,
  });
  return Object.fromEntries(Object.entries<Split>(all).map(([name, split]) => [name, scaled(split)])) as Readonly<
    Record<Name, Split>
  >;
}

export const labelsOf = ({ y }: Split): number[] => Array.from(y.data as ArrayLike<number | bigint>, Number);

export interface ImageTraining {
  /** Widths of the linear layers before the ten outputs. */
  readonly hidden: readonly number[];
  readonly rate: number;
  readonly epochs: number;
}

/** Three stages of 16, 32 and 64 channels, dropout 0.3, cross-entropy, SGD with momentum 0.9, batches of 32. */
export async function trainOnImages(
  { train, inputShape, classes }: { train: Split; inputShape: readonly number[]; classes: readonly string[] },
  { hidden, rate, epochs }: ImageTraining,
  { seed, engine, signal, progress }: MeasureContext,
): Promise<{ readonly task: Task; readonly start: RealArray; readonly end: RealArray }> {
  const { task, params } = seededTask({
    engine: await engine("float32"),
    model: cnn({ inputShape, outputs: classes.length, channels: [16, 32, 64], hidden, dropout: 0.3 }),
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("sgd", { lr: rate, momentum: 0.9 }),
    dataset: arrayDataset({ train, classes, source: "images" }),
    seed,
  });
  const plan = { examples: train.x.shape[0], batchSize: 32, epochs };
  const batches = [...shuffledBatches(plan, randomFrom(seed, "batches"))];
  const run = await trainInMemory(task, {
    params,
    batches,
    checkpointEvery: batches.length,
    seed,
    signal,
    observe: async ({ step }) => progress((0.9 * step) / batches.length),
  });
  return { task, start: params, end: (await run.checkpoint(batches.length)).params };
}

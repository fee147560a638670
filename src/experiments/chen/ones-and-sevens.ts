// The task of Chen et al. 2023: ones and sevens of MNIST, with a part of the labels flipped.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset, Split } from "../../data/types.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { randomFrom } from "../../numeric/random.ts";
import { integers, type RealArray, type RealDType, takeRows } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { type SeededTask, seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import type { MeasureContext } from "../types.ts";

export interface NoisySample {
  readonly examples: number;
  readonly tests: number;
  /** Part of the labels that are flipped, of training and test images alike: both are of one distribution. */
  readonly noise: number;
}

const CLASSES = [1, 7];

function drawn(
  { x, y }: Split,
  count: number,
  { noise, seed, part }: { noise: number; seed: number; part: string },
): Split {
  const rows = Array.from({ length: x.shape[0] }, (_, i) => i).filter((i) => CLASSES.includes(Number(y.data[i])));
  const random = randomFrom(seed, part);
  const order = random.permutation(rows.length);
  const chosen = Array.from({ length: Math.min(count, rows.length) }, (_, k) => rows[order[k]]);
  // Drawn at every level, so that levels of one seed share their images and what is flipped first.
  const labels = chosen.map((i) => {
    const isFlipped = random.uniform() < noise;
    return Number(Number(y.data[i]) === CLASSES[1]) ^ Number(isFlipped);
  });
  return { x: takeRows(x, chosen), y: integers([chosen.length], labels) };
}

/** A sample of images and labels; the same for the same seed and level. */
export function onesAndSevens(mnist: Dataset, { examples, tests, noise }: NoisySample, seed: number): Dataset {
  return arrayDataset({
    train: drawn(mnist.train, examples, { noise, seed, part: "training images" }),
    test: drawn(mnist.test, tests, { noise, seed, part: "test images" }),
    classes: ["one", "seven"],
    source: "mnist: 1 and 7",
  });
}

export interface Training {
  readonly width: number;
  readonly activation: string;
  readonly rate: number;
  readonly dtype: RealDType;
}

/** A perceptron of one output on such a sample, with its start; all examples at every step. */
export async function taskOf(
  dataset: Dataset,
  { width, activation, rate, dtype }: Training,
  { seed, engine }: MeasureContext,
): Promise<SeededTask> {
  return seededTask({
    engine: await engine(dtype),
    model: mlp({ inputShape: dataset.inputShape, outputs: 1, hidden: [width], activation }),
    loss: lossOf("binary-cross-entropy"),
    optimizer: createOptimizer("gd", { lr: rate }),
    dataset,
    seed,
  });
}

/** log(1 + exp(-y f)) of each point. */
export async function lossesOf(task: Task, params: RealArray, split: Split): Promise<number[]> {
  const outputs = await predict(task, params, split);
  return Array.from(outputs, (value, k) => {
    const margin = Number(split.y.data[k]) === 1 ? value : -value;
    return Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
  });
}

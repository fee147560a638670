// A network on n images of odd and even digits, and the errors of regression with its tangent kernels: before, along and after training.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset } from "../../data/types.ts";
import type { Engine } from "../../engine/engine.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { lossOf } from "../../losses/registry.ts";
import { kernelRidge } from "../../machines/kernel-ridge.ts";
import { cnn } from "../../models/cnn.ts";
import { type Random, randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, type Tensor, takeRows } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";

export interface ImageTraining {
  readonly examples: number;
  readonly tests: number;
  readonly channels: readonly number[];
  readonly steps: number;
  /** Shares of the training after which regression with the kernel there is tried. */
  readonly looks: readonly number[];
}

export interface ImageErrors {
  readonly examples: number;
  /** Share of wrong signs on test images. */
  readonly network: number;
  /** The same of regression with the kernel at each look. */
  readonly kernels: readonly number[];
  /** Share of wrong signs of the network on its own examples. */
  readonly training: number;
}

export const BATCH = 32;
export const RATE = 0.003;

/** Odd digits are +1, even ones -1; examples of a smaller n are the first of a larger one. */
function oddAndEven(images: Dataset, { examples, tests }: ImageTraining, seed: number): Dataset {
  const random = randomFrom(seed, "images");
  const part = ({ x, y }: Dataset["train"], count: number, order: ReturnType<Random["permutation"]>) => {
    const rows = order.subarray(0, count);
    const signs = Float64Array.from(rows, (row) => (Number(y.data[row]) % 2 === 1 ? 1 : -1));
    return { x: takeRows(x as Tensor<"float32">, rows), y: reals([count, 1], signs) };
  };
  const [first, second] = [images.train, images.test].map(({ x }) => random.permutation(x.shape[0]));
  return arrayDataset({ train: part(images.train, examples, first), test: part(images.test, tests, second) });
}

const wrong = (outputs: ArrayLike<number>, targets: ArrayLike<number>): number =>
  meanOf(Array.from(outputs, (value, n) => (value > 0 === targets[n] > 0 ? 0 : 1)));

/** Regression with the kernel at w on the network's own examples, from zero, its ridge chosen by leaving one out. */
async function kernelError(task: Task, w: RealArray, signal: AbortSignal): Promise<number> {
  const { train, test } = task.dataset;
  const targets = train.y as Tensor<"float64">;
  const machine = await kernelRidge(task, w, train.x, targets, {
    prior: "zero",
    form: "trace",
    ridge: "leave-one-out",
    signal,
  });
  return wrong((await evaluateMachine(machine, test.x)).value.data as RealArray, test.y.data as Float64Array);
}

export async function imageErrors(
  images: Dataset,
  size: ImageTraining,
  { seed, engine, signal }: { readonly seed: number; readonly engine: Engine; readonly signal: AbortSignal },
): Promise<ImageErrors> {
  const { examples, channels, steps, looks } = size;
  const dataset = oddAndEven(images, size, seed);
  const { task, params } = seededTask({
    engine,
    model: cnn({ inputShape: dataset.inputShape, outputs: 1, channels, hidden: 0 }),
    loss: lossOf("mse"),
    optimizer: createOptimizer("adam", { lr: RATE }),
    dataset,
    seed,
  });
  const batches = [...shuffledBatches({ examples, batchSize: BATCH, steps }, randomFrom(seed, "batches"))];
  const places = looks.map((share) => Math.round(share * steps));
  const states = new Map<number, RealArray>();
  const keep = (step: number, w: RealArray): void => {
    if (places.includes(step) || step === steps) states.set(step, w.slice() as RealArray);
  };
  await trainInMemory(task, {
    params,
    batches,
    checkpointEvery: steps,
    signal,
    observe: async ({ step, before, after }) => {
      if (step === 0) keep(0, before);
      keep(step + 1, after.params);
    },
  });
  const last = states.get(steps) as RealArray;
  const kernels: number[] = [];
  for (const place of places) kernels.push(await kernelError(task, states.get(place) as RealArray, signal));
  return {
    examples,
    network: wrong(await predict(task, last, dataset.test), dataset.test.y.data as Float64Array),
    kernels,
    training: wrong(await predict(task, last, dataset.train), dataset.train.y.data as Float64Array),
  };
}

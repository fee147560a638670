// Two classes of MNIST learned at one rate until a given loss on the training images, for experiments on the kernel after training.

import type { Split } from "../../data/types.ts";
import type { Engine } from "../../engine/engine.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { tangentMachineKernel } from "../../kernels/machine-kernel.ts";
import { supportVectorClassifier } from "../../machines/support-vector-classifier.ts";
import type { Model } from "../../models/types.ts";
import type { RealArray } from "../../numeric/tensor.ts";
import { predict } from "../../train/accuracy.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";
import { accuracyFrom, labelsOf, trainOnImages } from "../image-training.ts";

export interface RateTraining {
  readonly engine: Engine;
  readonly model: Model;
  readonly train: Split;
  readonly test: Split;
  readonly rate: number;
  /** Mean logistic loss on the training images at which training ends. */
  readonly loss: number;
  /** Training goes on for at most so much: epochs times the rate. */
  readonly most: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface ToLoss {
  readonly task: Task;
  readonly start: RealArray;
  readonly params: RealArray;
  readonly epochs: number;
  readonly loss: number;
}

const BATCH = 32;
/** States of one training among which the end is looked for. */
const LOOKS = 80;

/** Mean of ln(1 + e^-yz) over examples of labels 0 and 1. */
export function logisticLoss(outputs: ArrayLike<number>, labels: readonly number[]): number {
  return meanOf(
    labels.map((label, n) => {
      const margin = (2 * label - 1) * outputs[n];
      return Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)));
    }),
  );
}

/** Trains until the first look at which the loss is reached, or to the last one. */
export async function trainToLoss(training: RateTraining): Promise<ToLoss> {
  const { train, rate, most } = training;
  const [examples] = train.x.shape;
  const epochs = Math.ceil(most / rate);
  const steps = epochs * Math.ceil(examples / BATCH);
  const every = Math.max(1, Math.floor(steps / LOOKS));
  const looks = Array.from({ length: Math.floor(steps / every) + 1 }, (_, k) => (k * every * epochs) / steps);
  const { task, at } = await trainOnImages({
    ...training,
    loss: "binary-cross-entropy",
    batchSize: BATCH,
    epochs,
    looks,
  });
  const labels = labelsOf(train);
  const lossAt = async (w: RealArray): Promise<number> => logisticLoss(await predict(task, w, train), labels);
  const start = await at(0);
  for (const look of looks) {
    const params = await at(look);
    const loss = await lossAt(params);
    if (loss <= training.loss || look === looks[looks.length - 1]) return { task, start, params, epochs: look, loss };
  }
  throw new Error("internal: training must have a look");
}

/** Large enough for no training example to be within the margin, where the kernel's mean diagonal is one. */
export const HARD = 1e4;

/** Test error of a hard-margin support vector machine over the tangent kernel. */
export async function hardMarginError(
  task: Task,
  params: RealArray,
  { train, test, signal }: Pick<RateTraining, "train" | "test" | "signal">,
): Promise<number> {
  const kernel = tangentMachineKernel(task, params, train.x);
  const matrix = await kernel.matrix({ signal });
  const [n] = matrix.shape;
  let diagonal = 0;
  for (let i = 0; i < n; i++) diagonal += matrix.data[i * (n + 1)] / n;
  const machine = await supportVectorClassifier({ ...kernel, matrix: async () => matrix }, train.y, {
    cost: HARD / diagonal,
    signal,
  });
  return 1 - accuracyFrom((await evaluateMachine(machine, test.x)).value.data, labelsOf(test));
}

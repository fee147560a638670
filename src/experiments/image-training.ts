// Networks that several experiments train on images: some rows of a data set drawn from a seed, SGD in batches, looks at given epochs.

import { arrayDataset } from "../data/array-dataset.ts";
import type { Split } from "../data/types.ts";
import type { Engine } from "../engine/engine.ts";
import { lossOf } from "../losses/registry.ts";
import type { Model } from "../models/types.ts";
import { randomFrom } from "../numeric/random.ts";
import { integers, type RealArray, reals, type Tensor, takeRows, toReal } from "../numeric/tensor.ts";
import { createOptimizer } from "../optimizers/registry.ts";
import type { Run } from "../run/types.ts";
import { shuffledBatches } from "../train/batches.ts";
import { trainInMemory } from "../train/memory-training.ts";
import { type SeededTask, seededTask } from "../train/seeded-task.ts";

/** Labels of a split as numbers. */
export const labelsOf = ({ y }: Pick<Split, "y">): number[] => Array.from(y.data, Number);

/** Rows of a split that are of some classes, drawn from a seed; labels are the classes' places in the list. Fewer where there are no more. */
export function drawnImages(
  { x, y }: Split,
  { count, classes, seed, part }: { count: number; classes: readonly number[]; seed: number; part: string },
): Split {
  const labels = Array.from(y.data, Number);
  const own = [...labels.keys()].filter((n) => classes.includes(labels[n]));
  const order = randomFrom(seed, part).permutation(own.length);
  const rows = Array.from(order.subarray(0, count), (k) => own[k]);
  const places = rows.map((n) => classes.indexOf(labels[n]));
  return { x: toReal(takeRows(x, rows), "float32"), y: integers([rows.length], places) };
}

/** One-hot labels less the mean of the classes, (n, C); for two classes and one output, -1 and 1. */
export function codedLabels(labels: readonly number[], outputs: number): Tensor<"float64"> {
  if (outputs === 1)
    return reals(
      [labels.length, 1],
      labels.map((label) => 2 * label - 1),
    );
  const data = new Float64Array(labels.length * outputs).fill(-1 / outputs);
  labels.forEach((label, n) => {
    data[n * outputs + label] += 1;
  });
  return reals([labels.length, outputs], data);
}

/** Which class outputs (n, C) say: the largest, or the sign of one. */
export function decidedClasses(outputs: ArrayLike<number>, count: number): number[] {
  const width = outputs.length / Math.max(1, count);
  return Array.from({ length: count }, (_, n) => {
    if (width === 1) return Number(outputs[n] > 0);
    let best = 0;
    for (let c = 1; c < width; c++) if (outputs[n * width + c] > outputs[n * width + best]) best = c;
    return best;
  });
}

/** Share of decisions that are the labels. */
export const accuracyFrom = (outputs: ArrayLike<number>, labels: readonly number[]): number =>
  decidedClasses(outputs, labels.length).filter((decided, n) => decided === labels[n]).length / labels.length;

export interface ImageTraining {
  readonly engine: Engine;
  readonly model: Model;
  /** `cross-entropy`, or `binary-cross-entropy` for one output. */
  readonly loss: string;
  readonly train: Split;
  readonly test: Split;
  readonly rate: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** Epochs after which states are wanted, among them parts of one. */
  readonly looks: readonly number[];
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface TrainedImages extends SeededTask {
  readonly run: Run;
  /** How many steps so many epochs are, to the nearest whole one. */
  readonly step: (epochs: number) => number;
  /** The parameters after so many epochs. */
  readonly at: (epochs: number) => Promise<RealArray>;
}

/** By SGD, from a start and in batches that the seed draws. */
export async function trainOnImages(training: ImageTraining): Promise<TrainedImages> {
  const { engine, model, loss, train, test, rate, batchSize, epochs, looks, seed, signal } = training;
  const { task, params } = seededTask({
    engine,
    model,
    loss: lossOf(loss),
    optimizer: createOptimizer("sgd", { lr: rate }),
    dataset: arrayDataset({ train, test, source: "images" }),
    seed,
  });
  const examples = train.x.shape[0];
  const epoch = Math.ceil(examples / batchSize);
  const step = (place: number): number => Math.round(place * epoch);
  const batches = [...shuffledBatches({ examples, batchSize, epochs }, randomFrom(seed, "batches"))];
  const wanted = new Set(looks.map(step));
  const states = new Map<number, RealArray>();
  const run = await trainInMemory(task, {
    params,
    batches,
    checkpointEvery: epoch,
    signal,
    observe: async (own) => {
      if (own.step === 0 && wanted.has(0)) states.set(0, own.before.slice() as RealArray);
      if (wanted.has(own.step + 1)) states.set(own.step + 1, own.after.params.slice() as RealArray);
    },
  });
  const at = async (place: number): Promise<RealArray> => {
    const params = states.get(step(place));
    if (params === undefined) throw new RangeError(`trainOnImages: looks must hold ${place}`);
    return params;
  };
  return { task, params, run, step, at };
}

// What Guo, He and Morel's Figs. 5 and 6 share: one network trained on handwritten digits, and kernels of other characters with them.

import type { Dataset, Split } from "../../data/types.ts";
import type { Matrix } from "../../numeric/linear-algebra/types.ts";
import type { MeasureContext, Parameter } from "../types.ts";
import { type ImageRun, ofEachClass, trainedOn, trainOnImages } from "./digit-classifiers.ts";

export interface MnistSize {
  /** As `createModel` reads it. */
  readonly model: string;
  /** Training images of each class. */
  readonly perClass: number;
  readonly epochs: number;
  /** Training images of each class that kernels are taken with. */
  readonly seen: number;
  /** Test images of MNIST. */
  readonly tested: number;
}

const RATE = 0.001;
const BATCH = 50;

/** Enough for so many of each class, since classes of MNIST come in no order: the rarest is 9 % of the first thousands. */
const enough = (perClass: number): number => Math.min(60_000, Math.ceil(perClass * 13 + 300));

export interface MnistTraining extends ImageRun {
  /** Training images that kernels are taken with, class after class. */
  readonly seen: Split;
  readonly dataset: Dataset;
}

/** Steps of a quarter of an epoch; sizes are such that four of them are an epoch. */
export const quarterOf = ({ perClass }: Pick<MnistSize, "perClass">): number => (10 * perClass) / BATCH / 4;

/** The network trained on as many images of each class; kept are the states of every quarter of an epoch. */
export async function trainOnMnist(size: MnistSize, context: MeasureContext): Promise<MnistTraining> {
  const { model, perClass, epochs, seen } = size;
  const whole = await context.data("mnist", { limit: enough(perClass) });
  const dataset = trainedOn(whole, ofEachClass(whole.train, perClass));
  const training = { model, rate: RATE, epochs, batchSize: BATCH };
  const trained = await trainOnImages(dataset, training, context, quarterOf(size));
  return { ...trained, dataset, seen: ofEachClass(dataset.train, seen) };
}

export const mnistParameters = ({ model, perClass, epochs, seen, tested }: MnistSize): Parameter[] => [
  {
    name: "network",
    value: `${model}: three stages of 3 x 3 convolution, ReLU and 2 x 2 pooling, one hidden layer`,
    from: "default",
  },
  { name: "optimizer", value: "Adam, cross-entropy", from: "source" },
  { name: "rate, epochs, batches", value: `${RATE}, ${epochs}, ${BATCH}`, from: "default" },
  { name: "training images a class", value: `${perClass} of MNIST`, from: perClass === 600 ? "source" : "default" },
  { name: "training images a class in the kernel", value: `${seen}`, from: seen === 10 ? "source" : "default" },
  { name: "test images of MNIST", value: `${tested}`, from: "default" },
];

export const cutWords =
  "Kernel size, channel widths, width of the hidden layer, dropout and learning rate are missing from the source's text: 3 x 3, 32/64/128, 256, 0.5 and 0.001 would be likely. Channels and hidden layer are a quarter of that, for the time that an experiment may take.";

/** Means of a kernel over blocks of images: rows (queries, `groups[0]` by label) against columns. */
export function blockMeans(
  { data, shape: [rows, columns] }: Matrix,
  [rowLabels, columnLabels]: readonly [readonly number[], readonly number[]],
  [rowClasses, columnClasses]: readonly [number, number],
): number[][] {
  const sums = Array.from({ length: rowClasses }, () => new Array<number>(columnClasses).fill(0));
  const counts = sums.map((row) => row.slice());
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      sums[rowLabels[r]][columnLabels[c]] += data[r * columns + c];
      counts[rowLabels[r]][columnLabels[c]]++;
    }
  return sums.map((row, k) => row.map((sum, l) => sum / counts[k][l]));
}

/** Mean of each row over the columns of each class: (rows, classes). */
export const rowMeans = (kernel: Matrix, columnLabels: readonly number[], classes = 10): number[][] =>
  blockMeans(kernel, [Array.from({ length: kernel.shape[0] }, (_, r) => r), columnLabels], [kernel.shape[0], classes]);

// A data set of arrays that the caller has in memory.

import { sizeOf, type Tensor } from "../numeric/tensor.ts";
import type { Dataset, Split } from "./types.ts";

export interface ArrayDatasetOptions {
  /** Examples (n, ...) and their targets: int64 class indices (n), or numbers (n, ...outputs). */
  readonly train: Split;
  /** Default: no examples. */
  readonly test?: Split;
  /** Names of the classes. Default: the indices up to the largest of the training labels. */
  readonly classes?: readonly string[];
  /** What messages and records call it. Default `arrays`. */
  readonly source?: string;
}

const none = ({ dtype, shape, data }: Tensor): Tensor =>
  ({ dtype, shape: [0, ...shape.slice(1)], data: data.subarray(0, 0) }) as Tensor;

/** Wraps arrays as a data set; class labels make a classification, numbers a regression. No hash is taken. RangeError where sizes do not fit. */
export function arrayDataset({ train, test, classes, source = "arrays" }: ArrayDatasetOptions): Dataset {
  for (const { x, y } of test ? [train, test] : [train]) {
    if (x.shape[0] !== y.shape[0])
      throw new RangeError(`arrayDataset: every example must have a target, got ${x.shape[0]} and ${y.shape[0]}`);
    if (x.data.length !== sizeOf(x.shape) || y.data.length !== sizeOf(y.shape))
      throw new RangeError(`arrayDataset: data must fit shapes [${x.shape}] and [${y.shape}]`);
  }
  const isLabels = train.y.dtype === "int64";
  const highest = isLabels ? Math.max(-1, ...Array.from(train.y.data as BigInt64Array, Number)) : -1;
  return {
    source,
    task: isLabels ? "classification" : "regression",
    classes: classes ?? Array.from({ length: highest + 1 }, (_, k) => `${k}`),
    inputShape: train.x.shape.slice(1),
    train,
    test: test ?? ({ x: none(train.x), y: none(train.y) } as Split),
    sha256: "",
  };
}

// Arrays that experiments are made of: drawn points, points on a line, sums over seeds.

import { arrayDataset } from "../data/array-dataset.ts";
import type { Dataset } from "../data/types.ts";
import type { Random } from "../numeric/random.ts";
import { reals, sizeOf, type Tensor } from "../numeric/tensor.ts";

/** Standard normal numbers, times `scale`. */
export function normals(random: Random, shape: readonly number[], scale = 1): Tensor<"float64"> {
  return reals(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
  );
}

/** Numbers as points in R^1: (n, 1). */
export const column = (values: ArrayLike<number>): Tensor<"float64"> => reals([values.length, 1], values);

/** `count` numbers from `from` to `to`, both included. */
export const spaced = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, k) => from + ((to - from) * k) / (count - 1));

export const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((total, value) => total + value, 0) / values.length;

/** max |a|. */
export const largestOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** A regression on points (n, ...) with one target each, and test points with theirs where there are any. */
export function regression(
  x: Tensor<"float64">,
  y: ArrayLike<number>,
  test?: { readonly x: Tensor<"float64">; readonly y: ArrayLike<number> },
): Dataset {
  const split = (points: Tensor<"float64">, targets: ArrayLike<number>) => ({ x: points, y: column(targets) });
  return arrayDataset({ train: split(x, y), ...(test && { test: split(test.x, test.y) }) });
}

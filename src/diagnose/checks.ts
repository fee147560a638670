// What measures of kernels ask of their arguments: square, symmetric, finite kernels of at least one example, and a label for each.

import { InvalidDataError } from "../errors.ts";
import { requireSymmetric } from "../numeric/linear-algebra/checks.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { findNonFinite } from "../numeric/tensor.ts";

/** Relative spacing of the numbers that a kernel was computed in. */
export const EPSILON = { float32: 2 ** -23, float64: 2 ** -52 } as const;

/** N of a kernel (N, N). RangeError for other shapes and for none; InvalidDataError where it is not finite or not symmetric. */
export function requireKernel(where: string, kernel: Matrix): number {
  const n = requireSymmetric(where, kernel);
  if (n === 0) throw new RangeError(`${where}: kernel must be of an example or more, got [${kernel.shape}]`);
  return n;
}

/** RangeError unless there is a whole number >= 0 for each of n examples. */
export function requireLabels(where: string, labels: ArrayLike<number>, n: number): void {
  if (labels.length !== n) throw new RangeError(`${where}: labels must hold ${n} numbers, got ${labels.length}`);
  for (let i = 0; i < n; i++)
    if (!(Number.isSafeInteger(labels[i]) && labels[i] >= 0))
      throw new RangeError(`${where}: labels must be whole numbers >= 0, got ${labels[i]} for example ${i}`);
}

/** n of a matrix (n, n) that need not be symmetric. RangeError for other shapes and for none; InvalidDataError where it is not finite. */
export function requireSquare(where: string, matrix: Matrix): number {
  const [n, m] = matrix.shape;
  if (matrix.shape.length !== 2 || n !== m || n === 0)
    throw new RangeError(`${where}: kernel must be square, of an example or more, got [${matrix.shape}]`);
  const bad = findNonFinite(matrix);
  if (bad >= 0) throw new InvalidDataError(`${where}: kernel must be finite, got ${matrix.data[bad]}`);
  return n;
}

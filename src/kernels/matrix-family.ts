// Any part of a kernel's matrix that is in memory, as the kernel between points that are numbers of its rows.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { reals, type Tensor } from "../numeric/tensor.ts";
import type { KernelFamily } from "./feature-kernel.ts";

/** All rows of a matrix (N, N) as points: 0, 1, ..., N - 1 as (N, 1). */
export const rowPoints = ({ shape: [n] }: Matrix): Tensor<"float64"> =>
  reals(
    [n, 1],
    Array.from({ length: n }, (_, i) => i),
  );

/** The kernel K(r, s) = matrix[r, s] over points that are numbers of rows, (N, 1): for approximations of a matrix that is there. */
export function matrixFamily({ data, shape: [n] }: Matrix): KernelFamily {
  const rowsOf = ({ data: numbers }: Tensor): number[] =>
    Array.from(numbers as ArrayLike<number>, (row) => {
      if (Number.isInteger(row) && row >= 0 && row < n) return row;
      throw new RangeError(`matrixFamily: points must be rows from 0 to ${n - 1}, got ${row}`);
    });
  const part = (rows: readonly number[], columns: readonly number[]): Matrix => {
    const to = new Float64Array(rows.length * columns.length);
    for (const [i, row] of rows.entries())
      for (const [j, column] of columns.entries()) to[i * columns.length + j] = data[row * n + column];
    return { dtype: "float64", shape: [rows.length, columns.length], data: to };
  };
  return (points) => {
    const own = rowsOf(points);
    return {
      name: "matrix",
      points,
      matrix: async () => part(own, own),
      between: async (queries) => part(rowsOf(queries), own),
      diagonal: async (queries) => Float64Array.from(rowsOf(queries), (row) => data[row * n + row]),
    };
  };
}

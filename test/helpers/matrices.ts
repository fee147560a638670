// Matrices for tests of linear algebra: random ones by their spectrum, products the slow way, closed forms.

import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { reals } from "../../src/numeric/tensor.ts";

/** (m, n) of f(row, column). */
export function matrixOf(m: number, n: number, f: (i: number, j: number) => number): Matrix {
  return reals(
    [m, n],
    Float64Array.from({ length: m * n }, (_, at) => f(Math.floor(at / n), at % n)),
  );
}

export const identity = (n: number): Matrix => matrixOf(n, n, (i, j) => (i === j ? 1 : 0));
export const transpose = ({ shape: [m, n], data }: Matrix): Matrix => matrixOf(n, m, (i, j) => data[j * n + i]);
export const diagonal = (values: ArrayLike<number>): Matrix =>
  matrixOf(values.length, values.length, (i, j) => (i === j ? values[i] : 0));

/** The product of matrices; a vector (n) counts as a column. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const [[m, n], k] = [a.shape, b.shape[1] ?? 1];
  return matrixOf(m, k, (i, j) => {
    let total = 0;
    for (let q = 0; q < n; q++) total += a.data[i * n + q] * b.data[q * k + j];
    return total;
  });
}

/** Standard normal entries. */
export function normalMatrix(m: number, n: number, seed = 1): Matrix {
  const random = randomFrom(seed, "matrix");
  return matrixOf(m, n, () => random.normal());
}

/** Orthonormal rows (n, n): those of a random matrix, one after the other made orthogonal, twice. */
export function randomBasis(n: number, seed = 1): Matrix {
  const { data } = normalMatrix(n, n, seed);
  const rows = Array.from({ length: n }, (_, i) => data.slice(i * n, (i + 1) * n));
  rows.forEach((row, i) => {
    for (const before of [...rows.slice(0, i), ...rows.slice(0, i)]) {
      const part = before.reduce((total, value, k) => total + value * row[k], 0);
      for (let k = 0; k < n; k++) row[k] -= part * before[k];
    }
    const length = Math.hypot(...row);
    for (let k = 0; k < n; k++) row[k] /= length;
  });
  return matrixOf(n, n, (i, j) => rows[i][j]);
}

/** The symmetric matrix with these eigenvalues and random eigenvectors. */
export function symmetricWith(values: readonly number[], seed = 1): Matrix {
  const rows = randomBasis(values.length, seed);
  const made = multiply(transpose(rows), multiply(diagonal(values), rows));
  const n = values.length;
  return matrixOf(n, n, (i, j) => (made.data[i * n + j] + made.data[j * n + i]) / 2);
}

/** 2 on the diagonal, -1 beside it: eigenvalues 2 - 2 cos(pi k / (n + 1)), k = 1 .. n. */
export const secondDifferences = (n: number): Matrix =>
  matrixOf(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));

/** min(i, j) + 1, whose Cholesky factor is all ones, with eigenvalues 1 / (2 - 2 cos(pi (2k - 1) / (2n + 1))). */
export const minima = (n: number): Matrix => matrixOf(n, n, (i, j) => Math.min(i, j) + 1);

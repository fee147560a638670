// The span of features that are known by their inner products alone: how much of another feature lies in it.

import { transposed } from "../numeric/linear-algebra/triangles.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";

/** Inner products of some features with those of the span (Q, N) -> of each, the square of the part that lies in the span (Q). */
type Captured = (kQueryTrain: Matrix) => Float64Array;

export interface ProjectionSpan {
  /** Singular values of the features: roots of the Gram matrix's eigenvalues, 0 where rounding left one negative; descending. */
  readonly values: Float64Array;
  readonly rank: number;
  readonly captured: Captured;
}

/** Inner product of two rows; four sums, so that additions do not wait for each other. */
function product(a: Float64Array, b: Float64Array, [at, from, size]: readonly number[]): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < size; i += 4) {
    s0 += a[at + i] * b[from + i];
    s1 += a[at + i + 1] * b[from + i + 1];
    s2 += a[at + i + 2] * b[from + i + 2];
    s3 += a[at + i + 3] * b[from + i + 3];
  }
  for (; i < size; i++) s0 += a[at + i] * b[from + i];
  return s0 + s1 + s2 + s3;
}

/**
 * Projection on the features by the eigenvectors of their Gram matrix: |P g|^2 = sum over sigma_k > tolerance of (u_k . k)^2 / sigma_k^2, k the inner
 * products of g with the features.
 *
 * The matrix's array is the routine's own afterwards. Cost: one eigendecomposition; Q N^2 for Q features.
 */
export function projectionSpan(
  gram: Matrix,
  tolerance: (largest: number) => number,
  algebra: LinearAlgebra,
): ProjectionSpan {
  const [n] = gram.shape;
  const { values: squares, vectors } = algebra.eigenpairs(gram, { overwrite: true });
  const values = squares.map((value) => Math.sqrt(Math.max(0, value)));
  const least = tolerance(values[0] ?? 0);
  const rank = values.filter((value) => value > least).length;
  return {
    values,
    rank,
    captured: ({ data, shape: [count] }) =>
      Float64Array.from({ length: count }, (_, q) => {
        let total = 0;
        for (let k = 0; k < rank; k++) total += (product(vectors.data, data, [k * n, q * n, n]) / values[k]) ** 2;
        return total;
      }),
  };
}

export interface RidgeSpan {
  /** What was added to the diagonal: the ridge, and the jitter without which there was no decomposition. */
  readonly ridge: number;
  readonly captured: Captured;
}

/**
 * The same with every direction counted by sigma^2 / (sigma^2 + ridge): k^T (K + ridge I)^-1 k. What is left of |g|^2 is the posterior
 * variance of a Gaussian process with kernel K and noise `ridge`.
 *
 * The matrix's array is the routine's own afterwards. Cost: one Cholesky decomposition, a fraction of the eigenvectors; Q N^2 for Q features.
 */
export function ridgeSpan(gram: Matrix, ridge: number, algebra: LinearAlgebra): RidgeSpan {
  const [n] = gram.shape;
  for (let i = 0; i < n; i++) gram.data[i * n + i] += ridge;
  const decomposed = algebra.cholesky(gram, { overwrite: true, maxJitter: 1e-4 });
  return {
    ridge: ridge + decomposed.jitter,
    captured: (kQueryTrain) => {
      const [count] = kQueryTrain.shape;
      const right = transposed(kQueryTrain.data, count, n);
      const solved = decomposed.solve({ dtype: "float64", shape: [n, count], data: right }, { overwrite: true });
      const back = transposed(solved.data, n, count);
      return Float64Array.from({ length: count }, (_, q) => product(kQueryTrain.data, back, [q * n, q * n, n]));
    },
  };
}

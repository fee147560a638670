// Dense linear algebra: one interface of what is asked for, and the few routines that a member supplies.

import type { Tensor } from "../tensor.ts";

/** A dense matrix (rows, columns), row-major. */
export type Matrix = Tensor<"float64">;

/** Of a library of the system through `koffi`, or JavaScript that runs anywhere. */
export const algebraNames = ["lapack", "javascript"] as const;
export type AlgebraName = (typeof algebraNames)[number];

export interface Overwrite {
  /** Work in the array that was given, whose numbers are lost, and not in a copy of it. Default false. */
  readonly overwrite?: boolean;
}

export interface Eigenpairs {
  /** Descending (k). */
  readonly values: Float64Array;
  /** One unit vector a row (k, n); the sign is arbitrary, and so is the basis where values are equal. */
  readonly vectors: Matrix;
}

export interface CholeskyOptions extends Overwrite {
  /**
   * The most that may be added to the diagonal, as a part of its mean magnitude. Tried: nothing, then 1e-14 and a hundred times as much
   * again and again. Default 1e-8; 0 refuses what is not positive definite as it is.
   */
  readonly maxJitter?: number;
}

export interface Cholesky {
  /** (n, n): L with L L^T = A + jitter I on and below the diagonal; above it, what A holds there. */
  readonly lower: Matrix;
  /** What was added to the diagonal for the decomposition to exist, in A's units; 0 where nothing was needed. */
  readonly jitter: number;
  /** Decompositions that were begun; 1 where nothing was needed. */
  readonly attempts: number;
  /** (A + jitter I)^-1 b for b (n) or (n, k). */
  solve(b: Matrix, options?: Overwrite): Matrix;
  /** A x for x (n) or (n, k), without the jitter: for residuals. */
  product(x: Matrix): Matrix;
}

export interface Svd {
  /** (m, r), r = min(m, n): orthonormal columns. */
  readonly u: Matrix;
  /** Descending, none negative (r). */
  readonly values: Float64Array;
  /** (r, n): orthonormal rows. */
  readonly vt: Matrix;
}

export interface LeastSquares {
  /** (n) or (n, k): of all minimisers of |A x - b| the shortest. */
  readonly x: Matrix;
  /** Singular values above the tolerance. */
  readonly rank: number;
  /** Singular values of A, descending. */
  readonly values: Float64Array;
}

/**
 * Dense linear algebra in float64. Matrices are (rows, columns), right sides (n) or (n, k); empty ones are allowed.
 *
 * Nothing is changed that was given unless `overwrite` says so. With it, symmetric decompositions and solves hold nothing as large as the
 * matrix beside the caller's array and the result.
 *
 * Errors: RangeError for shapes that do not fit; InvalidDataError for NaN, infinities and matrices that are not symmetric and must be (to
 * 1e-5 of their largest entry, which kernels in float32 are; what is on and below the diagonal is then used); NumericalError for what has no answer.
 */
export interface LinearAlgebra {
  readonly name: AlgebraName;
  /** Which library computes, for reports. */
  readonly library: string;
  /** All eigenvalues of a symmetric matrix (n, n), descending. O(n^3): 4/3 n^3 multiplications and additions in all. */
  eigenvalues(a: Matrix, options?: Overwrite): Float64Array;
  /** The `largest` (default: all) eigenvalues of a symmetric matrix (n, n) and their vectors. */
  eigenpairs(a: Matrix, options?: Overwrite & { readonly largest?: number }): Eigenpairs;
  /** A + jitter I = L L^T for a symmetric matrix (n, n), with the smallest jitter of the ladder with which it exists. n^3 / 3. */
  cholesky(a: Matrix, options?: CholeskyOptions): Cholesky;
  /** A = U diag(values) V^T for a matrix (m, n). */
  svd(a: Matrix, options?: Overwrite): Svd;
  /**
   * The shortest x that minimises |A x - b|, by the singular values: those below `tolerance` (default: max(m, n) 2^-52) of the largest
   * count as zero.
   */
  leastSquares(a: Matrix, b: Matrix, options?: Overwrite & { readonly tolerance?: number }): LeastSquares;
  /** A^-1 b for any matrix (n, n), by elimination with row exchanges; NumericalError where A is singular to rounding. */
  solve(a: Matrix, b: Matrix, options?: Overwrite): Matrix;
}

/** What a member of the family supplies: unchecked, in place, on finite numbers, n >= 1. Symmetric matrices are their lower triangles. */
export interface Routines {
  readonly name: AlgebraName;
  readonly library: string;
  /** Ascending; a is lost. */
  eigenvalues(a: Float64Array, n: number): Float64Array;
  /** The k largest, ascending, vectors as rows; a is lost, and may be the array of the result. */
  eigenpairs(a: Float64Array, n: number, k: number): { readonly values: Float64Array; readonly vectors: Float64Array };
  /** The lower triangle becomes L, what is above it stays. The order of the first leading minor that is not positive, or 0. */
  factor(a: Float64Array, n: number): number;
  /** b (n, k) becomes (L L^T)^-1 b. */
  substitute(lower: Float64Array, n: number, b: Float64Array, k: number): void;
  /** a (m, n) is lost. */
  svd(
    a: Float64Array,
    m: number,
    n: number,
  ): { readonly u: Float64Array; readonly values: Float64Array; readonly vt: Float64Array };
  /** b (n, k) becomes A^-1 b, a is lost. The pivots, whose magnitudes say whether there is such a thing. */
  eliminate(a: Float64Array, n: number, b: Float64Array, k: number): Float64Array;
}

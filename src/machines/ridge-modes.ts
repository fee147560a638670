// Ridge regression at any ridge from one eigendecomposition: coefficients, residuals of leaving each example out, cross-validation.

import { NumericalError } from "../errors.ts";
import { factorInPlace, substituteInPlace } from "../numeric/linear-algebra/cholesky-in-place.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { lengthOf } from "../numeric/linear-algebra/vectors.ts";

/** K = V^T diag(values) V, and the targets in the basis of V. */
export interface RidgeModes {
  /** Descending, none negative: what rounding left below zero is 0. */
  readonly values: Float64Array;
  /** Unit vectors as rows (order, order). */
  readonly vectors: Matrix;
  /** V y: (order, columns). */
  readonly shares: Matrix;
  /** N. */
  readonly examples: number;
  /** Rows of K that belong to one example: 1, or C where K is made of C x C blocks. */
  readonly block: number;
}

/** The regression at one ridge. */
export interface RidgeFit {
  readonly ridge: number;
  /** a = (K + ridge I)^-1 y: (N, C). */
  readonly coefficients: Matrix;
  /** y - K a = ridge a: (N, C). */
  readonly residuals: Matrix;
  /** y_i less what the regression without example i says of it: (N, C). */
  readonly leaveOneOut: Matrix;
  /** tr H, H = K (K + ridge I)^-1, for one column of targets. */
  readonly degreesOfFreedom: number;
  /** Mean square of the entries of `residuals`. */
  readonly trainingError: number;
  /** Mean square of the entries of `leaveOneOut`. */
  readonly leaveOneOutError: number;
  /** Generalised cross-validation: trainingError / (1 - tr H / order)^2. */
  readonly gcv: number;
}

/** Rows of K that belong to an example; RangeError where K and the targets do not fit. */
export function blockOf(where: string, [order, columns]: readonly number[], targets: readonly number[]): number {
  const [examples, outputs] = targets;
  const fits = order === columns && (order === examples || order === examples * outputs);
  if (targets.length !== 2 || !fits)
    throw new RangeError(
      `${where}: targets must have shape [N,C] for a matrix of N or N C rows, got [${targets}] for [${[order, columns]}]`,
    );
  return order === examples ? 1 : outputs;
}

/**
 * One decomposition of K (N, N), one kernel for all outputs, or (N C, N C), blocks, with targets (N, C).
 *
 * Cost: all eigenpairs. Memory: as large as K again; K itself is lost with `overwrite`.
 */
export function ridgeModes(
  matrix: Matrix,
  targets: Matrix,
  algebra: LinearAlgebra,
  options: { readonly overwrite?: boolean } = {},
): RidgeModes {
  const block = blockOf("ridgeModes", matrix.shape, targets.shape);
  const [order] = matrix.shape;
  const columns = order === 0 ? 1 : targets.data.length / order;
  const { values, vectors } = algebra.eigenpairs(matrix, options);
  const shares = new Float64Array(order * columns);
  for (let j = 0; j < order; j++)
    for (let i = 0; i < order; i++) {
      const part = vectors.data[j * order + i];
      for (let c = 0; c < columns; c++) shares[j * columns + c] += part * targets.data[i * columns + c];
    }
  return {
    values: values.map((value) => Math.max(0, value)),
    vectors,
    shares: { dtype: "float64", shape: [order, columns], data: shares },
    examples: targets.shape[0],
    block,
  };
}

/** 1 / (values + ridge); NumericalError where that is no number: ridge 0 for a kernel without full rank. */
function inverses({ values }: RidgeModes, ridge: number): Float64Array {
  if (!(ridge >= 0 && ridge < Number.POSITIVE_INFINITY))
    throw new RangeError(`ridgeFit: ridge must be a finite number >= 0, got ${ridge}`);
  const least = values.at(-1) ?? 1;
  if (!(least + ridge > 0))
    throw new NumericalError(`ridgeFit: K + ridge I must be positive definite, got an eigenvalue of ${least}`, {
      hint: "add a ridge",
    });
  return values.map((value) => 1 / (value + ridge));
}

/** V^T diag(factors) shares: (order, columns). */
export function fromModes({ vectors, shares: { data, shape } }: RidgeModes, factors: Float64Array): Float64Array {
  const [order, columns] = shape;
  const a = new Float64Array(order * columns);
  const own = new Float64Array(columns);
  for (let j = 0; j < order; j++) {
    for (let c = 0; c < columns; c++) own[c] = factors[j] * data[j * columns + c];
    for (let i = 0; i < order; i++) {
      const part = vectors.data[j * order + i];
      for (let c = 0; c < columns; c++) a[i * columns + c] += part * own[c];
    }
  }
  return a;
}

/** The blocks on the diagonal of (K + ridge I)^-1: (N, block, block). */
function diagonalBlocks({ vectors, examples, block }: RidgeModes, inverse: Float64Array): Float64Array {
  const order = examples * block;
  const to = new Float64Array(examples * block * block);
  for (let j = 0; j < order; j++)
    for (let i = 0, from = j * order; i < examples; i++, from += block)
      for (let c = 0; c < block; c++) {
        const part = inverse[j] * vectors.data[from + c];
        for (let d = 0; d < block; d++) to[(i * block + c) * block + d] += part * vectors.data[from + d];
      }
  return to;
}

/**
 * e_i = [(K + ridge I)^-1_ii]^-1 a_i, the block of the inverse's diagonal that belongs to example i: where it is one number,
 * e_i = r_i / (1 - H_ii), since r = ridge a and 1 - H_ii = ridge (K + ridge I)^-1_ii.
 */
function leftOut(modes: RidgeModes, inverse: Float64Array, a: Float64Array): Float64Array {
  const { examples, block } = modes;
  const width = a.length / Math.max(1, examples * block);
  const blocks = diagonalBlocks(modes, inverse);
  const e = a.slice();
  for (let i = 0; i < examples; i++) {
    const own = blocks.subarray(i * block * block, (i + 1) * block * block);
    if (factorInPlace(own, block) !== 0)
      throw new NumericalError(
        `ridgeFit: K + ridge I must be positive definite, got a block of example ${i} that is not`,
        {
          hint: "add a larger ridge",
        },
      );
    substituteInPlace(own, block, e.subarray(i * block * width, (i + 1) * block * width), width);
  }
  return e;
}

const meanSquare = (values: Float64Array): number => (values.length === 0 ? 0 : lengthOf(values) ** 2 / values.length);

/**
 * The regression at one ridge, with the residuals of leaving each example out in closed form (Allen 1974; Craven and Wahba 1979 for
 * generalised cross-validation, which puts the mean of the H_ii in the place of each).
 *
 * All quotients are of (K + ridge I)^-1, so that nothing is 0 / 0 as the ridge goes to 0. Cost: order^2 (columns + block).
 */
export function ridgeFit(modes: RidgeModes, ridge: number): RidgeFit {
  const inverse = inverses(modes, ridge);
  const { examples, values, shares } = modes;
  const shape = [examples, examples === 0 ? 1 : shares.data.length / examples];
  const a = fromModes(modes, inverse);
  const e = leftOut(modes, inverse, a);
  const matrix = (data: Float64Array): Matrix => ({ dtype: "float64", shape, data });
  const mean = inverse.reduce((total, value) => total + value, 0) / Math.max(1, inverse.length);
  return {
    ridge,
    coefficients: matrix(a),
    residuals: matrix(a.map((value) => ridge * value)),
    leaveOneOut: matrix(e),
    degreesOfFreedom: values.reduce((total, value, j) => total + value * inverse[j], 0),
    trainingError: ridge ** 2 * meanSquare(a),
    leaveOneOutError: meanSquare(e),
    gcv: mean === 0 ? 0 : meanSquare(a) / mean ** 2,
  };
}

// Ridge regression over a matrix by conjugate gradients, made well conditioned by a Nystrom approximation of it: where no fast LAPACK is.

import { matrixFamily, rowPoints } from "../kernels/matrix-family.ts";
import { nystromKernel } from "../kernels/nystrom.ts";
import { conjugateGradients, type Product } from "../numeric/linear-algebra/conjugate-gradients.ts";
import { productOf } from "../numeric/linear-algebra/matrix-product.ts";
import { transposedTimes } from "../numeric/linear-algebra/rectangular.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { addTo } from "../numeric/linear-algebra/vectors.ts";
import type { Progress } from "../train/train.ts";

export interface IterativeRidgeOptions {
  /** Points that stand for all in the approximation, drawn uniformly; default 500, at most all. */
  readonly landmarks?: number;
  /** Of |y - (K + ridge I) a| / |y|, each column. Default 1e-8. */
  readonly tolerance?: number;
  /** Products with K a column, at most. Default 1000. */
  readonly maxProducts?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface IterativeRidge {
  /** a: (N, C). */
  readonly coefficients: Matrix;
  /** |y - (K + ridge I) a| / |y| of each column, computed with the result; 0 where y is. */
  readonly residuals: Float64Array;
  readonly converged: boolean;
  /** With K, of all columns. */
  readonly products: number;
}

/**
 * v -> (Phi Phi^T + ridge I)^-1 v = (v - Phi (Phi^T Phi + ridge I)^-1 Phi^T v) / ridge for features (N, m): an approximate inverse of K + ridge I
 * where Phi Phi^T is near K (Woodbury; Frangella, Tropp and Udell 2021, arXiv:2110.02820). Cost: 4 N m operations, the inverse's m^3 / 3 once.
 */
export function featurePreconditioner(features: Matrix, ridge: number, algebra: LinearAlgebra): Product {
  if (!(ridge > 0)) throw new RangeError(`featurePreconditioner: ridge must be a number > 0, got ${ridge}`);
  const [n, m] = features.shape;
  const inner = transposedTimes(features, features);
  for (let j = 0; j < m; j++) inner.data[j * m + j] += ridge;
  const { solve } = algebra.cholesky(inner, { overwrite: true });
  const { data } = features;
  return (v) => {
    const shares = new Float64Array(m);
    for (let i = 0; i < n; i++) for (let j = 0, at = i * m; j < m; j++, at++) shares[j] += data[at] * v[i];
    const inside = m === 0 ? shares : solve({ dtype: "float64", shape: [m], data: shares }).data;
    return v.map((value, i) => {
      let total = value;
      for (let j = 0, at = i * m; j < m; j++, at++) total -= data[at] * inside[j];
      return total / ridge;
    });
  };
}

/**
 * a of (K + ridge I) a = y for a matrix (N, N) in memory, which is read alone. Memory: two (N, m) for m landmarks. Cost: 2 N^2 operations a product, a
 * few dozen products a column where the landmarks leave little of the kernel above the ridge; 4 N m^2 before.
 *
 * Errors: RangeError for what does not fit, a ridge of 0 among it; rejects with the signal's reason when aborted.
 */
export async function iterativeRidge(
  matrix: Matrix,
  targets: Matrix,
  ridge: number,
  {
    algebra,
    landmarks = 500,
    tolerance = 1e-8,
    maxProducts = 1000,
    ...options
  }: IterativeRidgeOptions & { readonly algebra: LinearAlgebra },
): Promise<IterativeRidge> {
  const { seed = 0, signal, onProgress } = options;
  const [n, columns] = targets.shape;
  if (matrix.shape[0] !== n || matrix.shape[1] !== n)
    throw new RangeError(`iterativeRidge: matrix must have shape [${n},${n}], got [${matrix.shape}]`);
  const near = await nystromKernel(matrixFamily(matrix), rowPoints(matrix), {
    ...{ landmarks: Math.min(landmarks, n), choice: "uniform", compared: 1, seed, algebra },
  });
  const preconditioner = featurePreconditioner(near.pointFeatures, ridge, algebra);
  const product = productOf(matrix);
  const shifted: Product = async (v) => {
    const image = await product(v);
    addTo(image, ridge, v);
    return image;
  };
  const coefficients = new Float64Array(n * columns);
  const residuals = new Float64Array(columns);
  let [products, converged] = [0, true];
  for (let c = 0; c < columns; c++) {
    const own = await conjugateGradients(
      shifted,
      Float64Array.from({ length: n }, (_, i) => targets.data[i * columns + c]),
      {
        preconditioner,
        tolerance,
        maxProducts,
        signal,
        onProduct: (count, residual) =>
          onProgress?.({
            stage: `conjugate gradients, column ${c + 1} of ${columns}`,
            done: count,
            total: maxProducts,
            note: `residual ${residual.toExponential(1)}`,
          }),
      },
    );
    for (let i = 0; i < n; i++) coefficients[i * columns + c] = own.x[i];
    residuals[c] = own.residual;
    products += own.products;
    converged &&= own.converged;
  }
  return {
    coefficients: { dtype: "float64", shape: [n, columns], data: coefficients },
    residuals,
    converged,
    products,
  };
}

// Conjugate gradients (Hestenes and Stiefel 1952), preconditioned, of a matrix that is known only by its products with vectors.

import { InvalidDataError, NumericalError } from "../../errors.ts";
import { addTo, innerProduct, lengthOf } from "./vectors.ts";

/** A symmetric matrix times a vector (n). What is handed in is not changed, and what comes back may be. */
export type Product = (v: Float64Array) => Float64Array | Promise<Float64Array>;

export interface ConjugateGradientOptions {
  /** Product with an approximate inverse, symmetric and positive definite. Default: none. */
  readonly preconditioner?: Product;
  /** Of |b - A x| / |b|. Default 1e-10. */
  readonly tolerance?: number;
  /** Products at most, those that check included. Default 1000. */
  readonly maxProducts?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told after every product. */
  readonly onProduct?: ((products: number, residual: number) => void) | undefined;
}

export interface ConjugateGradients {
  readonly x: Float64Array;
  /** |b - A x| / |b|, of a product with this x and not of the recursion; 0 where b is. */
  readonly residual: number;
  /** Whether it is within the tolerance. */
  readonly converged: boolean;
  readonly products: number;
}

/**
 * x = A^-1 b for a symmetric positive definite A (n, n). Memory: five vectors. In exact arithmetic at most n products are needed; as many
 * as the square root of A's condition (after preconditioning) brings a digit.
 *
 * The recursion's residual goes on falling where rounding of the products no longer lets the true one: that one is computed when the
 * first is within the tolerance, and the iteration starts again from there as long as that halves it.
 *
 * Errors: NumericalError where a product shows that A is not positive definite; InvalidDataError where one is not finite; rejects with the
 * signal's reason when aborted.
 */
export async function conjugateGradients(
  product: Product,
  b: Float64Array,
  options: ConjugateGradientOptions = {},
): Promise<ConjugateGradients> {
  const { preconditioner, tolerance = 1e-10, maxProducts = 1000, signal, onProduct } = options;
  const size = lengthOf(b);
  const x = new Float64Array(b.length);
  if (!Number.isFinite(size)) throw new InvalidDataError("conjugateGradients: b must be finite, got NaN or infinity");
  let [products, residual] = [0, size === 0 ? 0 : 1];
  const apply = async (v: Float64Array): Promise<Float64Array> => {
    signal?.throwIfAborted();
    products++;
    const to = await product(v);
    if (!Number.isFinite(lengthOf(to)))
      throw new InvalidDataError(
        `conjugateGradients: product must be finite, got NaN or infinity in product ${products}`,
      );
    return to;
  };
  const r = b.slice();
  while (residual > tolerance && products < maxProducts - 1) {
    const before = residual;
    const step = (preconditioner ? await preconditioner(r) : r).slice();
    let along = innerProduct(r, step);
    // The last product is for the true residual.
    while (residual > tolerance && products < maxProducts - 1) {
      const image = await apply(step);
      const curvature = innerProduct(step, image);
      if (curvature <= 0) {
        if (curvature > -1e-12 * lengthOf(step) * lengthOf(image)) break;
        throw new NumericalError(
          `conjugateGradients: matrix must be positive definite, got v^T A v = ${curvature} in product ${products}`,
          { hint: "add a larger ridge" },
        );
      }
      addTo(x, along / curvature, step);
      addTo(r, -along / curvature, image);
      residual = lengthOf(r) / size;
      onProduct?.(products, residual);
      const z = preconditioner ? await preconditioner(r) : r;
      const next = innerProduct(r, z);
      for (let i = 0; i < step.length; i++) step[i] = z[i] + (next / along) * step[i];
      along = next;
    }
    const image = await apply(x);
    for (let i = 0; i < r.length; i++) r[i] = b[i] - image[i];
    residual = lengthOf(r) / size;
    onProduct?.(products, residual);
    if (residual > before / 2) break;
  }
  return { x, residual, converged: residual <= tolerance, products };
}

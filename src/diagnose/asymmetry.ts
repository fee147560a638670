// How far a kernel of two times is from being symmetric.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { requireSquare } from "./checks.ts";

/**
 * |K - K^T| / (2 |K|) in the Frobenius norm, in [0, 1]: the share of K that is skew, 0 for a symmetric kernel, 1 for a skew one; 0 for a kernel of zeros.
 *
 * The exact path kernel of a training (`pathKernel` by any rule but `left`) has one: its query moves along each step, its example does not.
 * Cost: n². Errors: RangeError for a matrix that is not square or empty; InvalidDataError for numbers that are not finite.
 */
export function kernelAsymmetry(kernel: Matrix): number {
  const n = requireSquare("kernelAsymmetry", kernel);
  const { data } = kernel;
  let [skew, whole] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      skew += (data[i * n + j] - data[j * n + i]) ** 2;
      whole += data[i * n + j] ** 2;
    }
  return whole === 0 ? 0 : Math.sqrt(skew / whole) / 2;
}

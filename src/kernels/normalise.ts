// Normalised kernels, and how weights are shared out between the two sides.

import type { RealArray } from "../numeric/tensor.ts";
import type { KernelForm } from "./types.ts";

/** Divides every entry by the square roots of both lengths, in place; 0 where a length is 0. */
export function normalise(
  kernel: RealArray,
  lengths: readonly [Float64Array, Float64Array],
  { form, outputs }: { readonly form: KernelForm; readonly outputs: number },
): void {
  const [x, y] = lengths.map((values) => values.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0)));
  const seeds = form === "blocks" || form === "diagonal" ? outputs : 1;
  const others = form === "blocks" ? outputs : 1;
  const [n, m] = [x.length / seeds, y.length / seeds];
  for (let i = 0, k = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      for (let c = 0; c < seeds; c++) {
        for (let d = 0; d < others; d++, k++)
          kernel[k] *= x[i * seeds + c] * y[j * seeds + (form === "blocks" ? d : c)];
      }
    }
  }
}

/**
 * The weights of each side. Square roots of non-negative weights go to both, so that K stays symmetric to the last bit; weights of
 * both signs go to one side, the other has ones.
 *
 * Throws RangeError where their number is not `size`, one is not finite, or a normalised kernel would need the root of a negative.
 */
export function splitWeights(
  weights: Float64Array | undefined,
  size: number,
  normalize: boolean,
): readonly [Float64Array?, Float64Array?] {
  if (!weights) return [];
  if (weights.length !== size)
    throw new RangeError(`tangentKernel: weights must hold ${size} numbers, got ${weights.length}`);
  const bad = weights.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`tangentKernel: weights must be finite, got ${weights[bad]} at element ${bad}`);
  if (weights.every((value) => value >= 0)) {
    const root = weights.map(Math.sqrt);
    return [root, root];
  }
  if (normalize) {
    const least = weights.reduce((a, b) => Math.min(a, b));
    throw new RangeError(`tangentKernel: weights of a normalised kernel must be >= 0, got ${least}`);
  }
  return [weights, new Float64Array(size).fill(1)];
}

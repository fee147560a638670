// Normalised kernels, and how weights are shared out between the two sides.

import type { RealArray } from "../numeric/tensor.ts";
import type { KernelForm } from "./types.ts";

/** 1 / sqrt(K(x, x)), 0 where that is 0. */
export const inverseRoots = (lengths: RealArray): Float64Array =>
  Float64Array.from(lengths, (value) => (value > 0 ? 1 / Math.sqrt(value) : 0));

/** Divides the entries of a tile (G, n, m, ...form) by the square roots of both lengths, (G, n) or (G, n, C) inverse roots a side, in place. */
export function normalise(
  entries: RealArray,
  [x, y]: readonly [Float64Array, Float64Array],
  { form, outputs, groups }: { readonly form: KernelForm; readonly outputs: number; readonly groups: number },
): void {
  const seeds = form === "blocks" || form === "diagonal" ? outputs : 1;
  const others = form === "blocks" ? outputs : 1;
  const [n, m] = [x.length / seeds / groups, y.length / seeds / groups];
  for (let g = 0, k = 0; g < groups; g++) {
    for (let i = g * n; i < (g + 1) * n; i++) {
      for (let j = g * m; j < (g + 1) * m; j++) {
        for (let c = 0; c < seeds; c++) {
          for (let d = 0; d < others; d++, k++)
            entries[k] *= x[i * seeds + c] * y[j * seeds + (form === "blocks" ? d : c)];
        }
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

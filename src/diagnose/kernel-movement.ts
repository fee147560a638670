// How a kernel moves while a network is trained: distances between all recorded steps, speed from each to the next, size.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { reals } from "../numeric/tensor.ts";
import { cka } from "./alignment.ts";
import { requireKernel } from "./checks.ts";
import { kernelDrift, kernelRotation } from "./richness.ts";

export interface KernelMovement {
  /** Steps before which the kernels stand (T). */
  readonly steps: readonly number[];
  /** S(t, t') = 1 - <K_t, K_t'> / (|K_t| |K_t'|), Frobenius, in [0, 1] for kernels: (T, T). */
  readonly distances: Matrix;
  /** 1 - CKA(K_0, K_t), centred, against the first (T): S without the constant that all pairs share; undefined where one is constant. */
  readonly centred: readonly (number | undefined)[];
  /** S between neighbouring steps divided by the steps between (T - 1): dS/dt, a step. */
  readonly velocity: Float64Array;
  /** |K_t - K_0| / |K_0| against the first (T); undefined where that is 0 and this is not. Growing alone makes it large, where S stays 0. */
  readonly drift: readonly (number | undefined)[];
  /** |K_t|_F (T). */
  readonly norms: Float64Array;
}

/**
 * Distance, velocity and drift of kernels of the same examples at ascending steps. S is blind to size, and 0 between a kernel of zeros and any other.
 * Where all
 * gradients have a large part in common S is small whatever the rest does: `centred` takes that part out. A velocity is a mean over the steps between: a kernel that moves and comes back in between seems to rest.
 *
 * Shapes: kernels T times (N, N). Cost: O(T^2 N^2). Errors: RangeError where steps do not ascend or sizes differ.
 *
 * @see Fort et al. 2020, arXiv:2010.15110: kernel distance and kernel velocity
 */
export function kernelMovement(kernels: readonly Matrix[], steps: readonly number[]): KernelMovement {
  const count = kernels.length;
  if (count === 0 || steps.length !== count)
    throw new RangeError(
      `kernelMovement: there must be a kernel or more and a step for each, got ${count} and ${steps.length}`,
    );
  const unordered = steps.findIndex((step, t) => t > 0 && !(step > steps[t - 1]));
  if (unordered > 0)
    throw new RangeError(`kernelMovement: steps must ascend, got ${steps[unordered]} after ${steps[unordered - 1]}`);
  for (const kernel of kernels) requireKernel("kernelMovement", kernel);
  const distances = reals([count, count], new Float64Array(count * count));
  for (let t = 0; t < count; t++)
    for (let u = 0; u < t; u++) {
      // Rounding makes parallel kernels less than 0 apart.
      const distance = Math.max(0, kernelRotation(kernels[t], kernels[u]));
      distances.data[t * count + u] = distance;
      distances.data[u * count + t] = distance;
    }
  const drift = kernels.map((kernel) => kernelDrift(kernels[0], kernel));
  return {
    steps,
    distances,
    centred: kernels.map((kernel) => {
      const alike = cka(kernels[0], kernel);
      return alike === undefined ? undefined : Math.max(0, 1 - alike);
    }),
    velocity: Float64Array.from(
      { length: count - 1 },
      (_, t) => distances.data[t * count + t + 1] / (steps[t + 1] - steps[t]),
    ),
    drift: drift.map((own) => (Number.isFinite(own) ? own : undefined)),
    norms: Float64Array.from(kernels, ({ data }) => Math.sqrt(data.reduce((total, value) => total + value * value, 0))),
  };
}

// How little a kernel sees of a change of its points: images moved, turned or cut up, beside how far apart other points are.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { requireKernel } from "./checks.ts";

export interface KernelInvariance {
  /** 1 - (1 - cosine with the changed self) / (1 - cosine with other points), means: 1 where the change is not seen, 0 where it leads as far as to another point. */
  readonly invariance: number | undefined;
  /** Mean cosine of a point and its changed self. */
  readonly changed: number | undefined;
  /** Mean cosine of two different points. */
  readonly others: number | undefined;
}

/**
 * Invariance of a kernel under a change T of its points:
 *
 *     I(T) = 1 - E[1 - cos(x, T x)] / E[1 - cos(x, x')],    cos(x, z) = K(x, z) / sqrt(K(x, x) K(z, z)),  x' another point
 *
 * 1 - cos is half the squared distance of normalised features. A cosine alone grows with whatever all points have in common, such as the gradient of a
 * bias, which training changes too; that part is in both means here and cancels. Below 0 where the changed point is farther than another one.
 *
 * Points with K(x, x) = 0 are left out. Undefined where none is left, where there is one point, and where all are alike.
 *
 * Shapes: `kernel` (2 n, 2 n), n points and then the same n changed. Cost: O(n^2). Errors: those of a kernel; RangeError for an odd number of rows.
 */
export function kernelInvariance(kernel: Matrix): KernelInvariance {
  const order = requireKernel("kernelInvariance", kernel);
  if (order % 2 === 1)
    throw new RangeError(`kernelInvariance: kernel must be of points and as many changed ones, got ${order} rows`);
  const n = order / 2;
  const { data } = kernel;
  const size = Array.from({ length: order }, (_, i) => Math.sqrt(Math.max(0, data[i * order + i])));
  let [own, pairs, selves, others] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    if (size[i] === 0) continue;
    if (size[n + i] > 0) {
      selves += data[i * order + n + i] / (size[i] * size[n + i]);
      own++;
    }
    for (let j = 0; j < n; j++) {
      if (j === i || size[j] === 0) continue;
      others += data[i * order + j] / (size[i] * size[j]);
      pairs++;
    }
  }
  const changed = own === 0 ? undefined : selves / own;
  const between = pairs === 0 ? undefined : others / pairs;
  // A few roundings of cosines of 1 are no distance.
  const apart = between === undefined ? 0 : 1 - between;
  const invariance = changed === undefined || !(apart > 8 * 2 ** -52) ? undefined : 1 - (1 - changed) / apart;
  return { invariance, changed, others: between };
}

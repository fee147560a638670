// Silhouettes (Rousseeuw 1987): how much nearer each point is to its own class than to the nearest other one.

import { requireSymmetric } from "../numeric/linear-algebra/checks.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { requireLabels } from "./checks.ts";
import { classOrder } from "./class-order.ts";

export interface Silhouette {
  /** s(i) in [-1, 1] of each point (N); 0 for the only one of its class, and where all distances to both classes are 0. */
  readonly values: Float64Array;
  /** Mean over all points. */
  readonly mean: number;
  /** Mean over the points of each class, ascending labels. */
  readonly byClass: readonly { readonly label: number; readonly count: number; readonly mean: number }[];
}

/**
 * How well classes are apart by distances that are given:
 *
 *     s(i) = (b(i) - a(i)) / max(a(i), b(i))
 *
 * with a(i) the mean distance of point i to the others of its class and b(i) the least mean distance to another class. 1 is a class far from all
 * others, 0 a point on the border, below 0 a point that lies among another class. It sees distances, not a picture of them: distances of a kernel are
 * those of its whole feature space, where many directions that no class uses draw all silhouettes towards 0.
 *
 * Shapes: distances (N, N), symmetric, the diagonal is not read; labels (N). Cost: O(N^2).
 * Errors: RangeError for labels of fewer than two classes, negative distances and sizes that do not fit; InvalidDataError for NaN.
 */
export function silhouette(distances: Matrix, labels: ArrayLike<number>): Silhouette {
  const n = requireSymmetric("silhouette", distances);
  requireLabels("silhouette", labels, n);
  const negative = distances.data.find((distance) => distance < 0);
  if (negative !== undefined) throw new RangeError(`silhouette: distances must be at least 0, got ${negative}`);
  const { classes, counts } = classOrder(labels);
  if (classes.length < 2)
    throw new RangeError(`silhouette: labels must be of at least two classes, got ${classes.length}`);
  const place = Int32Array.from({ length: n }, (_, i) => classes.indexOf(labels[i]));
  const values = new Float64Array(n);
  const sums = new Float64Array(classes.length);
  const means = new Float64Array(classes.length);
  for (let i = 0; i < n; i++) {
    sums.fill(0);
    for (let j = 0; j < n; j++) if (j !== i) sums[place[j]] += distances.data[i * n + j];
    const own = place[i];
    if (counts[own] > 1) {
      const inside = sums[own] / (counts[own] - 1);
      const outside = sums.reduce((least, sum, c) => (c === own ? least : Math.min(least, sum / counts[c])), Infinity);
      const largest = Math.max(inside, outside);
      values[i] = largest > 0 ? (outside - inside) / largest : 0;
    }
    means[own] += values[i] / counts[own];
  }
  return {
    values,
    mean: values.reduce((total, value) => total + value / n, 0),
    byClass: classes.map((label, c) => ({ label, count: counts[c], mean: means[c] })),
  };
}

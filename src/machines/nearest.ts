// The nearest points of each query by a distance: in a kernel's feature space, by its angle, or between the inputs themselves.

import { InvalidDataError } from "../errors.ts";
import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { findNonFinite, type RealArray, sizeOf, type Tensor, tensor } from "../numeric/tensor.ts";

/**
 * `kernel`: sqrt(K(x, x) - 2 K(x, x') + K(x', x')); `cosine`: 1 - K(x, x') / sqrt(K(x, x) K(x', x')), 1 where either is zero;
 * `euclidean`: |x - x'| of the numbers of the points, whatever the kernel.
 */
export const distanceMeasures = ["kernel", "cosine", "euclidean"] as const;
export type DistanceMeasure = (typeof distanceMeasures)[number];

export interface Nearest {
  /** Of each query its nearest points, the nearest first: (Q, k). */
  readonly indices: Tensor<"int32">;
  /** Their distances: (Q, k). */
  readonly distances: Matrix;
}

/**
 * The k columns of least distance in each row of (Q, N), nearest first, ties to the lower index.
 *
 * Cost: Q N comparisons, and k moves for each that is among the k so far.
 * Errors: RangeError for a k that is not from 1 to N; InvalidDataError for NaN.
 */
export function nearest(distances: Matrix, k: number): Nearest {
  const [count, n] = distances.shape;
  if (!(Number.isSafeInteger(k) && k >= 1 && k <= n))
    throw new RangeError(`nearest: k must be a whole number from 1 to the ${n} points, got ${k}`);
  const indices = new Int32Array(count * k);
  const least = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY);
  for (let q = 0; q < count; q++) {
    const [from, end] = [q * k, (q + 1) * k];
    for (let i = 0; i < n; i++) {
      const distance = distances.data[q * n + i];
      if (Number.isNaN(distance))
        throw new InvalidDataError(`nearest: distances must be numbers, got NaN in row ${q}, column ${i}`);
      // The first k come in whatever they are, infinities too.
      if (i >= k && !(distance < least[end - 1])) continue;
      let at = Math.min(from + i, end - 1);
      for (; at > from && least[at - 1] > distance; at--) {
        least[at] = least[at - 1];
        indices[at] = indices[at - 1];
      }
      least[at] = distance;
      indices[at] = i;
    }
  }
  return {
    indices: tensor("int32", [count, k], indices),
    distances: { dtype: "float64", shape: [count, k], data: least },
  };
}

/** Distances in a kernel's feature space from K(query, point) (Q, N), K(query, query) (Q) and K(point, point) (N): (Q, N). */
export function kernelDistances(
  between: Matrix,
  ofQueries: ArrayLike<number>,
  ofPoints: ArrayLike<number>,
  measure: "kernel" | "cosine" = "kernel",
): Matrix {
  const [count, n] = between.shape;
  const data = new Float64Array(count * n);
  for (let q = 0; q < count; q++)
    for (let i = 0; i < n; i++) {
      const [value, a, b] = [between.data[q * n + i], ofQueries[q], ofPoints[i]];
      data[q * n + i] = measure === "cosine" ? angle(value, a, b) : apart(value, a, b);
    }
  return { dtype: "float64", shape: [count, n], data };
}

/** What the difference of equal numbers leaves in rounding is no distance: its root would be 1e-8 of their size. */
function apart(value: number, a: number, b: number): number {
  const square = a - 2 * value + b;
  return square <= 4 * 2 ** -52 * (a + b) ? 0 : Math.sqrt(square);
}

function angle(value: number, a: number, b: number): number {
  const size = Math.sqrt(a) * Math.sqrt(b);
  return size > 0 ? 1 - value / size : 1;
}

/** |x - x'| of the numbers of queries (Q, ...) and points (N, ...): (Q, N). */
export function euclideanDistances(queries: Tensor, points: Tensor): Matrix {
  const [size, own] = [queries, points].map(({ shape }) => sizeOf(shape.slice(1)));
  if (size !== own)
    throw new RangeError(`euclideanDistances: queries must have ${own} numbers as the points have, got ${size}`);
  const [count, n] = [queries.shape[0], points.shape[0]];
  const [x, p] = [queries.data as RealArray, points.data as RealArray];
  const data = new Float64Array(count * n);
  for (let q = 0; q < count; q++)
    for (let i = 0; i < n; i++) {
      let total = 0;
      for (let j = 0; j < size; j++) total += (x[q * size + j] - p[i * size + j]) ** 2;
      data[q * n + i] = Math.sqrt(total);
    }
  return { dtype: "float64", shape: [count, n], data };
}

/** Distances from any queries to a kernel's points. K(x_i, x_i) is computed once, here. */
export async function distancesTo(
  kernel: MachineKernel,
  measure: DistanceMeasure,
  call: MachineKernelCall = {},
): Promise<(queries: Tensor) => Promise<Matrix>> {
  if (!distanceMeasures.includes(measure))
    throw new RangeError(`distancesTo: measure must be one of ${distanceMeasures.join(", ")}, got ${measure}`);
  if (measure === "euclidean") return async (queries) => euclideanDistances(queries, kernel.points);
  const ofPoints = await kernel.diagonal(kernel.points, call);
  const at = findNonFinite({ dtype: "float64", shape: [ofPoints.length], data: ofPoints });
  if (at >= 0)
    throw new InvalidDataError(
      `distancesTo: the ${kernel.name} must be finite, got K(x, x) = ${ofPoints[at]} of point ${at}`,
    );
  return async (queries) =>
    kernelDistances(await kernel.between(queries), await kernel.diagonal(queries), ofPoints, measure);
}

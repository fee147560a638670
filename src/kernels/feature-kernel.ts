// A kernel that is an inner product of a few features, in the place of one that costs more, with how far the two are apart.

import { timesTransposed } from "../numeric/linear-algebra/rectangular.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { randomFrom } from "../numeric/random.ts";
import { type Tensor, takeRows } from "../numeric/tensor.ts";
import type { MachineKernel, MachineKernelCall } from "./machine-kernel.ts";

/** A bound on |K - K~| that is known without comparing. */
export interface ApproximationBound {
  /** What it bounds and when, in a sentence. */
  readonly statement: string;
  readonly value: number;
}

/** How far an approximation is from its kernel, on the pairs of some of the points, each pair once. */
export interface ApproximationError {
  /** Points whose pairs were compared, drawn by seed; all where they are as many as there are. */
  readonly points: number;
  /** |K - K~|_F / |K|_F, 0 where K is 0 and so is K~. */
  readonly relativeFrobenius: number;
  /** (tr K - tr K~) / tr K, signed; 0 where K is 0. */
  readonly relativeTrace: number;
  /** max |K_ij - K~_ij|, in the kernel's units. */
  readonly largestEntry: number;
  readonly bound: ApproximationBound;
}

export interface FeatureKernel extends MachineKernel {
  /** m. */
  readonly width: number;
  /** phi(x) of xs (Q, ...): (Q, m). K~(x, x') = phi(x) . phi(x'). */
  readonly features: (xs: Tensor, call?: MachineKernelCall) => Promise<Matrix>;
  /** phi of the points (N, m), kept. */
  readonly pointFeatures: Matrix;
  readonly error: ApproximationError;
}

/** A kernel over any points: what is approximated, and compared with. */
export type KernelFamily = (points: Tensor) => MachineKernel;

export interface ApproximationOptions extends MachineKernelCall {
  /** Points whose pairs are compared with the kernel itself, at most. Default 200. */
  readonly compared?: number;
  /** Of everything random: features, landmarks, the points compared. Default 0. */
  readonly seed?: number;
}

const COMPARED = 200;

/** RangeError unless a count is a whole number >= 1. */
export function requireCount(where: string, what: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new RangeError(`${where}: ${what} must be a whole number >= 1, got ${count}`);
}

export interface FeatureParts extends Pick<FeatureKernel, "name" | "points" | "features" | "pointFeatures"> {
  readonly exact: KernelFamily;
  readonly bound: ApproximationBound;
}

/** A kernel of features, compared with the exact one on some points. */
export async function featureKernel(
  where: string,
  { name, points, features, pointFeatures, exact, bound }: FeatureParts,
  { compared = COMPARED, seed = 0, ...call }: ApproximationOptions,
): Promise<FeatureKernel> {
  requireCount(where, "compared", compared);
  const [examples] = points.shape;
  const order = randomFrom(seed, "compared points").permutation(examples);
  const chosen = compared >= examples ? Int32Array.from({ length: examples }, (_, i) => i) : order.slice(0, compared);
  const [phi, own] = [takeRows(pointFeatures, chosen), takeRows(points, chosen)];
  const error = apartOf(await exact(own).matrix(call), timesTransposed(phi, phi));
  return {
    name,
    points,
    width: pointFeatures.shape[1],
    features,
    pointFeatures,
    matrix: async () => timesTransposed(pointFeatures, pointFeatures),
    between: async (queries, own) => timesTransposed(await features(queries, own), pointFeatures),
    diagonal: async (queries, own) => squaredLengths(await features(queries, own)),
    error: { points: chosen.length, ...error, bound },
  };
}

/** |phi|^2 of each row. */
export function squaredLengths({ data, shape: [rows, columns] }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let total = 0;
    for (let c = 0, at = i * columns; c < columns; c++, at++) total += data[at] ** 2;
    return total;
  });
}

function apartOf(exact: Matrix, near: Matrix): Omit<ApproximationError, "points" | "bound"> {
  const [n] = exact.shape;
  let [apart, whole, largestEntry, trace, nearTrace] = [0, 0, 0, 0, 0];
  for (let at = 0; at < exact.data.length; at++) {
    const difference = Math.abs(exact.data[at] - near.data[at]);
    apart += difference ** 2;
    whole += exact.data[at] ** 2;
    largestEntry = Math.max(largestEntry, difference);
  }
  for (let i = 0; i < n; i++) {
    trace += exact.data[i * n + i];
    nearTrace += near.data[i * n + i];
  }
  const relative = (value: number, of: number): number => (value === 0 ? 0 : value / of);
  return {
    relativeFrobenius: relative(Math.sqrt(apart), Math.sqrt(whole)),
    relativeTrace: relative(trace - nearTrace, trace),
    largestEntry,
  };
}

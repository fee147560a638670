// Which points stand for all: drawn uniformly, or by what the others do not explain (randomly pivoted Cholesky).

import { symmetricEigenpairs } from "../numeric/linear-algebra/symmetric.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { addTo } from "../numeric/linear-algebra/vectors.ts";
import { type Random, randomFrom } from "../numeric/random.ts";
import { type Tensor, takeRows } from "../numeric/tensor.ts";
import type { KernelFamily } from "./feature-kernel.ts";
import type { MachineKernelCall } from "./machine-kernel.ts";

export const landmarkChoices = ["uniform", "pivoted"] as const;
export type LandmarkChoice = (typeof landmarkChoices)[number];

export interface Landmarks {
  /** Indices of points, each once. */
  readonly indices: Int32Array;
  /** K(x_i, landmark): (N, m). */
  readonly columns: Matrix;
}

interface UniformRequest {
  /** m. */
  readonly landmarks: number;
  readonly seed: number;
  readonly call: MachineKernelCall;
}

interface PivotRequest extends UniformRequest {
  /** K(x, x) of the points. */
  readonly diagonal: Float64Array;
  /** What is left of a diagonal below which a point is explained, as a part of its own. */
  readonly tolerance: number;
}

/** Uniformly and without repetition. */
export async function uniformLandmarks(
  over: KernelFamily,
  points: Tensor,
  { landmarks, seed, call }: UniformRequest,
): Promise<Landmarks> {
  const indices = randomFrom(seed, "landmarks").permutation(points.shape[0]).slice(0, landmarks);
  return { indices, columns: await over(takeRows(points, indices)).between(points, call) };
}

/** Points proposed at once: a kernel costs little more for many columns than for one. */
const BLOCK = 32;

/**
 * Randomly pivoted Cholesky: each pivot is drawn with probability proportional to what is left of its diagonal, K(x, x) - |phi(x)|^2, so that what
 * is explained is not drawn again. In blocks by rejection, which changes nothing of the distribution. Ends early where nothing is left.
 *
 * Cost: the diagonal, N times as many kernel values as points are proposed, 2 N m^2 operations.
 *
 * @see Chen, Epperly, Tropp and Webber 2022, arXiv:2207.06503; in blocks Epperly, Tropp and Webber 2024, arXiv:2410.03969
 */
export async function pivotedLandmarks(
  over: KernelFamily,
  points: Tensor,
  { landmarks, seed, call, diagonal, tolerance }: PivotRequest,
): Promise<Landmarks> {
  const [n] = points.shape;
  const random = randomFrom(seed, "landmarks");
  const left = diagonal.slice();
  const [chosen, columns, basis]: [number[], Float64Array[], Float64Array[]] = [[], [], []];
  while (chosen.length < landmarks) {
    const proposed = drawn(left, Math.min(BLOCK, landmarks - chosen.length), random);
    if (proposed.length === 0) break;
    const values = (await over(takeRows(points, proposed)).between(points, call)).data;
    const own = proposed.map((_, k) => Float64Array.from({ length: n }, (_, i) => values[i * proposed.length + k]));
    const rest = own.map((column, k) => remainderOf(column, proposed[k], basis));
    const kept = accepted(rest, proposed, random);
    const pivots = kept.map((k) => proposed[k]);
    columns.push(...kept.map((k) => own[k]));
    chosen.push(...pivots);
    const found = orthogonal(
      kept.map((k) => rest[k]),
      pivots,
      tolerance,
    );
    basis.push(...found);
    for (const column of found) for (let i = 0; i < n; i++) left[i] -= column[i] ** 2;
    for (let i = 0; i < n; i++) if (left[i] <= tolerance * diagonal[i]) left[i] = 0;
    for (const pivot of pivots) left[pivot] = 0;
  }
  const m = chosen.length;
  const data = new Float64Array(n * m);
  columns.forEach((column, k) => {
    for (let i = 0; i < n; i++) data[i * m + k] = column[i];
  });
  return { indices: Int32Array.from(chosen), columns: { dtype: "float64", shape: [n, m], data } };
}

/** `count` points by the weights `left`, each drawn from all; none where all are 0. */
function drawn(left: Float64Array, count: number, random: Random): number[] {
  const total = left.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return [];
  return Array.from({ length: count }, () => {
    let rest = random.uniform() * total;
    const at = left.findIndex((weight) => {
      rest -= weight;
      return rest < 0;
    });
    // Rounding of the sums may leave a rest behind the last.
    return at < 0 ? left.findLastIndex((weight) => weight > 0) : at;
  });
}

/** A column of K - B B^T, from that of K. */
function remainderOf(column: Float64Array, pivot: number, basis: readonly Float64Array[]): Float64Array {
  const rest = column.slice();
  for (const before of basis) addTo(rest, -before[pivot], before);
  return rest;
}

/** Which proposals stay, one after the other: with the part of their weight that those before have left. */
function accepted(rest: readonly Float64Array[], pivots: readonly number[], random: Random): number[] {
  const small = rest.map((column) => pivots.map((pivot) => column[pivot]));
  const weights = small.map((row, k) => row[k]);
  const kept: number[] = [];
  for (const [k, weight] of weights.entries()) {
    const now = small[k][k];
    if (!(now > 0) || random.uniform() * weight >= now) continue;
    kept.push(k);
    const own = small.map((row) => row[k]);
    for (let i = 0; i < small.length; i++)
      for (let j = 0; j < small.length; j++) small[i][j] -= (own[i] * own[j]) / now;
  }
  return kept;
}

/** Columns R W^(-1/2) of the remainder R at some pivots, W its rows there: R W^+ R^T is what they explain. */
function orthogonal(columns: readonly Float64Array[], pivots: readonly number[], tolerance: number): Float64Array[] {
  const size = pivots.length;
  const small = new Float64Array(size * size);
  for (let k = 0; k < size; k++)
    for (let l = 0; l < size; l++) small[k * size + l] = (columns[k][pivots[l]] + columns[l][pivots[k]]) / 2;
  const { values, vectors } = symmetricEigenpairs(small, size, size);
  const least = tolerance * Math.max(0, ...values);
  return Array.from(values, (value, j) => ({ value, j }))
    .filter(({ value }) => value > least)
    .map(({ value, j }) => {
      const column = new Float64Array(columns[0].length);
      for (let k = 0; k < size; k++) addTo(column, vectors[j * size + k] / Math.sqrt(value), columns[k]);
      return column;
    });
}

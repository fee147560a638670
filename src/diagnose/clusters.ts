// Clusters of points by Lloyd's algorithm from k-means++ starts (Arthur and Vassilvitskii 2007), as a division of training examples.

import type { Grouping } from "../explain/grouping.ts";
import { randomFrom } from "../numeric/random.ts";
import { type RealArray, sizeOf, type Tensor } from "../numeric/tensor.ts";

export interface Clusters extends Grouping {
  /** Means of the clusters' points: (k, d). */
  readonly centres: Float64Array;
  /** Sum of squared distances of points to their centres. */
  readonly inertia: number;
  /** Rounds until no point moved, or as many as were allowed. */
  readonly rounds: number;
}

export interface ClustersOptions {
  /** Clusters; fewer where there are fewer different points. */
  readonly k: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default 100. */
  readonly maxRounds?: number;
}

function squaredDistance(x: RealArray, i: number, centres: Float64Array, c: number, d: number): number {
  let total = 0;
  for (let j = 0; j < d; j++) total += (x[i * d + j] - centres[c * d + j]) ** 2;
  return total;
}

/** Points as first centres, each next one drawn with the squared distance to those so far: (k', d), k' <= k different points. */
function starts(x: RealArray, [n, d]: readonly [number, number], k: number, seed: number): Float64Array {
  const random = randomFrom(seed, "clusters");
  const least = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const centres = new Float64Array(k * d);
  let pick = Math.min(n - 1, Math.floor(random.uniform() * n));
  for (let c = 0; ; ) {
    for (let j = 0; j < d; j++) centres[c * d + j] = x[pick * d + j];
    let total = 0;
    for (let i = 0; i < n; i++) {
      least[i] = Math.min(least[i], squaredDistance(x, i, centres, c, d));
      total += least[i];
    }
    c++;
    // Where all points are centres already, more of them would be empty.
    if (c === k || total === 0) return centres.slice(0, c * d);
    let rest = random.uniform() * total;
    pick = least.findLastIndex((value) => value > 0);
    for (let i = 0; i < n; i++) {
      rest -= least[i];
      if (rest < 0 && least[i] > 0) {
        pick = i;
        break;
      }
    }
  }
}

/**
 * Divides points (N, ...) into k clusters of least squared distance to their means, from one seeded start: a local minimum, as always.
 *
 * Cost: N k d for each round. The same seed gives the same clusters. Names are `cluster 1`, ... from the largest down.
 * Errors: RangeError for a k that is not from 1 to N, and for fewer rounds than 1.
 */
export function clusters(points: Tensor, { k, seed = 0, maxRounds = 100 }: ClustersOptions): Clusters {
  const [n, d] = [points.shape[0], sizeOf(points.shape.slice(1))];
  if (!(Number.isSafeInteger(k) && k >= 1 && k <= n))
    throw new RangeError(`clusters: k must be a whole number from 1 to the ${n} points, got ${k}`);
  if (!(Number.isSafeInteger(maxRounds) && maxRounds >= 1))
    throw new RangeError(`clusters: maxRounds must be a whole number >= 1, got ${maxRounds}`);
  const x = points.data as RealArray;
  const centres = starts(x, [n, d], k, seed);
  const count = d === 0 ? 1 : centres.length / d;
  const of = new Int32Array(n).fill(-1);
  let rounds = 0;
  for (let moved = true; moved && rounds < maxRounds; rounds++) {
    moved = assign(x, centres, { of, count, d });
    if (moved) recentre(x, centres, { of, count, d });
  }
  return named(x, centres, { of, count, d }, rounds);
}

interface Assignment {
  readonly of: Int32Array;
  readonly count: number;
  readonly d: number;
}

/** Each point to its nearest centre, the first of equal ones; whether any changed. */
function assign(x: RealArray, centres: Float64Array, { of, count, d }: Assignment): boolean {
  let moved = false;
  for (let i = 0; i < of.length; i++) {
    let [nearest, least] = [0, Number.POSITIVE_INFINITY];
    for (let c = 0; c < count; c++) {
      const distance = squaredDistance(x, i, centres, c, d);
      if (distance < least) [nearest, least] = [c, distance];
    }
    moved ||= of[i] !== nearest;
    of[i] = nearest;
  }
  return moved;
}

/** Means of what is assigned; a centre that lost all its points stays where it was. */
function recentre(x: RealArray, centres: Float64Array, { of, count, d }: Assignment): void {
  const sizes = new Int32Array(count);
  for (const c of of) sizes[c]++;
  for (let c = 0; c < count; c++) if (sizes[c] > 0) centres.fill(0, c * d, (c + 1) * d);
  of.forEach((c, i) => {
    for (let j = 0; j < d; j++) centres[c * d + j] += x[i * d + j] / sizes[c];
  });
}

function named(x: RealArray, centres: Float64Array, { of, count, d }: Assignment, rounds: number): Clusters {
  const sizes = new Int32Array(count);
  for (const c of of) sizes[c]++;
  const order = Array.from({ length: count }, (_, c) => c)
    .filter((c) => sizes[c] > 0)
    .sort((a, b) => sizes[b] - sizes[a] || a - b);
  const place = new Int32Array(count);
  order.forEach((c, at) => {
    place[c] = at;
  });
  const inertia = of.reduce((total, c, i) => total + squaredDistance(x, i, centres, c, d), 0);
  return {
    names: order.map((_, at) => `cluster ${at + 1}`),
    of: of.map((c) => place[c]),
    centres: Float64Array.from(order.flatMap((c) => Array.from(centres.subarray(c * d, (c + 1) * d)))),
    inertia,
    rounds,
  };
}

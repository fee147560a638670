// How two lists of numbers go together: Pearson's correlation and Spearman's, of ranks.

import { sum } from "./sum.ts";

function requirePairs(where: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length)
    throw new RangeError(`${where}: both must have as many numbers, got ${a.length} and ${b.length}`);
}

/** Pearson's correlation in [-1, 1]; undefined for fewer than three pairs, or where one list has no variation. RangeError where lengths differ. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  requirePairs("pearson", a, b);
  if (a.length < 3) return undefined;
  const centred = (values: ArrayLike<number>): Float64Array => {
    const own = Float64Array.from(values);
    const mean = sum(own) / own.length;
    return own.map((value) => value - mean);
  };
  const [x, y] = [centred(a), centred(b)];
  const product = (u: Float64Array, v: Float64Array): number => sum(u.map((value, k) => value * v[k]));
  const scale = Math.sqrt(product(x, x) * product(y, y));
  return scale > 0 ? Math.max(-1, Math.min(1, product(x, y) / scale)) : undefined;
}

/** 1 for the smallest; equal numbers share the mean of their ranks. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (value, at) => ({ value, at })).sort((a, b) => a.value - b.value);
  const ranks = new Float64Array(order.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to].value === order[from].value) to++;
    for (let k = from; k < to; k++) ranks[order[k].at] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** Spearman's rank correlation; undefined where Pearson's of the ranks is. RangeError where lengths differ. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  requirePairs("spearman", a, b);
  return pearson(ranksOf(a), ranksOf(b));
}

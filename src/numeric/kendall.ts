// Kendall's rank correlation tau-b of two lists, ties counted, in n log n by Knight's method (Journal of the ASA 61, 1966).

/** Pairs of equal neighbours in a sorted order: sum of t (t - 1) / 2 over runs of length t. */
function pairsOfEqual(count: number, same: (k: number) => boolean): number {
  let [pairs, run] = [0, 1];
  for (let k = 1; k <= count; k++) {
    if (k < count && same(k)) run++;
    else {
      pairs += (run * (run - 1)) / 2;
      run = 1;
    }
  }
  return pairs;
}

/** Sorts in place by merging and counts the exchanges of neighbours that this takes: pairs i < j with values[i] > values[j]. */
function exchanges(values: Float64Array): number {
  const n = values.length;
  let [from, to]: Float64Array[] = [values, new Float64Array(n)];
  let count = 0;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const [middle, end] = [Math.min(start + width, n), Math.min(start + 2 * width, n)];
      for (let i = start, j = middle, k = start; k < end; k++) {
        if (i < middle && (j >= end || from[i] <= from[j])) to[k] = from[i++];
        else {
          count += middle - i;
          to[k] = from[j++];
        }
      }
    }
    [from, to] = [to, from];
  }
  if (from !== values) values.set(from);
  return count;
}

/**
 * tau-b = (concordant - discordant) / sqrt((pairs - ties in a)(pairs - ties in b)), in [-1, 1].
 *
 * Undefined for fewer than two numbers, or where all of one list are equal. RangeError where lengths differ or a number is NaN.
 */
export function kendall(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const n = a.length;
  if (b.length !== n) throw new RangeError(`kendall: both must have as many numbers, got ${n} and ${b.length}`);
  const [x, y] = [Float64Array.from(a), Float64Array.from(b)];
  if (x.some(Number.isNaN) || y.some(Number.isNaN)) throw new RangeError("kendall: numbers must be ordered, got NaN");
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => x[i] - x[j] || y[i] - y[j]);
  const isSameX = (k: number) => x[order[k]] === x[order[k - 1]];
  const tiesA = pairsOfEqual(n, isSameX);
  const tiesBoth = pairsOfEqual(n, (k) => isSameX(k) && y[order[k]] === y[order[k - 1]]);
  const sorted = Float64Array.from(order, (i) => y[i]);
  const discordant = exchanges(sorted);
  const tiesB = pairsOfEqual(n, (k) => sorted[k] === sorted[k - 1]);
  const pairs = (n * (n - 1)) / 2;
  const scale = Math.sqrt(pairs - tiesA) * Math.sqrt(pairs - tiesB);
  if (!(scale > 0)) return undefined;
  return Math.max(-1, Math.min(1, (pairs - tiesA - tiesB + tiesBoth - 2 * discordant) / scale));
}

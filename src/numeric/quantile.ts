// Quantiles of numbers, between two of them where they fall there.

/** The value below which a part of the numbers lies, linear between neighbours (type 7 of Hyndman & Fan 1996, numpy's); those that are not finite are left out, NaN where none is left. */
export function quantile(values: ArrayLike<number>, part: number): number {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return Number.NaN;
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const next = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (place - below) * (next - sorted[below]);
}

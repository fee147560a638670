// When a measure along training passes a level for the first time.

/**
 * The first x at which a measure reaches `level`, coming from its first value, between the looks around it on a straight line; the last x where it
 * never does. Lists are as long as each other, x ascends.
 */
export function crossing(x: readonly number[], values: readonly number[], level: number): number {
  const sign = values[0] < level ? 1 : -1;
  const k = values.findIndex((value) => sign * (value - level) >= 0);
  if (k < 0) return x[x.length - 1];
  if (k === 0) return x[0];
  return x[k - 1] + ((level - values[k - 1]) / (values[k] - values[k - 1])) * (x[k] - x[k - 1]);
}

// Measures of several seeds as what figures draw: a line of means with a band, a dot with an interval.

import type { Dot } from "../figures/dots.ts";
import type { LineSeries } from "../figures/lines.ts";
import { meanInterval } from "../numeric/student.ts";

/** The 95 % interval of the mean over seeds at each place; without a band for one seed. `rows` has a list for each seed. */
export function bandOf(name: string, x: readonly number[], rows: readonly (readonly number[])[]): LineSeries {
  const all = x.map((_, k) => meanInterval(rows.map((row) => row[k])));
  const y = all.map(({ mean }) => mean);
  if (rows.length < 2) return { name, x, y };
  const band = { low: all.map(({ mean, half }) => mean - half), high: all.map(({ mean, half }) => mean + half) };
  return { name, x, y, band };
}

/** For logarithmic axes, where mean and interval are of the logarithms: the band cannot reach below zero. RangeError where a value is not above zero. */
export function logBandOf(name: string, x: readonly number[], rows: readonly (readonly number[])[]): LineSeries {
  if (rows.some((row) => row.some((value) => !(value > 0))))
    throw new RangeError(`logBandOf: values of ${name} must be above 0`);
  const { band, ...line } = bandOf(
    name,
    x,
    rows.map((row) => row.map(Math.log)),
  );
  const exp = (values: ArrayLike<number>): number[] => Array.from(values, Math.exp);
  return { ...line, y: exp(line.y), ...(band && { band: { low: exp(band.low), high: exp(band.high) } }) };
}

/** A line whose band ends where its axis does. */
export function cutBand({ band, ...line }: LineSeries, [least, most]: readonly [number, number]): LineSeries {
  const cut = (values: ArrayLike<number>) => Array.from(values, (value) => Math.min(most, Math.max(least, value)));
  return { ...line, ...(band && { band: { low: cut(band.low), high: cut(band.high) } }) };
}

/** Mean, interval and single values. */
export function dotOf(values: readonly number[], series = 0): Dot {
  const { mean, half } = meanInterval(values);
  return { series, mean, values, ...(Number.isFinite(half) && { low: mean - half, high: mean + half }) };
}

/** "95 % interval over 5 seeds". */
export const intervalWords = (seeds: number): string => (seeds < 2 ? "one seed" : `95 % interval over ${seeds} seeds`);

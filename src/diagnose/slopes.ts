// Slopes of measures against a size on logarithmic axes, one for each seed, with an interval over seeds.

import { meanInterval } from "../numeric/student.ts";

export interface Slope {
  /** Mean over seeds of d log(measure) / d log(size), by least squares in each. */
  readonly slope: number;
  /** Half of the 95 % interval of that mean, by Student's t; NaN for one seed. */
  readonly half: number;
  readonly seeds: number;
}

export interface SizedMeasure {
  readonly seed: number;
  readonly size: number;
  readonly measure: number;
}

/** d log(measure) / d log(size) by least squares. */
export function logLogSlope(points: readonly Pick<SizedMeasure, "size" | "measure">[]): number {
  const bad = points.find(({ size, measure }) => !(size > 0 && measure > 0));
  if (bad) throw new RangeError(`logLogSlope: sizes and measures must be > 0, got ${bad.measure} at ${bad.size}`);
  if (new Set(points.map(({ size }) => size)).size < 2)
    throw new RangeError(`logLogSlope: there must be two sizes or more, got ${points.length} points of one`);
  const [x, y] = [points.map(({ size }) => Math.log(size)), points.map(({ measure }) => Math.log(measure))];
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const across = x.reduce((sum, value, k) => sum + (value - mx) * (y[k] - my), 0);
  return across / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
}

/** The slope of each seed, their mean and its interval. RangeError where there is nothing to fit. */
export function slopeOverSeeds(measures: readonly SizedMeasure[]): Slope {
  const seeds = [...new Set(measures.map(({ seed }) => seed))];
  const slopes = seeds.map((seed) => logLogSlope(measures.filter((own) => own.seed === seed)));
  const { mean: slope, half, count } = meanInterval(slopes);
  return { slope, half, seeds: count };
}

// Slopes of measures against a size on logarithmic axes, one for each seed, with an interval over seeds.

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

/** Student's t for 95 % two-sided at 1 to 10 degrees of freedom, then 12, 15, 20, 30, 60 and without end. */
const STUDENT: readonly (readonly [number, number])[] = [
  [1, 12.706],
  [2, 4.303],
  [3, 3.182],
  [4, 2.776],
  [5, 2.571],
  [6, 2.447],
  [7, 2.365],
  [8, 2.306],
  [9, 2.262],
  [10, 2.228],
  [12, 2.179],
  [15, 2.131],
  [20, 2.086],
  [30, 2.042],
  [60, 2.0],
];

/** The tabled value at the next smaller number of degrees of freedom: never too narrow. */
const studentOf = (freedom: number): number => STUDENT.filter(([df]) => df <= freedom).at(-1)![1];

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
  const n = slopes.length;
  const slope = slopes.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { slope, half: Number.NaN, seeds: n };
  const variance = slopes.reduce((sum, value) => sum + (value - slope) ** 2, 0) / (n - 1);
  return { slope, half: studentOf(n - 1) * Math.sqrt(variance / n), seeds: n };
}

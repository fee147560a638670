// Student's t: the mean of a few independent values, with its 95 % interval.

/** Two-sided 95 % quantiles at 1 to 10 degrees of freedom, then 12, 15, 20, 30, 60 and without end. */
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

export interface MeanInterval {
  readonly mean: number;
  /** Half of the 95 % interval of the mean; NaN for one value. */
  readonly half: number;
  readonly count: number;
}

/** Mean of independent values (one for each seed) and half of its 95 % interval. RangeError for none. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const count = values.length;
  if (count === 0) throw new RangeError("meanInterval: there must be a value, got none");
  const mean = values.reduce((a, b) => a + b, 0) / count;
  if (count < 2) return { mean, half: Number.NaN, count };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, half: studentOf(count - 1) * Math.sqrt(variance / count), count };
}

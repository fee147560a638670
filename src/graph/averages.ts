// Average pools as sums: how many elements each window averages over, and the sums themselves.

import { UnsupportedError } from "../errors.ts";
import { reals } from "../numeric/tensor.ts";
import type { GraphBuilder } from "./builder.ts";
import { mul } from "./ops.ts";
import { padSpatial, tapAlong } from "./patches.ts";
import type { Attributes, Value } from "./types.ts";
import { extended, numberOf, type PlacedWindows, spatialSizes, windowCounts, windowsOf } from "./windows.ts";

/** An average pool: its windows (with what hangs over the end in `after`), how many there are, and what a sum is multiplied by. */
export interface Averages extends PlacedWindows {
  /** 1 / number of elements: one number where all windows are full, else (1, 1, ...counts). */
  readonly scale: number | Value;
}

const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

/** Number of taps of each window along axis i whose position lies in low..high - 1. */
function tapsThatCount(
  { windows, counts }: PlacedWindows,
  i: number,
  [low, high]: readonly [number, number],
): number[] {
  const { kernel, strides, dilations, before } = windows;
  return Array.from({ length: counts[i] }, (_, o) => {
    // Tap t lies at first + t dilation.
    const first = o * strides[i] - before[i];
    const below = Math.max(0, Math.ceil((low - first) / dilations[i]));
    const inside = Math.min(kernel[i], Math.ceil((high - first) / dilations[i]));
    return Math.max(0, inside - below);
  });
}

/** One number for each window that is not full. */
const MOST_SCALES = 2 ** 24;

/** Reads an AveragePool of x from its attributes. Padding counts where count_include_pad says so, what hangs over it never does. */
export function averagesOf(b: GraphBuilder, x: Value, attributes: Attributes): Averages {
  const sizes = spatialSizes(x.shape);
  const windows = windowsOf(attributes, attributes.kernel_shape as readonly number[]);
  const counts = windowCounts(windows, sizes, numberOf(attributes, "ceil_mode", 0) === 1);
  if (product(counts) > MOST_SCALES)
    throw new UnsupportedError(`AveragePool: there must be at most 2^24 windows, got [${counts}]`);
  const includePad = numberOf(attributes, "count_include_pad", 0) === 1;
  const byAxis = sizes.map((size, i) => {
    return tapsThatCount(
      { windows, counts },
      i,
      includePad ? [-windows.before[i], size + windows.after[i]] : [0, size],
    );
  });
  const full = byAxis.every((taps, i) => taps.every((n) => n === windows.kernel[i]));
  const outer = byAxis.reduce<number[]>((grid, taps) => grid.flatMap((a) => taps.map((n) => a * n)), [1]);
  // A window of padding only has sum 0 and no element: its average is 0, not 0 / 0.
  const reciprocals = outer.map((n) => (n === 0 ? 0 : 1 / n));
  const scale = full ? 1 / product(windows.kernel) : b.constant(reals([1, 1, ...counts], reciprocals));
  return { windows: extended({ windows, counts }, sizes), counts, scale };
}

/** Taps along axis i that meet more than padding in some window, which is zeros; one where none does. */
function tapsOnInput({ windows, counts }: PlacedWindows, i: number, size: number): number[] {
  const { kernel, strides, dilations, before } = windows;
  const taps = Array.from({ length: kernel[i] }, (_, tap) => tap).filter((tap) => {
    const start = tap * dilations[i] - before[i];
    return start < size && start + (counts[i] - 1) * strides[i] >= 0;
  });
  return taps.length > 0 ? taps : [0];
}

/** AveragePool by sums of slices, one axis after the other. */
export function averageBySums(b: GraphBuilder, x: Value, attributes: Attributes): Value {
  const { windows, counts, scale } = averagesOf(b, x, attributes);
  const first = x.shape.length - counts.length;
  const sizes = spatialSizes(x.shape);
  const sums = counts.reduce<Value>(
    (sum, count, i) => {
      const taps = tapsOnInput({ windows, counts }, i, sizes[i]);
      const slices = taps.map((tap) => tapAlong(b, sum, { windows, i, tap, count, first }));
      return slices.length === 1 ? slices[0] : b.op("Sum", slices);
    },
    padSpatial(b, x, windows),
  );
  return mul(b, sums, scale);
}

// The least and the largest of many numbers, leaving out what an axis cannot show.

/** Undefined where there is no number at all. */
export type Extent = readonly [low: number, high: number] | undefined;

/** Of all numbers of the lists that are finite, and above zero where an axis is logarithmic. */
export function extentOf(lists: Iterable<ArrayLike<number>>, { positive = false } = {}): Extent {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (!Number.isFinite(value) || (positive && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : undefined;
}

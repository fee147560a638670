// Means of numbers of which some may be undefined.

import { sum } from "../numeric/sum.ts";

/** The mean of those that are defined; undefined where none is. */
export function mean(values: readonly (number | undefined)[]): number | undefined {
  const own = values.filter((value) => value !== undefined);
  return own.length === 0 ? undefined : sum(own) / own.length;
}

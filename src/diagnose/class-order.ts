// Examples in the order of their classes, as kernels are shown and classes are averaged over.

import { requireLabels } from "./checks.ts";

export interface ClassOrder {
  /** Labels that occur, ascending (k). */
  readonly classes: readonly number[];
  /** Examples of each (k). */
  readonly counts: readonly number[];
  /** Indices of all examples, those of the first class first, each class in the order given (N). */
  readonly order: Int32Array;
  /** Where each class begins in `order`, and where the last ends (k + 1). */
  readonly bounds: readonly number[];
}

/** Cost: O(N log N). RangeError for labels that are no whole numbers >= 0. */
export function classOrder(labels: ArrayLike<number>): ClassOrder {
  requireLabels("classOrder", labels, labels.length);
  const order = Int32Array.from({ length: labels.length }, (_, i) => i).sort((a, b) => labels[a] - labels[b] || a - b);
  const bounds = Array.from(order.keys()).filter((at) => at === 0 || labels[order[at]] !== labels[order[at - 1]]);
  const classes = bounds.map((at) => labels[order[at]]);
  bounds.push(labels.length);
  return { classes, counts: classes.map((_, k) => bounds[k + 1] - bounds[k]), order, bounds };
}

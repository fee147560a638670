// What each example of a batch counts in a loss that PyTorch reduces over all its elements.

import { axesOf, IGNORED } from "../graph/outputs.ts";
import type { Task } from "./task.ts";

export type LossReduction = "mean" | "sum";

/**
 * c_{s,i} of theory 1.0 for the examples of a batch, so that sum_i c_i l_i is PyTorch's reduced loss, where our l_i is a mean over e_i elements:
 *
 *     mean: c_i = e_i / sum_j e_j,   sum: c_i = e_i
 *
 * Where our l_i is a sum over them, c_i = 1 / sum_j e_j and 1.
 * e_i is the number of outputs of an example, and for class labels the number of its positions that count (1 without positions).
 */
export function reducedWeights(
  { loss, outputShape, dataset }: Pick<Task, "loss" | "outputShape" | "dataset">,
  indices: Int32Array,
  reduction: LossReduction,
): Float64Array {
  const { positions, width } = axesOf(outputShape);
  const labels = dataset.train.y.data;
  const elements = (example: number): number => {
    if (loss.target !== "class") return positions * width;
    const own = labels.subarray(example * positions, (example + 1) * positions) as BigInt64Array;
    return own.reduce((count, label) => count + (label === BigInt(IGNORED) ? 0 : 1), 0);
  };
  const weights = Float64Array.from(indices, elements);
  const total = weights.reduce((sum, count) => sum + count, 0);
  if (loss.sums) weights.fill(1);
  if (reduction === "sum") return weights;
  // A batch in which nothing counts has no loss here; PyTorch's mean of it is NaN.
  return total === 0 ? weights : weights.map((count) => count / total);
}

// Scores that coverage must stand beside: the largest probability of a softmax, and the nearest training example in some space.

import { dotProduct } from "../kernels/input-kernels.ts";
import { inputMachineKernel } from "../kernels/machine-kernel.ts";
import { distancesTo, nearest } from "../machines/nearest.ts";
import type { Tensor } from "../numeric/tensor.ts";

/**
 * The largest probability that softmax gives for each row of logits (Hendrycks and Gimpel 2017): the larger, the more sure.
 *
 * Shapes: (Q, C), row-major -> (Q). RangeError where the numbers are no rows of C, at least two.
 */
export function maxProbability(logits: ArrayLike<number>, classes: number): Float64Array {
  if (!(Number.isSafeInteger(classes) && classes >= 2 && logits.length % classes === 0))
    throw new RangeError(
      `maxProbability: logits must be rows of two classes or more, got ${logits.length} numbers of ${classes}`,
    );
  return Float64Array.from({ length: logits.length / classes }, (_, q) => {
    let top = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) top = Math.max(top, logits[q * classes + c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logits[q * classes + c] - top);
    return 1 / sum;
  });
}

export const nearnessMeasures = ["euclidean", "cosine"] as const;
export type NearnessMeasure = (typeof nearnessMeasures)[number];

/**
 * Minus the distance to the nearest training example, the larger the nearer: Euclidean, or 1 - cosine.
 *
 * Shapes: queries (Q, ...), train (N, ...), as inputs or as `hiddenFeatures` gives them -> (Q). Cost: Q N d.
 * RangeError for rows of other sizes, no training example, or another measure.
 */
export async function nearness(
  queries: Tensor,
  train: Tensor,
  measure: NearnessMeasure = "euclidean",
): Promise<Float64Array> {
  if (!nearnessMeasures.includes(measure))
    throw new RangeError(`nearness: measure must be one of ${nearnessMeasures.join(", ")}, got ${measure}`);
  const distances = await distancesTo(inputMachineKernel(train, dotProduct(), "kernel of inputs"), measure);
  return nearest(await distances(queries), 1).distances.data.map((distance) => -distance);
}

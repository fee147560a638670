// Scores that coverage must stand beside: the largest probability of a softmax, and the nearest training example in some space.

import { type RealArray, sizeOf, type Tensor } from "../numeric/tensor.ts";

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

/** Sum of a product or of a squared difference over one row of each; four sums, so that additions do not wait for each other. */
function compared(a: RealArray, b: RealArray, [at, from, size]: readonly number[], squares: boolean): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const term = (k: number): number => {
    const [x, y] = [a[at + k], b[from + k]];
    return squares ? (x - y) * (x - y) : x * y;
  };
  let k = 0;
  for (; k + 3 < size; k += 4) {
    s0 += term(k);
    s1 += term(k + 1);
    s2 += term(k + 2);
    s3 += term(k + 3);
  }
  for (; k < size; k++) s0 += term(k);
  return s0 + s1 + s2 + s3;
}

/**
 * How near the nearest training example is, the larger the nearer: minus the Euclidean distance, or the cosine (0 with zeros).
 *
 * Shapes: queries (Q, ...), train (N, ...), as inputs or as `hiddenFeatures` gives them -> (Q). Cost: Q N d.
 * RangeError for rows of other sizes, or no training example.
 */
export function nearness(queries: Tensor, train: Tensor, measure: NearnessMeasure = "euclidean"): Float64Array {
  const where = "nearness";
  const size = sizeOf(queries.shape.slice(1));
  if (size !== sizeOf(train.shape.slice(1)))
    throw new RangeError(`${where}: rows must have as many numbers, got [${queries.shape}] and [${train.shape}]`);
  if (train.shape[0] === 0) throw new RangeError(`${where}: there must be a training example, got none`);
  if (!nearnessMeasures.includes(measure))
    throw new RangeError(`${where}: measure must be one of ${nearnessMeasures.join(", ")}, got ${measure}`);
  const [a, b] = [queries.data as RealArray, train.data as RealArray];
  const [count, points] = [queries.shape[0], train.shape[0]];
  const euclidean = measure === "euclidean";
  const lengths = (of: RealArray, rows: number): Float64Array =>
    Float64Array.from({ length: rows }, (_, n) => Math.sqrt(compared(of, of, [n * size, n * size, size], false)));
  const [own, others] = euclidean ? [] : [lengths(a, count), lengths(b, points)];
  return Float64Array.from({ length: count }, (_, q) => {
    let best = Number.NEGATIVE_INFINITY;
    for (let n = 0; n < points; n++) {
      const value = compared(a, b, [q * size, n * size, size], euclidean);
      if (euclidean) best = Math.max(best, -value);
      else {
        const length = own![q] * others![n];
        best = Math.max(best, length > 0 ? value / length : 0);
      }
    }
    return euclidean ? -Math.sqrt(-best) : best;
  });
}

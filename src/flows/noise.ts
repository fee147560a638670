// The noise of minibatches: its covariance as a factor with a row an example, and the same random numbers as batches and as Brownian motion.

import { randomFrom } from "../numeric/random.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { type Task, trainableOf } from "../train/task.ts";
import { GradientField, meanRow, requireDouble } from "./field.ts";

/** RangeError unless 1 <= b <= n. */
export function requireBatchSize(where: string, b: number, n: number): void {
  if (!Number.isSafeInteger(b) || b < 1 || b > n)
    throw new RangeError(`${where}: batchSize must be an integer in 1..${n}, got ${b}`);
}

/** (n - b) / (b (n - 1)): how much less b of n without replacement vary than one. */
export const varianceOfSubsets = (n: number, b: number): number => (n === 1 ? 0 : (n - b) / (b * (n - 1)));

/** Rows sqrt(kappa / n) (grad l_i - grad L) of per-example gradients (n, p), in place; gives grad L. */
export function centre(gradients: Float64Array, size: number, batchSize: number): Float64Array {
  const n = gradients.length / size;
  const mean = meanRow(gradients, size);
  const factor = Math.sqrt(varianceOfSubsets(n, batchSize) / n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < size; k++) gradients[i * size + k] = factor * (gradients[i * size + k] - mean[k]);
  return mean;
}

/**
 * F (n, p) with F^T F = Sigma, the covariance of the gradient of a batch of b examples that are drawn uniformly without replacement:
 *
 *     Sigma = (n - b) / (b (n - 1)) 1/n sum_i (grad l_i - grad L) (grad l_i - grad L)^T                    (theory 1.4, (7))
 *
 * F^T z of n standard normals has the law of Sigma^{1/2} z of p, at no decomposition.
 */
export async function noiseFactor(
  task: Task,
  options: { readonly params: RealArray; readonly batchSize: number },
): Promise<Float64Array> {
  requireDouble("noiseFactor", task);
  const field = await GradientField.of(task);
  requireBatchSize("noiseFactor", options.batchSize, field.examples);
  const rows = await field.at(Float64Array.from(trainableOf(task, options.params, "float64")));
  centre(rows, field.size, options.batchSize);
  return rows;
}

/**
 * Normal numbers for every run, step, piece of a step and example. Run 2j + 1 has the negatives of those of run 2j: what is odd in the noise
 * cancels in their mean.
 */
export class Noise {
  private readonly seed: number;
  private readonly examples: number;
  private readonly pieces: number;

  constructor({ seed, examples, pieces }: { seed: number; examples: number; pieces: number }) {
    this.seed = seed;
    this.examples = examples;
    this.pieces = pieces;
  }

  /** The numbers of one run, step by step: (pieces, n) each. */
  *of(run: number): Generator<Float64Array, never> {
    const random = randomFrom(this.seed, `noise ${Math.floor(run / 2)}`);
    const sign = run % 2 === 0 ? 1 : -1;
    for (;;) yield Float64Array.from({ length: this.pieces * this.examples }, () => sign * random.normal());
  }

  /** The b examples for which the noise of a step is largest: each subset is as likely as any other, and near that noise. */
  batch(numbers: Float64Array, batchSize: number): Int32Array {
    const totals = new Float64Array(this.examples);
    for (let k = 0; k < numbers.length; k++) totals[k % this.examples] += numbers[k];
    const order = Int32Array.from(totals, (_, i) => i).sort((i, j) => totals[j] - totals[i]);
    return order.slice(0, batchSize);
  }
}

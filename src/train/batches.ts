// Which examples make each step: planned before training, recorded, never drawn again.

import { InvalidDataError } from "../errors.ts";
import type { Tensor } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";

/** What the sampler needs of a generator. */
export interface Permuter {
  permutation(n: number): Int32Array;
}

/** A batch in which each occurrence counts 1/|B| (mean loss). */
export function meanBatch(indices: Int32Array): Batch {
  return { indices, weights: new Float64Array(indices.length).fill(1 / indices.length) };
}

export interface BatchPlan {
  /** Training examples. */
  readonly examples: number;
  readonly batchSize: number;
  /** Either whole passes over the data, or a number of steps. */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
}

/** Number of steps that a plan makes; the last partial batch of each epoch is kept. RangeError for a count below 1. */
export function countSteps({ examples, batchSize, epochs = 1, steps }: BatchPlan): number {
  for (const [name, count] of Object.entries({ examples, batchSize, epochs, ...(steps !== undefined && { steps }) })) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`batches: ${name} must be a positive integer, got ${count}`);
  }
  return steps ?? Math.ceil(examples / batchSize) * epochs;
}

/** Batches without replacement within an epoch: a fresh permutation each epoch, cut into batches, the last one partial. */
export function* shuffledBatches(plan: BatchPlan, random: Permuter): Generator<Batch> {
  const { examples, batchSize } = plan;
  let left = countSteps(plan);
  while (left > 0) {
    const order = random.permutation(examples);
    for (let start = 0; start < examples && left > 0; start += batchSize, left--) {
      yield meanBatch(order.slice(start, Math.min(examples, start + batchSize)));
    }
  }
}

/** The same batch of all examples at every step (gradient descent). */
export function* fullBatches(examples: number, steps: number): Generator<Batch> {
  const all = meanBatch(Int32Array.from({ length: examples }, (_, i) => i));
  for (let s = 0; s < steps; s++) yield all;
}

/** Batches that the user gives as an integer array [steps, batch] of training indices; InvalidDataError for any other. */
export function givenBatches(source: Tensor, examples: number, name: string): Batch[] {
  if (source.shape.length !== 2 || source.dtype === "float32" || source.dtype === "float64") {
    throw new InvalidDataError(
      `${name} must be an integer array [steps, batch], got ${source.dtype} of shape [${source.shape}]`,
    );
  }
  const [steps, size] = source.shape;
  if (steps === 0 || size === 0)
    throw new InvalidDataError(`${name} must have a step, and an example in each, got shape [${source.shape}]`);
  return Array.from({ length: steps }, (_, s) => {
    const indices = Array.from({ length: size }, (_, k) => Number(source.data[s * size + k]));
    const bad = indices.find((i) => i < 0 || i >= examples);
    if (bad !== undefined)
      throw new InvalidDataError(`${name}: training indices must lie in 0..${examples - 1}, got ${bad} at step ${s}`);
    return meanBatch(Int32Array.from(indices));
  });
}

/**
 * Every `count` batches as one, which counts the mean of what they count: gradient accumulation, where a step is made of the sum of their
 * gradients over `count`. Batches that do not fill the last one are left out.
 */
export function* accumulatedBatches(batches: Iterable<Batch>, count: number): Generator<Batch> {
  let group: Batch[] = [];
  for (const batch of batches) {
    group.push(batch);
    if (group.length < count) continue;
    yield group.length === 1 ? batch : joined(group);
    group = [];
  }
}

function joined(group: readonly Batch[]): Batch {
  const indices = Int32Array.from(group.flatMap((batch) => [...batch.indices]));
  const [{ length }] = group.map((batch) => batch.indices);
  const alike = group.every(({ weights }) => weights.length === length && weights.every((c) => c === 1 / length));
  // 1 / n at once, not (1 / m) / k, is what a mean over all of them is.
  const { weights } = alike
    ? meanBatch(indices)
    : { weights: Float64Array.from(group.flatMap((batch) => [...batch.weights].map((c) => c / group.length))) };
  const keys = group.every((batch) => batch.keys) && group.flatMap((batch) => [...(batch.keys as BigInt64Array)]);
  return { indices, weights, ...(keys && { keys: BigInt64Array.from(keys) }) };
}

/** The same batches with the weight of each occurrence multiplied by that of its example. */
export function* weightedBatches(batches: Iterable<Batch>, exampleWeights: Float64Array): Generator<Batch> {
  let [from, to]: (Batch | undefined)[] = [];
  for (const batch of batches) {
    const { indices, weights } = batch;
    // All examples at every step are one batch again and again.
    if (batch !== from) to = { ...batch, weights: weights.map((c, n) => c * exampleWeights[indices[n]]) };
    from = batch;
    yield to as Batch;
  }
}

/** Weights of examples as they are given; InvalidDataError unless they are one finite number >= 0 for each, not all 0. */
export function checkExampleWeights(weights: Float64Array, examples: number, name: string): Float64Array {
  if (weights.length !== examples)
    throw new InvalidDataError(
      `${name}: must have a weight for each of ${examples} training examples, got ${weights.length}`,
    );
  const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0)
    throw new InvalidDataError(`${name}: weights must be numbers >= 0, got ${weights[bad]} for example ${bad}`);
  if (weights.every((weight) => weight === 0)) throw new InvalidDataError(`${name}: a weight must be > 0, got zeros`);
  return weights;
}

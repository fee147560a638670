// The keys of occurrences: drawn from a run's seed where training is random, and recorded as such.

import { UnsupportedError } from "../errors.ts";
import type { Model } from "../models/types.ts";
import { occurrenceKeys } from "../numeric/keyed-masks.ts";
import { generatorName } from "../numeric/random.ts";
import type { Batch, Run, RunManifest } from "../run/types.ts";

/** What a manifest says of a model's randomness: nothing where it has none. */
export function randomnessOf({ training }: Pick<Model, "training">): Pick<RunManifest, "random"> {
  if (!training) return {};
  return { random: { generator: generatorName, dropout: training.masks.map(({ ratio }) => ratio) } };
}

/** UnsupportedError where the masks of a run cannot be made again here. */
export function requireMasks({ manifest, path }: Pick<Run, "manifest" | "path">): void {
  const generator = manifest.random?.generator;
  if (generator === undefined || generator === generatorName) return;
  throw new UnsupportedError(`${path}: masks must be of ${generatorName}, got those of ${generator}`, {
    hint: "another version of pathkernel recorded this run: explain it with that one",
  });
}

/**
 * The batches with keys for their occurrences, those of a training with this seed from its first step on; batches that have keys keep them. A batch of
 * all examples at every step gets others at every step.
 */
export function* keyedBatches(batches: Iterable<Batch>, seed: number): Generator<Batch> {
  let done = 0;
  for (const batch of batches) {
    const count = batch.indices.length;
    yield batch.keys ? batch : { ...batch, keys: occurrenceKeys(seed, done, count) };
    done += count;
  }
}

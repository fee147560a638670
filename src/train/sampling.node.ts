// Where the batches of a training come from: as a request says, and again as a recorded run says.

import { InvalidDataError, InvalidRunError, UnsupportedError } from "../errors.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { generatorName, randomFrom } from "../numeric/random.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import type { Batch, Run, Sampling } from "../run/types.ts";
import { countSteps, fullBatches, givenBatches, shuffledBatches } from "./batches.ts";
import { keyedBatches, requireMasks } from "./keys.ts";

export const DEFAULT_BATCH_SIZE = 64;

/** What a request says of its batches. */
export interface BatchRequest {
  readonly optimizer: string;
  /** Default 64; `gd` always takes all examples. */
  readonly batchSize?: number | undefined;
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** A .npy file [steps, batch] of training indices. */
  readonly batches?: string | undefined;
  readonly seed: number;
}

export interface PlannedBatches {
  readonly batches: Iterable<Batch>;
  readonly steps: number;
  readonly batchSize: number;
  readonly sampling: Sampling;
}

const drawn = (name: Sampling["name"]): Sampling => ({ name, file: null, sha256: null });

function batchesOfFile(file: string, examples: number): { readonly batches: Batch[]; readonly sampling: Sampling } {
  const bytes = readFileBytes(file);
  const batches = givenBatches(decodeNpy(bytes, file), examples, file);
  return { batches, sampling: { name: "file", file, sha256: sha256(bytes) } };
}

/** The batches that a request asks for, of so many training examples. */
export function batchesFor(request: BatchRequest, examples: number): PlannedBatches {
  if (request.batches !== undefined) {
    const { batches, sampling } = batchesOfFile(request.batches, examples);
    return { batches, steps: batches.length, batchSize: batches[0]?.indices.length ?? 0, sampling };
  }
  const { epochs, steps, optimizer, batchSize = DEFAULT_BATCH_SIZE } = request;
  if (optimizer === "gd") {
    if (request.batchSize !== undefined)
      throw new RangeError("gd takes all examples at every step: a batch size must not be given (use sgd)");
    const count = steps ?? epochs ?? 1;
    return { batches: fullBatches(examples, count), steps: count, batchSize: examples, sampling: drawn("full") };
  }
  const plan = { examples, batchSize, epochs, steps };
  const batches = shuffledBatches(plan, randomFrom(request.seed, "batches"));
  return { batches, steps: countSteps(plan), batchSize, sampling: drawn("shuffled") };
}

/** All batches of a recorded run from its first step, drawn again, with their keys where it has any. */
function drawnAgain(run: Run): Iterable<Batch> {
  const { random, seed } = run.manifest;
  requireMasks(run);
  return random ? keyedBatches(batchesAgain(run), seed) : batchesAgain(run);
}

function batchesAgain({ manifest, path }: Run): Iterable<Batch> {
  const { sampling, seed, generator, batchSize, plannedSteps: steps, data } = manifest;
  const cannot = (why: string) => new UnsupportedError(`cannot go on with ${path}: ${why}`);
  if (sampling === undefined) throw cannot("where its batches come from is not recorded");
  if (sampling.name === "full") return fullBatches(data.trainExamples, steps);
  if (sampling.name === "shuffled") {
    if (generator !== generatorName) throw cannot(`its batches were drawn by ${generator}, here is ${generatorName}`);
    return shuffledBatches({ examples: data.trainExamples, batchSize, steps }, randomFrom(seed, "batches"));
  }
  const given = batchesOfFile(sampling.file ?? "", data.trainExamples);
  if (given.sampling.sha256 === sampling.sha256) return given.batches;
  throw new InvalidDataError(`${sampling.file}: must be the batches of ${path}, got another file of that name`, {
    hint: "put back the file that it was begun with",
  });
}

function sameBatch(a: Batch, b: Batch): boolean {
  const { length } = a.indices;
  if (length !== b.indices.length) return false;
  for (let i = 0; i < length; i++) if (a.indices[i] !== b.indices[i] || a.weights[i] !== b.weights[i]) return false;
  return a.keys?.join() === b.keys?.join();
}

/**
 * The batches of a recorded run that are still to come. Those that it has are drawn too, and must be the same.
 *
 * UnsupportedError where the run does not say where its batches come from, or they cannot be drawn here; FileError, InvalidDataError where
 * they were in a file that is not there or is another; InvalidRunError where the recorded ones are others.
 */
export function* batchesToCome(run: Run): Generator<Batch> {
  let step = 0;
  for (const batch of drawnAgain(run)) {
    if (step >= run.batches.length) yield batch;
    else if (!sameBatch(batch, run.batches[step])) {
      throw new InvalidRunError(
        `${run.path}: batches must be those that its seed and data give, got others at step ${step}`,
      );
    }
    step++;
  }
}

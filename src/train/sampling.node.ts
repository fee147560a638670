// Where the batches of a training come from: as a request says, and again as a recorded run says.

import { readNumberColumn } from "../data/number-column.node.ts";
import { InvalidDataError, InvalidRunError, UnsupportedError } from "../errors.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { generatorName, randomFrom } from "../numeric/random.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import type { Batch, Run, Sampling } from "../run/types.ts";
import {
  accumulatedBatches,
  checkExampleWeights,
  countSteps,
  fullBatches,
  givenBatches,
  shuffledBatches,
  weightedBatches,
} from "./batches.ts";
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
  /** So many batches make one step. Default 1. */
  readonly accumulate?: number | undefined;
  /** A .npy file, or FILE.csv:COLUMN: a weight for each training example. */
  readonly exampleWeights?: string | undefined;
  readonly seed: number;
}

export interface PlannedBatches {
  readonly batches: Iterable<Batch>;
  readonly steps: number;
  /** Examples of a step. */
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
  return weighted(accumulated(request, examples), request.exampleWeights, examples);
}

function weighted(planned: PlannedBatches, file: string | undefined, examples: number): PlannedBatches {
  if (file === undefined) return planned;
  const { values, sha256: hash } = readNumberColumn(file);
  const batches = weightedBatches(planned.batches, checkExampleWeights(values, examples, file));
  return { ...planned, batches, sampling: { ...planned.sampling, exampleWeights: { file, sha256: hash } } };
}

/** Of an epoch's batches, or of those of a file, the last ones that fill no step are left out. */
function accumulated(request: BatchRequest, examples: number): PlannedBatches {
  const { accumulate: count = 1, steps: wanted } = request;
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`batches: accumulate must be a positive integer, got ${count}`);
  if (count === 1) return planned(request, examples);
  if (request.optimizer === "gd")
    throw new RangeError("gd takes all examples at every step: accumulate must not be given (use sgd)");
  const each = planned({ ...request, steps: wanted && wanted * count }, examples);
  const steps = Math.floor(each.steps / count);
  if (steps === 0)
    throw new RangeError(`batches: accumulate must be at most the ${each.steps} batches there are, got ${count}`);
  const sampling = { ...each.sampling, accumulate: count };
  return { batches: accumulatedBatches(each.batches, count), steps, batchSize: count * each.batchSize, sampling };
}

function planned(request: BatchRequest, examples: number): PlannedBatches {
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

/** InvalidDataError unless a file that the run was begun with is still the same. */
function requireSameFile(run: Run, what: string, file: string, [recorded, now]: readonly (string | null)[]): void {
  if (recorded === now) return;
  throw new InvalidDataError(`${file}: must be the ${what} of ${run.path}, got another file of that name`, {
    hint: "put back the file that it was begun with",
  });
}

/** All batches of a recorded run from its first step, drawn again, with their keys where it has any. */
function drawnAgain(run: Run): Iterable<Batch> {
  const { random, seed } = run.manifest;
  requireMasks(run);
  return random ? keyedBatches(batchesAgain(run), seed) : batchesAgain(run);
}

function batchesAgain(run: Run): Iterable<Batch> {
  const { sampling, data } = run.manifest;
  if (sampling === undefined)
    throw new UnsupportedError(`cannot go on with ${run.path}: where its batches come from is not recorded`);
  const { accumulate = 1, exampleWeights } = sampling;
  const batches = accumulatedBatches(drawnSingly(run, sampling, accumulate), accumulate);
  if (exampleWeights === undefined) return batches;
  const { file } = exampleWeights;
  const { values, sha256: hash } = readNumberColumn(file);
  requireSameFile(run, "example weights", file, [exampleWeights.sha256, hash]);
  return weightedBatches(batches, checkExampleWeights(values, data.trainExamples, file));
}

/** Its batches before they are put together, `accumulate` for each step. */
function drawnSingly(run: Run, sampling: Sampling, accumulate: number): Iterable<Batch> {
  const { seed, generator, batchSize, plannedSteps, data } = run.manifest;
  const examples = data.trainExamples;
  if (sampling.name === "full") return fullBatches(examples, plannedSteps);
  if (sampling.name === "shuffled") {
    if (generator !== generatorName) {
      const why = `its batches were drawn by ${generator}, here is ${generatorName}`;
      throw new UnsupportedError(`cannot go on with ${run.path}: ${why}`);
    }
    const plan = { examples, batchSize: batchSize / accumulate, steps: plannedSteps * accumulate };
    return shuffledBatches(plan, randomFrom(seed, "batches"));
  }
  const given = batchesOfFile(sampling.file ?? "", examples);
  requireSameFile(run, "batches", sampling.file ?? "", [sampling.sha256, given.sampling.sha256]);
  return given.batches;
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

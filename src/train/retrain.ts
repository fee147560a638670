// Trains a recorded run again without some of its examples: same start, same order, same step sizes, batches less those occurrences.

import { DivergedError } from "../errors.ts";
import { sum } from "../numeric/sum.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { requireBatches } from "../run/recording.ts";
import type { Batch, Run } from "../run/types.ts";
import { meanBatch } from "./batches.ts";
import { Stepper } from "./stepper.ts";
import type { Task } from "./task.ts";
import type { Progress } from "./train.ts";
import { advanceRecorded, storedBefore } from "./trajectory.ts";

/**
 * What the other examples of a batch count when some are left out. `mean`: the batch as a whole counts as before, so that a mean is over
 * what remains, as a trainer's would be whose data never held the others; a batch that nothing remains of makes no step. `kept`: each
 * counts what it counted, as if the losses of the others were 0; every step is made.
 */
export type RemainingWeights = "mean" | "kept";
export const remainingWeights: readonly RemainingWeights[] = ["mean", "kept"];

export interface RetrainOptions {
  /** Training indices to leave out. */
  readonly without: readonly number[];
  /** Default: `mean` for a run whose losses were averaged, else `kept`. */
  readonly weights?: RemainingWeights | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Retrained {
  /** Parameters after the last step. */
  readonly params: RealArray;
  readonly weights: RemainingWeights;
  /** The first step that had one of them in its batch; undefined where none had. */
  readonly firstStep: number | undefined;
  /** Occurrences that were left out. */
  readonly occurrences: number;
  /** Steps that were not made, since nothing remained of their batch. */
  readonly skippedSteps: number;
}

/** A batch less some examples; undefined where `mean` has nothing to be taken over. RangeError where the weights of the rest add up to 0. */
export function batchWithout(batch: Batch, without: ReadonlySet<number>, weights: RemainingWeights): Batch | undefined {
  const { indices, weights: before, keys: all, lossInputs } = batch;
  const left = indices.filter((index) => !without.has(index));
  if (left.length === indices.length) return batch;
  if (left.length === 0 && weights === "mean") return undefined;
  const others = {
    ...(all && { keys: all.filter((_, n) => !without.has(indices[n])) }),
    ...(lossInputs && { lossInputs }),
  };
  // The same numbers as those of a trainer that never had them: 1 / n, not c n' / n.
  if (weights === "mean" && before.every((c) => c === 1 / before.length)) return { ...meanBatch(left), ...others };
  const kept = before.filter((_, n) => !without.has(indices[n]));
  if (weights === "kept") return { indices: left, weights: kept, ...others };
  const rest = sum(kept);
  if (rest === 0) throw new RangeError("retrain: weights must be kept where those that remain in a batch add up to 0");
  const factor = sum(before) / rest;
  return { indices: left, weights: kept.map((c) => c * factor), ...others };
}

function requireExamples(without: readonly number[], examples: number): void {
  if (without.length === 0) throw new RangeError("retrain: without must name an example, got none");
  const stray = without.find((index) => !Number.isInteger(index) || index < 0 || index >= examples);
  if (stray !== undefined)
    throw new RangeError(`retrain: without must hold training examples 0..${examples - 1}, got ${stray}`);
}

/**
 * Parameters that the run would have ended with had these examples not been in its data: initial parameters, order, batches and step
 * sizes as recorded, each batch less these occurrences. The steps before the first that had one are the run's own and are not
 * made again.
 *
 * Errors: UnsupportedError for a run without batches; RangeError for examples that are not there; DivergedError where the other training leaves the finite numbers; rejects with
 * the signal's reason when aborted. Cost: that of training from that step on.
 */
export async function retrainWithout(task: Task, run: Run, options: RetrainOptions): Promise<Retrained> {
  requireBatches(run, "training without some examples");
  const { without, signal, onProgress } = options;
  requireExamples(without, task.dataset.train.x.shape[0]);
  const { weights = (run.manifest.reduction ?? "mean") === "mean" ? "mean" : "kept" } = options;
  const removed = new Set(without);
  const hits = run.batches.map(({ indices }) => indices.reduce((count, i) => count + (removed.has(i) ? 1 : 0), 0));
  const firstStep = hits.findIndex((count) => count > 0);
  const occurrences = hits.reduce((total, count) => total + count, 0);
  const steps = run.batches.length;
  if (firstStep < 0) {
    const { params } = await run.checkpoint(steps);
    return { params, weights, firstStep: undefined, occurrences, skippedSteps: 0 };
  }
  const stepper = new Stepper(task);
  stepper.restore(await run.checkpoint(storedBefore(run, firstStep)));
  const start = stepper.step;
  let skippedSteps = 0;
  for (let s = start; s < steps; s++) {
    signal?.throwIfAborted();
    const batch = batchWithout(run.batches[s], removed, weights);
    if (batch === undefined) skippedSteps++;
    else if (s < firstStep) await advanceRecorded(stepper, run);
    else {
      const { fault } = await stepper.advance(batch, run.scalars[s].stepSize);
      if (fault) throw new DivergedError(`training without these examples diverged at step ${s}: ${fault}`, s);
    }
    onProgress?.({ stage: "train without them", done: s + 1 - start, total: steps - start });
  }
  return { params: stepper.params.slice() as RealArray, weights, firstStep, occurrences, skippedSteps };
}

// Trains a model and records every step.

import { DivergedError } from "../errors.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Batch, Checkpoint, RunStatus, RunWriter } from "../run/types.ts";
import type { Schedule } from "../schedules/types.ts";
import { requireSearchable, searchStep } from "./line-search.ts";
import { type Advance, Stepper } from "./stepper.ts";
import type { Task } from "./task.ts";

/** What long work tells while it runs. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** One number worth seeing on the way: the loss. */
  readonly note?: string;
}

export interface TrainOptions {
  readonly task: Task;
  /** Trainable part of w_0, or a state that the record ends at, to go on from. */
  readonly initial: RealArray | Checkpoint;
  /** Loss of the last batch before it, where it is a state. */
  readonly loss?: number | undefined;
  /** One batch for each step to come, in order. */
  readonly batches: Iterable<Batch>;
  readonly plannedSteps: number;
  /** Gives what the loss reads at a step; default: what is in its batch. */
  readonly lossInputs?: AskLossInputs | undefined;
  /** Default: the optimizer's step size at every step. */
  readonly schedule?: Schedule | undefined;
  /** Ends the training before the first step whose batch has a gradient of at most this Euclidean norm. */
  readonly stopGradientNorm?: number | undefined;
  /** A checkpoint is recorded before every such step, and after the last. */
  readonly checkpointEvery: number;
  readonly writer: RunWriter;
  /** Milliseconds between two flushes of the record. Default 2000, and more where a flush takes long: 20 times as long as the last. */
  readonly flushEvery?: number | undefined;
  /** Stops after the present step; what is recorded stays. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Told of every step, before the next one begins. */
  readonly observe?: ((step: ObservedStep) => Promise<void>) | undefined;
}

/** What is known before a step is taken; the parameters are the trainer's own, to be read and not kept. */
export interface StepToCome {
  readonly step: number;
  /** w_s. */
  readonly params: RealArray;
  readonly batch: Batch;
}

/** Gives what a loss reads at a step beside outputs and targets: where its opponent stands. */
export type AskLossInputs = (step: StepToCome) => Promise<NonNullable<Batch["lossInputs"]>>;

/** A step that was taken, with the states around it: the trainer's own arrays, to be read while `observe` runs and not kept. */
export interface ObservedStep {
  readonly step: number;
  readonly stepSize: number;
  /** Of the gradient of the loss, regularisers included, before any clip. */
  readonly gradientNorm: number;
  readonly batch: Batch;
  /** w_s. */
  readonly before: RealArray;
  /** w_{s+1}, and the optimizer's state after the step. */
  readonly after: Pick<Checkpoint, "params" | "buffers">;
}

export interface TrainResult {
  readonly steps: number;
  /** `complete` also where the gradient's norm ended it before all planned steps. */
  readonly status: RunStatus;
  /** Loss of the last batch, before its update. */
  readonly loss: number;
}

const constantOf = ({ optimizer: { stepSize } }: Task): Pick<Schedule, "stepSize" | "search"> => ({
  stepSize: () => stepSize,
});

/** One step of the size that the schedule says, or searches. */
async function takeStep(
  stepper: Stepper,
  batch: Batch,
  schedule: Pick<Schedule, "stepSize" | "search">,
): Promise<Advance & { readonly stepSize: number }> {
  const stepSize = checkedStepSize(schedule.stepSize(stepper.step), stepper.step);
  if (schedule.search) return searchStep(stepper, batch, { first: stepSize, search: schedule.search });
  return { ...(await stepper.advance(batch, stepSize)), stepSize };
}

/** A schedule may be any function of a caller's. */
function checkedStepSize(stepSize: number, step: number): number {
  if (Number.isFinite(stepSize) && stepSize >= 0) return stepSize;
  throw new RangeError(`train: step sizes must be finite numbers >= 0, got ${stepSize} at step ${step}`);
}

/** Milliseconds between two flushes of the record. */
const FLUSH_INTERVAL = 2000;
/** A flush writes all steps so far; it waits this many times as long as the last one took, so that it stays a small share. */
const FLUSH_SHARE = 20;

/**
 * Runs all batches through the optimizer and records batches, scalars and checkpoints as it goes.
 * DivergedError when loss, gradient or parameters leave the finite numbers: the record up to that step is kept.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { task, initial, batches, plannedSteps, checkpointEvery, writer, signal, onProgress, observe } = options;
  const { schedule = constantOf(task), stopGradientNorm = Number.NEGATIVE_INFINITY } = options;
  requireSearchable(task, schedule);
  const stepper = new Stepper(task);
  let { loss = Number.NaN } = options;
  const { flushEvery = FLUSH_INTERVAL } = options;
  let nextFlush = Date.now() + flushEvery;
  const finish = async (status: Exclude<RunStatus, "running">): Promise<TrainResult> => {
    // After the last step there is always a checkpoint, whether or not it is one of the regular ones.
    if (stepper.step % checkpointEvery !== 0) await writer.writeCheckpoint(stepper.state());
    await writer.finish(status);
    return { steps: stepper.step, status, loss };
  };
  if ("params" in initial) stepper.restore(initial);
  else {
    stepper.params.set(initial);
    await writer.writeCheckpoint(stepper.state());
  }
  for (const planned of batches) {
    if (signal?.aborted) return finish("interrupted");
    const step = stepper.step;
    const lossInputs = await options.lossInputs?.({ step, params: stepper.params, batch: planned });
    const batch = lossInputs ? { ...planned, lossInputs } : planned;
    const { fault, stepSize, ...result } = await takeStep(stepper, batch, schedule);
    if (fault) {
      await finish("diverged");
      const { name, outputs } = task.loss;
      const isOutside = outputs !== undefined && !Number.isFinite(result.loss);
      const needs = isOutside ? ` (${name} needs outputs that are ${outputs})` : "";
      // Before the first step no learning rate has done anything.
      const cause = isOutside && step === 0 ? "end the model in Softmax or Sigmoid" : "use a smaller learning rate";
      const hint = `${cause}; the steps before it are recorded`;
      throw new DivergedError(`training diverged at step ${step}: ${fault}${needs}`, step, { hint });
    }
    if (result.gradientNorm <= stopGradientNorm) {
      stepper.undo();
      break;
    }
    loss = result.loss;
    writer.appendStep(batch, { step, stepSize, ...result });
    const { gradientNorm } = result;
    await observe?.({ step, stepSize, gradientNorm, batch, before: stepper.before, after: stepper });
    if (stepper.step % checkpointEvery === 0) await writer.writeCheckpoint(stepper.state());
    if (Date.now() > nextFlush) {
      const started = Date.now();
      // What is flushed can be read to its end only with a checkpoint there.
      if (stepper.step % checkpointEvery !== 0) await writer.writeCheckpoint(stepper.state());
      await writer.flush();
      const pause = options.flushEvery ?? Math.max(FLUSH_INTERVAL, FLUSH_SHARE * (Date.now() - started));
      nextFlush = Date.now() + pause;
    }
    onProgress?.({ stage: "train", done: stepper.step, total: plannedSteps, note: `loss ${loss.toPrecision(4)}` });
  }
  return finish("complete");
}

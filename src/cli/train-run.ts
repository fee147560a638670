// `pathkernel train`: trains a model and records the run.

import { SuperpositionRecorder } from "../explain/superpose-training.ts";
import type { StoredSuperposition } from "../explain/superposition-store.node.ts";
import { resumeTraining } from "../train/resume.node.ts";
import type { Task } from "../train/task.ts";
import type { ObservedStep, Progress } from "../train/train.ts";
import type { TrainingResult } from "../train/training.node.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { formatBytes, grouped } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { accuracyText, checkpointFacts, checkpointText, setupOf, stopText } from "./run-text.ts";
import { describeStored, storeWithProgress } from "./superposition-run.ts";
import { trainAndTell } from "./train-and-tell.ts";
import { type PlainRequest, requestOf } from "./train-request.ts";

function report(
  output: Output,
  { result, run, task, accuracy }: TrainingResult,
  superposition: StoredSuperposition | undefined,
): void {
  const { status, steps, loss } = result;
  const stop = stopText(run.manifest);
  const parts = [`${status} after ${grouped(steps)} of ${grouped(run.manifest.plannedSteps)} steps`];
  if (stop) parts.push(stop);
  if (steps > 0) parts.push(`loss of the last batch ${loss.toPrecision(4)}`);
  output.note([...parts, ...(accuracy ? [accuracyText(accuracy)] : [])].join(", "));
  const checkpoints = checkpointFacts(run, task.optimizer.buffers.length);
  output.note(`checkpoints ${checkpointText(run)}; ${formatBytes(checkpoints.bytes)} in all`);
  if (status === "interrupted") output.note(`train --resume ${run.path} goes on`);
  output.print(run.path);
  output.value("train", {
    path: run.path,
    status,
    steps,
    plannedSteps: run.manifest.plannedSteps,
    loss,
    accuracy,
    checkpoints,
    setup: setupOf(run),
    superposition: superposition && {
      path: superposition.path,
      closure: superposition.closure,
      shift: superposition.shift,
    },
  });
}

const RESUME_SHAPE = {
  resume: flags.text(),
  data: flags.text().optional(),
  threads: flags.count().optional(),
  force: flags.toggle().optional(),
};

/** Goes on with the run that --resume names. */
async function resumeAndTell({ flags: raw, output, signal }: Invocation): Promise<TrainingResult> {
  const { resume: run, ...how } = flags.parseFlags(RESUME_SHAPE, raw);
  const alien = Object.keys(raw).find((key) => raw[key] !== undefined && !(key in RESUME_SHAPE));
  if (alien !== undefined) {
    const hint = "the run says all of it; --data, --threads and --force may be given";
    throw new UsageError(`${flags.flagName(alien)} does not belong to --resume`, hint);
  }
  const progress = startProgress(output);
  const warn = (message: string) => output.warn(message);
  let isTold = false;
  const onProgress = (p: Progress): void => {
    if (!isTold) output.note(`goes on from step ${grouped(p.done - 1)} of ${grouped(p.total)}`);
    isTold = true;
    progress.report(p);
  };
  try {
    return await resumeTraining({ run, ...how, signal, warn, onProgress });
  } finally {
    progress.end();
  }
}

/** Trains while every example's displacement is booked, and stores them with the run. */
async function trainBooking(invocation: Invocation, request: PlainRequest, memory: number | undefined) {
  let recorder: SuperpositionRecorder | undefined;
  const observer = (task: Task) => {
    const booked = new SuperpositionRecorder(task, { memoryBudget: memory });
    recorder = booked;
    return (step: ObservedStep) => booked.observe(step);
  };
  const trained = await trainAndTell(invocation, { ...request, observer }).catch((error: unknown) => {
    const tooSmall = error instanceof RangeError && /^superposition: memoryBudget (must .*)/.exec(error.message);
    if (!tooSmall) throw error;
    const hint = "or build it afterwards, in any memory: pathkernel superposition RUN";
    throw new UsageError(`--superposition ${tooSmall[1]}`, hint);
  });
  const superposition = await (recorder as SuperpositionRecorder).finish(trained.run);
  // After Ctrl-C there is no more time for measuring.
  const measure = trained.result.status === "interrupted" ? ["none"] : undefined;
  const stored = await storeWithProgress(invocation, trained, { superposition, measure, force: true });
  stored.close();
  invocation.output.note(describeStored(stored));
  return { trained, stored };
}

/** Trains as the flags say. */
export async function runTrain(invocation: Invocation): Promise<ExitCode> {
  if (invocation.flags.resume !== undefined) {
    const resumed = await resumeAndTell(invocation);
    return end(invocation, resumed, undefined);
  }
  const { superposition, ...request } = requestOf(invocation.flags);
  const memory = superposition === true ? undefined : superposition;
  const { trained, stored } =
    superposition === undefined
      ? { trained: await trainAndTell(invocation, request), stored: undefined }
      : await trainBooking(invocation, request, memory);
  return end(invocation, trained, stored);
}

async function end(
  { output }: Invocation,
  trained: TrainingResult,
  stored: StoredSuperposition | undefined,
): Promise<ExitCode> {
  await trained.task.engine.release();
  report(output, trained, stored);
  return trained.result.status === "interrupted" ? 130 : 0;
}

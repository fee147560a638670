// `pathkernel train`: trains a model and records the run.

import { SuperpositionRecorder } from "../explain/superpose-training.ts";
import type { StoredSuperposition } from "../explain/superposition-store.node.ts";
import type { Task } from "../train/task.ts";
import type { ObservedStep } from "../train/train.ts";
import type { TrainingResult } from "../train/training.node.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import { formatBytes, grouped } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { accuracyText, checkpointFacts, checkpointText, setupOf } from "./run-text.ts";
import { describeStored, storeWithProgress } from "./superposition-run.ts";
import { trainAndTell } from "./train-and-tell.ts";
import { type PlainRequest, requestOf } from "./train-request.ts";

function report(
  output: Output,
  { result, run, task, accuracy }: TrainingResult,
  superposition: StoredSuperposition | undefined,
): void {
  const { status, steps, loss } = result;
  const parts = [`${status} after ${grouped(steps)} of ${grouped(run.manifest.plannedSteps)} steps`];
  if (steps > 0) parts.push(`loss of the last batch ${loss.toPrecision(4)}`);
  output.note([...parts, ...(accuracy ? [accuracyText(accuracy)] : [])].join(", "));
  const checkpoints = checkpointFacts(run, task.optimizer.buffers.length);
  output.note(`checkpoints ${checkpointText(run)}; ${formatBytes(checkpoints.bytes)} in all`);
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
  const { superposition, ...request } = requestOf(invocation.flags);
  const memory = superposition === true ? undefined : superposition;
  const { trained, stored } =
    superposition === undefined
      ? { trained: await trainAndTell(invocation, request), stored: undefined }
      : await trainBooking(invocation, request, memory);
  await trained.task.engine.release();
  report(invocation.output, trained, stored);
  return trained.result.status === "interrupted" ? 130 : 0;
}

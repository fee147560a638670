// `pathkernel train`: trains a model and records the run.

import type { TrainingResult } from "../train/training.node.ts";
import type { Invocation } from "./command.ts";
import { formatBytes, grouped } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { accuracyText, checkpointFacts, checkpointText, setupOf } from "./run-text.ts";
import { trainAndTell } from "./train-and-tell.ts";
import { requestOf } from "./train-request.ts";

function report(output: Output, { result, run, task, accuracy }: TrainingResult): void {
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
  });
}

/** Trains as the flags say. */
export async function runTrain(invocation: Invocation): Promise<ExitCode> {
  const trained = await trainAndTell(invocation, requestOf(invocation.flags));
  await trained.task.engine.release();
  report(invocation.output, trained);
  return trained.result.status === "interrupted" ? 130 : 0;
}

// `pathkernel train`: trains a model and records the run.

import { resumeTraining } from "../train/resume.node.ts";
import type { Progress } from "../train/train.ts";
import type { TrainingResult } from "../train/training.node.ts";
import type { Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { grouped } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { accuracyText, setupOf } from "./run-text.ts";
import { trainAndTell } from "./train-and-tell.ts";
import { requestOf } from "./train-request.ts";

function report(output: Output, { result, run, accuracy }: TrainingResult): void {
  const { status, steps, loss } = result;
  const parts = [`${status} after ${grouped(steps)} of ${grouped(run.manifest.plannedSteps)} steps`];
  if (steps > 0) parts.push(`loss of the last batch ${loss.toPrecision(4)}`);
  output.note([...parts, ...(accuracy ? [accuracyText(accuracy)] : [])].join(", "));
  if (status === "interrupted") output.note(`train --resume ${run.path} goes on`);
  output.print(run.path);
  output.value("train", {
    path: run.path,
    status,
    steps,
    plannedSteps: run.manifest.plannedSteps,
    loss,
    accuracy,
    setup: setupOf(run),
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

/** Trains as the flags say. */
export async function runTrain(invocation: Invocation): Promise<ExitCode> {
  const { resume } = invocation.flags;
  const trained =
    resume === undefined
      ? await trainAndTell(invocation, requestOf(invocation.flags))
      : await resumeAndTell(invocation);
  await trained.task.engine.release();
  report(invocation.output, trained);
  return trained.result.status === "interrupted" ? 130 : 0;
}

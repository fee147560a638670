// Goes on with a recorded training that was interrupted, or whose process was killed, to the end it would have had.

import { cpuOf } from "../engine/cpu.node.ts";
import { InvalidRunError, UnsupportedError } from "../errors.ts";
import { resumeRunWriter } from "../run/resume-writer.node.ts";
import { openRun } from "../run/run-reader.node.ts";
import type { Run } from "../run/types.ts";
import { scheduleFrom, scheduleOf } from "../schedules/registry.ts";
import type { Schedule } from "../schedules/types.ts";
import { SOFTWARE } from "../version.ts";
import { differenceText, engineDifferences } from "./engine-differences.ts";
import { reopenTask } from "./reopen.node.ts";
import { batchesToCome } from "./sampling.node.ts";
import type { Task } from "./task.ts";
import { type Progress, type TrainResult, train } from "./train.ts";
import { accuracies, type TrainingResult } from "./training.node.ts";

export interface ResumeRequest {
  /** The run's folder. */
  readonly run: string;
  /** Where the data are now, if no longer where the run says; the hash proves that they are the same. */
  readonly data?: string | undefined;
  /** Default: as many as the run was trained with. */
  readonly threads?: number | undefined;
  /** Goes on where the engine is another than before; the result is then another in its last bits. */
  readonly force?: boolean | undefined;
  /** The step sizes of a run whose schedule was a function of the caller's, which no record holds. */
  readonly schedule?: ((step: number) => number) | undefined;
  readonly flushEvery?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly warn?: ((message: string) => void) | undefined;
}

const IN_ITS_LAST_BITS = "the rest of the training would be another in its last bits";

/** Says in what the engine differs from the one before: refuses, or warns where it is to go on all the same. */
function compareEngines({ manifest, path }: Run, task: Task, { force = false, warn }: ResumeRequest): void {
  const { engine: first, resumed = [] } = manifest;
  const before = resumed.at(-1)?.engine ?? first;
  const differences = engineDifferences(before, { ...task.engine.info, cpu: cpuOf() });
  if (differences.length === 0) return;
  const told = differences.map(differenceText).join("; ");
  if (!force) {
    throw new UnsupportedError(`cannot go on with ${path} bit for bit: ${told}`, {
      hint: `go on where it was begun, or use --force: ${IN_ITS_LAST_BITS}`,
    });
  }
  warn?.(`${told}: the rest of the training is another in its last bits`);
}

function requireUnfinished({ manifest, path }: Run): void {
  const { status, steps } = manifest;
  if (status !== "diverged") return;
  const message = `${path}: a run that goes on must not have diverged, got one that did after ${steps} steps`;
  throw new InvalidRunError(message, { hint: "train again with a smaller learning rate" });
}

/** The schedule that the run was begun with. UnsupportedError where only the program that trained knows it. */
function scheduleOfRun({ manifest, path }: Run, { schedule: given }: ResumeRequest): Schedule | undefined {
  const { schedule } = manifest;
  const isFunction = schedule?.name === "function";
  if (given !== undefined && !isFunction)
    throw new RangeError(`resumeTraining: schedule must be left to the run, which has ${schedule?.name ?? "none"}`);
  if (given !== undefined) return scheduleOf(given);
  if (isFunction) {
    throw new UnsupportedError(`cannot go on with ${path}: its step sizes were a function of the program's`, {
      hint: "give the same function to resumeTraining({ schedule })",
    });
  }
  try {
    return schedule && scheduleFrom(schedule);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new InvalidRunError(`${path}/manifest.json: ${cause.message}`, { cause });
  }
}

async function goOn(run: Run, task: Task, request: ResumeRequest): Promise<TrainResult> {
  const { engine } = task;
  const { run: path } = request;
  const schedule = scheduleOfRun(run, request);
  const createdAt = new Date().toISOString();
  const resumed = await resumeRunWriter(path, {
    createdAt,
    software: SOFTWARE,
    engine: { ...engine.info, cpu: cpuOf() },
  });
  try {
    const { manifest, scalars } = resumed.run;
    return await train({
      task,
      initial: await resumed.run.checkpoint(manifest.steps),
      loss: scalars.at(-1)?.loss,
      batches: batchesToCome(resumed.run),
      plannedSteps: run.manifest.plannedSteps,
      schedule,
      stopGradientNorm: run.manifest.stopGradientNorm,
      checkpointEvery: run.manifest.checkpointEvery,
      writer: resumed.writer,
      flushEvery: request.flushEvery,
      signal: request.signal,
      onProgress: request.onProgress,
    });
  } catch (error) {
    await resumed.writer.abort();
    throw error;
  }
}

/**
 * Goes on with the run at `request.run` from its last checkpoint to its planned end, and records it there: with the same engine, number
 * of threads and instruction sets the record becomes that of a training that was never interrupted, bit by bit (`runHash`). A run that is
 * complete is left as it is.
 *
 * UnsupportedError where the engine is another (the message says in what) and `force` is not set, or where the run does not say how its
 * batches were drawn; FileError where another process records it; InvalidRunError where it diverged or cannot be read; DivergedError and
 * errors for data as in `runTraining`.
 */
export async function resumeTraining(request: ResumeRequest): Promise<TrainingResult> {
  const { data, threads, warn } = request;
  const found = await openRun(request.run);
  requireUnfinished(found);
  const task = await reopenTask(found, { data, ...(threads && { threads }), ...(warn && { warn }) });
  try {
    const { status, steps } = found.manifest;
    const isDone = status === "complete";
    if (!isDone) {
      compareEngines(found, task, request);
      batchesToCome(found).next(); // what is wrong with them is said before anything is written
    }
    const before = { steps, status, loss: found.scalars.at(-1)?.loss ?? Number.NaN };
    const result = isDone ? before : await goOn(found, task, request);
    const run = isDone ? found : await openRun(request.run);
    return { result, run, task, accuracy: await accuracies(task, run) };
  } catch (error) {
    await task.engine.release();
    throw error;
  }
}

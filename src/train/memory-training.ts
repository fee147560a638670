// Trains a task with its record in memory: for small runs, experiments and tests.

import type { RealArray } from "../numeric/tensor.ts";
import { createMemoryRun } from "../run/memory-run.ts";
import type { Batch, Run } from "../run/types.ts";
import { scheduleOf } from "../schedules/registry.ts";
import type { Schedule } from "../schedules/types.ts";
import { keyedBatches } from "./keys.ts";
import { newRunOf } from "./new-run.ts";
import { requireLossesApart } from "./rows-apart.ts";
import type { Task } from "./task.ts";
import { trainableOf } from "./task.ts";
import { type TrainOptions, train } from "./train.ts";

export interface MemoryTrainingOptions {
  /** All parameters w_0, in the model's layout. */
  readonly params: RealArray;
  /** Where training is random, batches without keys get them from `seed`. */
  readonly batches: readonly Batch[];
  /** Step sizes: a schedule, or any function of the step. Default: the optimizer's own at every step. */
  readonly schedule?: Schedule | ((step: number) => number) | undefined;
  /** Ends the training before the first step whose batch has a gradient of at most this Euclidean norm. */
  readonly stopGradientNorm?: number | undefined;
  /** Of everything random in the training. Default 0. */
  readonly seed?: number;
  /** Default 1: every step. */
  readonly checkpointEvery?: number;
  readonly signal?: AbortSignal;
  readonly observe?: TrainOptions["observe"];
  /** Gives what the loss reads at each step, which is recorded; default: what is in the batches. */
  readonly lossInputs?: TrainOptions["lossInputs"];
}

/** Runs the batches and gives the recorded run. Memory: one checkpoint every `checkpointEvery` steps. */
export async function trainInMemory(task: Task, options: MemoryTrainingOptions): Promise<Run> {
  const { params, checkpointEvery = 1, stopGradientNorm, seed = 0 } = options;
  const batches = task.model.training ? [...keyedBatches(options.batches, seed)] : options.batches;
  const batchSize = batches[0]?.indices.length ?? 0;
  const schedule = typeof options.schedule === "function" ? scheduleOf(options.schedule) : options.schedule;
  // Weights that are not a mean's stay those of the others where examples are left out.
  const isMean = batches.every(({ weights }) => weights.every((c) => c === 1 / weights.length));
  const reduction = isMean ? {} : { reduction: "weighted" as const };
  const planned = { ...reduction, batchSize, plannedSteps: batches.length, checkpointEvery, stopGradientNorm, seed };
  const recorded = schedule && { name: schedule.name, options: schedule.options };
  const writer = createMemoryRun(newRunOf(task, params, { ...planned, ...(recorded && { schedule: recorded }) }));
  if (task.loss.bytes) await requireLossesApart(task, trainableOf(task, params, task.engine.dtype));
  await train({
    task,
    initial: trainableOf(task, params, task.engine.dtype),
    batches,
    plannedSteps: batches.length,
    schedule,
    stopGradientNorm,
    checkpointEvery,
    writer,
    signal: options.signal,
    observe: options.observe,
    lossInputs: options.lossInputs,
  });
  const run = writer.open();
  if (!run) throw new Error("internal: a finished run must be readable");
  return run;
}

// Trains a task with its record in memory: for small runs, experiments and tests.

import type { RealArray } from "../numeric/tensor.ts";
import { createMemoryRun } from "../run/memory-run.ts";
import type { Batch, Run } from "../run/types.ts";
import { keyedBatches } from "./keys.ts";
import { newRunOf } from "./new-run.ts";
import type { Task } from "./task.ts";
import { trainableOf } from "./task.ts";
import { type TrainOptions, train } from "./train.ts";

export interface MemoryTrainingOptions {
  /** All parameters w_0, in the model's layout. */
  readonly params: RealArray;
  /** Where training is random, batches without keys get them from `seed`. */
  readonly batches: readonly Batch[];
  /** Of everything random in the training. Default 0. */
  readonly seed?: number;
  /** Default 1: every step. */
  readonly checkpointEvery?: number;
  readonly signal?: AbortSignal;
  readonly observe?: TrainOptions["observe"];
}

/** Runs the batches and gives the recorded run. Memory: one checkpoint every `checkpointEvery` steps. */
export async function trainInMemory(task: Task, options: MemoryTrainingOptions): Promise<Run> {
  const { params, checkpointEvery = 1, seed = 0 } = options;
  const batches = task.model.training ? [...keyedBatches(options.batches, seed)] : options.batches;
  const batchSize = batches[0]?.indices.length ?? 0;
  const writer = createMemoryRun(
    newRunOf(task, params, { batchSize, plannedSteps: batches.length, checkpointEvery, seed }),
  );
  await train({
    task,
    initial: trainableOf(task, params, task.engine.dtype),
    batches,
    plannedSteps: batches.length,
    checkpointEvery,
    writer,
    signal: options.signal,
    observe: options.observe,
  });
  const run = writer.open();
  if (!run) throw new Error("internal: a finished run must be readable");
  return run;
}

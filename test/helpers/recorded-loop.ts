// Plays the part of a loop that is not ours: hands a trained run over to a recorder, step by step, changed as a test asks.

import type { RealArray } from "../../src/numeric/tensor.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { type LoopRecorder, type LoopStep, type RecordOptions, record } from "../../src/train/record.ts";
import type { Task } from "../../src/train/task.ts";
import { type SmallTaskOptions, smallTask } from "./tasks.ts";

export interface Loop {
  readonly task: Task;
  readonly params: RealArray;
  /** The training whose steps the loop makes, with every state. */
  readonly run: Run;
}

export async function smallLoop(options: SmallTaskOptions): Promise<Loop> {
  const { task, params, batches } = await smallTask({ steps: 8, examples: 12, batchSize: 4, queries: 3, ...options });
  return { task, params, run: await trainInMemory(task, { params, batches }) };
}

/** Step s as the loop hands it over: all of it. */
export async function stepOf({ run }: Loop, s: number): Promise<LoopStep> {
  const { params, buffers } = await run.checkpoint(s + 1);
  return { batch: run.batches[s], stepSize: run.scalars[s].stepSize, after: params, state: buffers };
}

export type Change = (step: LoopStep, s: number) => LoopStep;

/** Records the loop's steps, each as `change` makes it; without the optimizer's state unless `state` is "recorded". */
export async function recorderOf(
  loop: Loop,
  change: Change = (step) => step,
  options: Partial<RecordOptions> = {},
): Promise<LoopRecorder> {
  const recorder = await record(loop.task, { params: loop.params, ...options });
  for (let s = 0; s < loop.run.batches.length; s++) {
    const { state, ...step } = await stepOf(loop, s);
    await recorder.step(change(options.state === "recorded" ? { ...step, state } : step, s));
  }
  return recorder;
}

export const shifted = (values: RealArray, by: number): RealArray => values.map((w: number) => w + by) as RealArray;

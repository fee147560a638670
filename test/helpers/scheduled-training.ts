// Trains with a step size for each step and keeps every state: a recorded run whose eta_s changes.

import type { RealArray } from "../../src/numeric/tensor.ts";
import type { Batch, Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";

export interface ScheduledTraining {
  readonly params: RealArray;
  readonly batches: readonly Batch[];
  /** eta_s, one for each batch. */
  readonly stepSizes: readonly number[];
}

/** Cosine from `top` down to 5 % of it, as the sources anneal. */
export function cosineStepSizes(top: number, steps: number): number[] {
  return Array.from({ length: steps }, (_, s) => top * (0.05 + 0.475 * (1 + Math.cos((Math.PI * s) / steps))));
}

export function trainScheduled(task: Task, { params, batches, stepSizes }: ScheduledTraining): Promise<Run> {
  return trainInMemory(task, { params, batches, schedule: (step) => stepSizes[step] });
}

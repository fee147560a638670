// Trains with a step size for each step and keeps every state: a recorded run whose eta_s changes.

import type { RealArray } from "../../src/numeric/tensor.ts";
import type { Batch, Checkpoint, Run, StepScalars } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { type Task, trainableOf } from "../../src/train/task.ts";

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

export async function trainScheduled(task: Task, { params, batches, stepSizes }: ScheduledTraining): Promise<Run> {
  const stepper = new Stepper(task);
  stepper.params.set(trainableOf(task, params, task.engine.dtype));
  const states: Checkpoint[] = [stepper.checkpoint()];
  const scalars: StepScalars[] = [];
  for (const [step, batch] of batches.entries()) {
    const { fault, ...result } = await stepper.advance(batch, stepSizes[step]);
    if (fault) throw new RangeError(`trainScheduled: step ${step} must stay finite`);
    scalars.push({ step, stepSize: stepSizes[step], ...result });
    states.push(stepper.checkpoint());
  }
  // Manifest, model and layout are those of any run of this task.
  const plain = await trainInMemory(task, { params, batches: [] });
  return {
    ...plain,
    batches,
    scalars,
    checkpoints: states.map(({ step }) => step),
    checkpoint: async (s) => states[s],
  };
}

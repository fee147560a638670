// A run's training again, of the model's linearisation: the same start, batches, step sizes and optimizer.

import { linearise } from "../models/linearise.ts";
import { allocate, type RealArray } from "../numeric/tensor.ts";
import { requireBatches } from "../run/recording.ts";
import type { Run } from "../run/types.ts";
import { trainInMemory } from "../train/memory-training.ts";
import { createTask, type Task } from "../train/task.ts";
import { parametersAt } from "../train/trajectory.ts";

export interface LinearisedTrainingOptions {
  /** The step before which the model is linearised, whose parameters the rest of the run's batches then train. Default 0. */
  readonly from?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (done: number, total: number) => void;
}

/**
 * The task of f_s + J_s (w - w_s), trained as the run was from step s = `from` on, and its last parameters. State of the optimizer begins anew there. Any optimizer, clips and regularisers; of a model
 * with dropout it is the function that is evaluated. `linearisedMachine` is the same in the space of functions, for plain gradient descent and few examples.
 *
 * Cost: about three times the run's training; two copies of the parameters in the graph. Errors: DivergedError where the linearised model, which
 * cannot bend away, is past stability at the run's step sizes; rejects with the signal's reason when aborted.
 */
export async function trainLinearised(
  task: Task,
  run: Run,
  { from = 0, signal, onStep }: LinearisedTrainingOptions = {},
): Promise<{ readonly task: Task; readonly params: RealArray }> {
  requireBatches(run, "trainLinearised");
  const { model, engine, layout, loss, optimizer, regularisers, dataset } = task;
  const start = await parametersAt(task, run, from);
  const params = allocate(engine.dtype, model.parameters.size) as RealArray;
  for (const { name, offset } of model.parameters.entries) params.set(start[name].data as RealArray, offset);
  const trainable = layout.entries.map(({ name }) => name);
  const linear = linearise(model, params);
  const own = createTask({ engine, model: linear, trainable, params, loss, optimizer, regularisers, dataset });
  const batches = run.batches.slice(from);
  const steps = batches.length;
  // Nothing is left to train on.
  if (steps === 0) return { task: own, params };
  const trained = await trainInMemory(own, {
    params,
    batches: batches.map(({ indices, weights }) => ({ indices, weights })),
    schedule: (step) => run.scalars[from + step].stepSize,
    checkpointEvery: Math.max(1, steps),
    observe: async ({ step }) => onStep?.(step + 1, steps),
    ...(signal && { signal }),
  });
  signal?.throwIfAborted();
  return { task: own, params: (await trained.checkpoint(steps)).params };
}

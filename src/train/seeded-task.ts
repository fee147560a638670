// A task whose start is drawn from a seed, as trainings of the command line draw it.

import { trainableNames } from "../models/trainable.ts";
import type { Model } from "../models/types.ts";
import { randomFrom } from "../numeric/random.ts";
import { allocate, type RealArray, type RealDType } from "../numeric/tensor.ts";
import { createTask, type Task, type TaskOptions } from "./task.ts";

/** All parameters w_0 of a model, drawn from `seed`. */
export function initialParameters(model: Model, dtype: RealDType, seed: number): RealArray {
  const params = allocate(dtype, model.parameters.size) as RealArray;
  const random = randomFrom(seed, "initial parameters");
  model.initialise(params, () => random.uniform());
  return params;
}

export interface SeededTaskOptions extends Omit<TaskOptions, "trainable" | "params"> {
  readonly seed: number;
}

export interface SeededTask {
  readonly task: Task;
  /** w_0, in the model's layout. */
  readonly params: RealArray;
}

/** A task with everything trained that the model trains, and its start. Errors: those of `createTask`. */
export function seededTask({ seed, ...options }: SeededTaskOptions): SeededTask {
  const { engine, model } = options;
  const params = initialParameters(model, engine.dtype, seed);
  const trainable = trainableNames(model.parameters, undefined, model.fixed);
  return { task: createTask({ ...options, trainable, params }), params };
}

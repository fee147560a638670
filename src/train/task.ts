// Everything that a training step needs, put together: the model's halves, the parameters, the loss, the data.

import type { Dataset, Split } from "../data/types.ts";
import type { Engine } from "../engine/engine.ts";
import { InvalidDataError } from "../errors.ts";
import { valueIn } from "../graph/builder.ts";
import type { Loss } from "../losses/types.ts";
import { type SplitModel, splitModel } from "../models/split.ts";
import type { Model } from "../models/types.ts";
import { type Layout, layoutOf, viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, type RealDType, type Tensor, toReal, zeros } from "../numeric/tensor.ts";
import type { Optimizer } from "../optimizers/types.ts";

export interface Task {
  readonly engine: Engine;
  readonly model: Model;
  readonly split: SplitModel;
  /** Trainable parameters in the order of the flat arrays. */
  readonly layout: Layout;
  /** Parameters that stay as they are, by name, in the engine's dtype. */
  readonly frozen: Readonly<Record<string, Tensor>>;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly dataset: Dataset;
  /** C. */
  readonly outputs: number;
}

export interface TaskOptions {
  readonly engine: Engine;
  readonly model: Model;
  /** Names of the parameters to train. */
  readonly trainable: readonly string[];
  /** All parameters w_0, in the model's layout. */
  readonly params: RealArray;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly dataset: Dataset;
}

/**
 * Checks that model, loss and data fit, and splits the parameters into trained and frozen ones. InvalidDataError where the outputs
 * do not fit the targets, InvalidModelError where nothing that is trained reaches the output, RangeError for names or numbers of
 * parameters that are not the model's.
 */
export function createTask({ engine, model, trainable, params, loss, optimizer, dataset }: TaskOptions): Task {
  const { size } = model.parameters;
  if (params.length !== size)
    throw new RangeError(`createTask: params must hold ${size} numbers, got ${params.length}`);
  const all = viewsOf(model.parameters, params);
  const stray = trainable.find((name, i) => !Object.hasOwn(all, name) || trainable.indexOf(name) !== i);
  if (stray !== undefined)
    throw new RangeError(`createTask: trainable must name parameters of the model, each once, got ${stray}`);
  const split = splitModel(model.graph, trainable);
  const layout = layoutOf(trainable.map((name) => [name, all[name].shape] as const));
  const frozen: Record<string, Tensor> = {};
  for (const { name } of model.parameters.entries)
    if (!trainable.includes(name)) frozen[name] = toReal(all[name], engine.dtype);
  const outputs = valueIn(model.graph, "y").shape[1] as number;
  checkTargets(dataset, loss, outputs);
  return { engine, model, split, layout, frozen, loss, optimizer, dataset, outputs };
}

/** The trainable part of w_0 as one flat array in the run's dtype. */
export function trainableOf(task: Pick<Task, "layout" | "model">, params: RealArray, dtype: RealDType): RealArray {
  const all = viewsOf(task.model.parameters, params);
  const flat = allocate(dtype, task.layout.size) as RealArray;
  for (const { name, offset } of task.layout.entries) flat.set(all[name].data as RealArray, offset);
  return flat;
}

function checkTargets(dataset: Dataset, loss: Loss, outputs: number): void {
  if (dataset.task === "regression") {
    if (loss.target === "class")
      throw new InvalidDataError(`loss ${loss.name} needs class labels, got a regression target in ${dataset.source}`);
    const width = dataset.train.y.shape[1];
    if (width !== outputs)
      throw new InvalidDataError(
        `the model must have ${width} outputs for the targets of ${dataset.source}, got ${outputs}`,
      );
    const bad = loss.probabilities ? (dataset.train.y.data as RealArray).findIndex((y) => !(y >= 0 && y <= 1)) : -1;
    if (bad >= 0)
      throw new InvalidDataError(
        `loss ${loss.name} needs targets in [0, 1], got ${dataset.train.y.data[bad]} for example ${Math.floor(bad / width)} of ${dataset.source}`,
      );
    return;
  }
  // One output tells two classes apart, by its size.
  const told = outputs === 1 && loss.target === "real" ? 2 : outputs;
  if (dataset.classes.length > told) {
    throw new InvalidDataError(
      `the model must have an output for each of ${dataset.classes.length} classes, got ${outputs}`,
    );
  }
}

/**
 * Targets as the loss reads them, for some rows of a split: class indices, or rows of C numbers (one-hot for classes; 0 or 1
 * where the model has a single output).
 */
export function targetsOf(
  task: Pick<Task, "loss" | "outputs" | "engine">,
  split: Split,
  rows: ArrayLike<number>,
): Tensor {
  const { y } = split;
  if (y.dtype !== "int64") return realTargets(y, rows, task);
  if (task.loss.target === "class") {
    return {
      dtype: "int64",
      shape: [rows.length],
      data: BigInt64Array.from(rows as ArrayLike<never>, (row) => (y.data as BigInt64Array)[row]),
    };
  }
  const targets = zeros(task.engine.dtype, [rows.length, task.outputs]);
  for (let k = 0; k < rows.length; k++) {
    const label = Number(y.data[rows[k]]);
    if (task.outputs === 1) targets.data[k] = label;
    else targets.data[k * task.outputs + label] = 1;
  }
  return targets;
}

function realTargets(y: Tensor, rows: ArrayLike<number>, task: Pick<Task, "engine">): Tensor {
  const width = y.shape[1];
  const targets = zeros(task.engine.dtype, [rows.length, width]);
  for (let k = 0; k < rows.length; k++) {
    for (let c = 0; c < width; c++) targets.data[k * width + c] = Number(y.data[rows[k] * width + c]);
  }
  return targets;
}

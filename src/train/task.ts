// Everything that a training step needs, put together: the model's halves, the parameters, the loss, the data.

import type { Dataset, Split } from "../data/types.ts";
import type { Engine } from "../engine/engine.ts";
import { InvalidDataError } from "../errors.ts";
import { GraphBuilder, valueIn } from "../graph/builder.ts";
import { axesOf, IGNORED, targetShape } from "../graph/outputs.ts";
import type { Loss } from "../losses/types.ts";
import { type SplitModel, splitModel } from "../models/split.ts";
import type { Model } from "../models/types.ts";
import { type Layout, layoutOf, viewsOf } from "../numeric/layout.ts";
import {
  allocate,
  type RealArray,
  type RealDType,
  type ReusedArrays,
  sizeOf,
  type Tensor,
  takeRows,
  toReal,
  zeros,
} from "../numeric/tensor.ts";
import type { Optimizer } from "../optimizers/types.ts";
import type { Regulariser } from "../regularisers/types.ts";

export interface Task {
  readonly engine: Engine;
  readonly model: Model;
  /** The function that is evaluated. */
  readonly split: SplitModel;
  /** The one that is trained: `split` itself, or, where training is random, the same with masks as inputs. */
  readonly training: SplitModel;
  /** Trainable parameters in the order of the flat arrays. */
  readonly layout: Layout;
  /** Parameters that stay as they are, by name, in the engine's dtype. */
  readonly frozen: Readonly<Record<string, Tensor>>;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** What is added to the loss of every batch, each of another kind. */
  readonly regularisers: readonly Regulariser[];
  /** w_0 of the trained parameters, flat, where a regulariser depends on it; else empty. */
  readonly reference: RealArray;
  readonly dataset: Dataset;
  /** Axes of y behind the batch: [C], or positions before what each of them tells apart, as [T, classes]. */
  readonly outputShape: readonly number[];
  /** C, the number of output elements: the product of `outputShape`. */
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
  /** Default: none. */
  readonly regularisers?: readonly Regulariser[] | undefined;
  readonly dataset: Dataset;
}

/**
 * Checks that model, loss and data fit, and splits the parameters into trained and frozen ones. InvalidDataError where the outputs
 * do not fit the targets, InvalidModelError where nothing that is trained reaches the output, RangeError for names or numbers of
 * parameters that are not the model's, or two regularisers of a kind.
 */
export function createTask(options: TaskOptions): Task {
  const { engine, model, trainable, params, loss, optimizer, regularisers = [], dataset } = options;
  const { size } = model.parameters;
  if (params.length !== size)
    throw new RangeError(`createTask: params must hold ${size} numbers, got ${params.length}`);
  const all = viewsOf(model.parameters, params);
  const stray = trainable.find((name, i) => !Object.hasOwn(all, name) || trainable.indexOf(name) !== i);
  if (stray !== undefined)
    throw new RangeError(`createTask: trainable must name parameters of the model, each once, got ${stray}`);
  const kept = trainable.find((name) => model.fixed?.includes(name));
  if (kept !== undefined)
    throw new RangeError(`createTask: trainable must not name what the model keeps as it starts, got ${kept}`);
  const split = splitModel(model.graph, trainable);
  const random = model.training?.masks.map(({ name }) => name);
  const training = model.training ? splitModel(model.training.graph, trainable, random) : split;
  const layout = layoutOf(trainable.map((name) => [name, all[name].shape] as const));
  const frozen: Record<string, Tensor> = {};
  for (const { name } of model.parameters.entries)
    if (!trainable.includes(name)) frozen[name] = toReal(all[name], engine.dtype);
  const outputShape = valueIn(model.graph, "y").shape.slice(1) as readonly number[];
  checkTargets(dataset, loss, outputShape);
  if (loss.bytes) tryLoss(loss, outputShape);
  const outputs = sizeOf(outputShape);
  const names = regularisers.map(({ name }) => name);
  const twice = names.find((name, j) => names.indexOf(name) !== j);
  if (twice !== undefined)
    throw new RangeError(`createTask: regularisers must each be of another kind, got ${twice} twice`);
  const needed = regularisers.some(({ needsReference }) => needsReference);
  const reference = needed
    ? trainableOf({ layout, model }, params, engine.dtype)
    : (allocate(engine.dtype, 0) as RealArray);
  const parts = { engine, model, split, training, layout, frozen, loss, optimizer, dataset };
  return { ...parts, regularisers, reference, outputShape, outputs };
}

/** Builds a loss of the user's on outputs of this shape: UnsupportedError where it is for other ones. */
function tryLoss(loss: Loss, outputShape: readonly number[]): void {
  const b = new GraphBuilder();
  const y = b.input("y", "real", ["N", ...outputShape]);
  loss.value(b, y, b.input("target", loss.target === "class" ? "int64" : "real", targetShape(y, loss.target)));
}

/** The trainable part of w_0 as one flat array in the run's dtype. */
export function trainableOf(task: Pick<Task, "layout" | "model">, params: RealArray, dtype: RealDType): RealArray {
  const all = viewsOf(task.model.parameters, params);
  const flat = allocate(dtype, task.layout.size) as RealArray;
  for (const { name, offset } of task.layout.entries) flat.set(all[name].data as RealArray, offset);
  return flat;
}

function checkTargets(dataset: Dataset, loss: Loss, outputShape: readonly number[]): void {
  if (dataset.task === "regression") checkNumbers(dataset, loss, outputShape);
  else checkLabels(dataset, loss, outputShape);
}

const shapeText = (shape: readonly number[]): string => `(N, ${shape.join(", ")})`;

function checkNumbers({ source, train: { y } }: Dataset, loss: Loss, outputShape: readonly number[]): void {
  if (loss.target === "class")
    throw new InvalidDataError(`loss ${loss.name} needs class labels, got a regression target in ${source}`);
  const wanted = y.shape.slice(1);
  if (wanted.join() !== outputShape.join()) {
    const [flat, got] =
      wanted.length === 1 && outputShape.length === 1
        ? [`${wanted} outputs`, `${outputShape}`]
        : [`outputs ${shapeText(wanted)}`, shapeText(outputShape)];
    throw new InvalidDataError(`the model must have ${flat} for the targets of ${source}, got ${got}`);
  }
  const { targets } = loss;
  const bad = targets ? (y.data as RealArray).findIndex((value) => !targets.holds(value)) : -1;
  if (bad < 0) return;
  throw new InvalidDataError(
    `loss ${loss.name} needs targets ${targets?.must}, got ${y.data[bad]} for example ${Math.floor(bad / sizeOf(wanted))} of ${source}`,
  );
}

function checkLabels({ source, classes, train, test }: Dataset, loss: Loss, outputShape: readonly number[]): void {
  const [wanted, positions] = [train.y.shape.slice(1), outputShape.slice(0, -1)];
  if (wanted.join() !== positions.join()) {
    const must = wanted.length === 0 ? "(N, classes)" : shapeText([...wanted, classes.length]);
    throw new InvalidDataError(
      `the model must have outputs ${must} for the labels of ${source}, got ${shapeText(outputShape)}`,
    );
  }
  const { width } = axesOf(outputShape);
  // One output tells two classes apart, by its size.
  const told = width === 1 && loss.target === "real" ? 2 : width;
  if (classes.length > told) {
    throw new InvalidDataError(`the model must have an output for each of ${classes.length} classes, got ${width}`);
  }
  const mayIgnore = wanted.length > 0 && loss.target === "class";
  for (const { y } of [train, test]) {
    const labels = y.data as BigInt64Array;
    const bad = labels.findIndex((k) => (k < 0n || k >= told) && !(mayIgnore && k === BigInt(IGNORED)));
    if (bad < 0) continue;
    const ignored = mayIgnore ? `, or ${IGNORED} where a position does not count` : "";
    throw new InvalidDataError(
      `loss ${loss.name} needs labels in 0..${told - 1}${ignored}, got ${labels[bad]} for example ${Math.floor(bad / sizeOf(wanted))} of ${source}`,
    );
  }
}

/**
 * Targets as the loss reads them, for some rows of a split: class indices, one for each position, or numbers in the shape of the outputs
 * (one-hot for classes; 0 or 1 where a position has a single output; -1 in place of 0 where the loss reads signs). Labels in reused arrays last until
 * the next are taken.
 */
export function targetsOf(
  task: Pick<Task, "loss" | "outputShape" | "engine">,
  split: Split,
  rows: ArrayLike<number>,
  reused?: ReusedArrays,
): Tensor {
  const { loss, outputShape, engine } = task;
  const y = takeRows(split.y as Tensor, rows, reused);
  if (y.dtype !== "int64") return toReal(y, engine.dtype);
  if (loss.target === "class") return y;
  const { width } = axesOf(outputShape);
  const targets = zeros(engine.dtype, [rows.length, ...outputShape]);
  const off = loss.labels === "signs" ? -1 : 0;
  if (off !== 0) targets.data.fill(off as never);
  (y.data as BigInt64Array).forEach((label, k) => {
    if (width === 1) targets.data[k] = Number(label) === 1 ? 1 : off;
    else targets.data[k * width + Number(label)] = 1;
  });
  return targets;
}

// A task for a model, a loss and arrays that a test has made itself.

import type { Dataset } from "../../src/data/types.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Value } from "../../src/graph/types.ts";
import type { Loss } from "../../src/losses/types.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import type { Model } from "../../src/models/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { allocate, type RealArray, type RealDType, reals, sizeOf, type Tensor } from "../../src/numeric/tensor.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createTask, type Task } from "../../src/train/task.ts";
import { engineOf, startOf } from "./tasks.ts";

export interface ModelTaskOptions {
  readonly model: Model;
  readonly loss: Loss;
  /** (N, ...), and targets: class indices (N), or numbers (N, C). */
  readonly x: Tensor;
  readonly y: Tensor;
  readonly queries?: Tensor;
  /** Default: gd at 0.1. */
  readonly optimizer?: { readonly name: string; readonly options: OptimizerOptions };
  /** w_0; default: as the library draws it. */
  readonly params?: RealArray;
  readonly trainable?: readonly string[];
  readonly seed?: number;
  readonly dtype?: RealDType;
}

export interface ModelTask {
  readonly task: Task;
  readonly params: RealArray;
}

export async function modelTask(options: ModelTaskOptions): Promise<ModelTask> {
  const { model, loss, x, y, queries = x, seed = 1, dtype = "float64" } = options;
  const { name, options: hyper } = options.optimizer ?? { name: "gd", options: { lr: 0.1 } };
  const params = options.params ?? startOf(model, dtype, seed);
  const classes = y.dtype === "int64" ? 1 + Math.max(...Array.from(y.data as BigInt64Array, Number)) : 0;
  // Only training examples need targets here.
  const test = {
    x: queries,
    y: { ...y, shape: [0, ...y.shape.slice(1)], data: y.data.subarray(0, 0) },
  } as Dataset["test"];
  const dataset: Dataset = {
    source: "arrays",
    task: classes > 0 ? "classification" : "regression",
    classes: Array.from({ length: classes }, (_, k) => `${k}`),
    inputShape: x.shape.slice(1),
    train: { x, y } as Dataset["train"],
    test,
    sha256: "",
  };
  const task = createTask({
    engine: await engineOf(dtype),
    model,
    trainable: options.trainable ?? model.parameters.entries.map((entry) => entry.name),
    params,
    loss,
    optimizer: createOptimizer(name, hyper),
    dataset,
  });
  return { task, params };
}

/** The model that `build` writes over one example input. */
export function builtModel(
  spec: string,
  inputShape: readonly number[],
  build: (b: GraphBuilder, x: Value) => Value,
): Model {
  const b = new GraphBuilder();
  return modelFromBuilder(spec, b, build(b, b.input("x", "real", ["N", ...inputShape])));
}

/** Standard normal numbers, the same for the same name. */
export function normals(shape: readonly number[], stream: string, scale = 1): Tensor<"float64"> {
  const random = randomFrom(1, stream);
  return reals(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
  );
}

/** Parameters by name as one flat array in the model's layout. */
export function flatOf({ parameters }: Model, values: Readonly<Record<string, ArrayLike<number>>>): Float64Array {
  const flat = allocate("float64", parameters.size);
  for (const { name, offset } of parameters.entries) flat.set(Array.from(values[name]), offset);
  return flat;
}

/** max |a - b| / max |b|. */
export function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, scale] = [0, 0];
  for (let k = 0; k < b.length; k++) {
    difference = Math.max(difference, Math.abs(a[k] - b[k]));
    scale = Math.max(scale, Math.abs(b[k]));
  }
  return difference / scale;
}

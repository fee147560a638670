// What the cases train and explain: random examples of the peers' shapes, and MNIST.

import { loadDataset } from "../src/data/registry.ts";
import type { Dataset, Split } from "../src/data/types.ts";
import { Engine } from "../src/engine/engine.ts";
import { type LoadedOrt, loadOrt } from "../src/engine/ort.ts";
import { lossOf } from "../src/losses/registry.ts";
import type { Model, ModelShape } from "../src/models/types.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { allocate, integers, type RealArray, sizeOf, tensor } from "../src/numeric/tensor.ts";
import type { OptimizerOptions } from "../src/optimizers/options.ts";
import { createOptimizer } from "../src/optimizers/registry.ts";
import type { Optimizer } from "../src/optimizers/types.ts";
import { createTask, type Task } from "../src/train/task.ts";

export const CLASSES = 10;

const SGD = { name: "sgd", options: { lr: 1e-3 } };

export interface BenchTask {
  readonly task: Task;
  /** All parameters w_0, in the model's layout; every one is trained. */
  readonly params: RealArray;
}

export interface BenchTaskOptions {
  readonly model: (shape: ModelShape) => Model;
  readonly dataset: Dataset;
  readonly threads: number;
  readonly optimizer?: { readonly name: string; readonly options: OptimizerOptions };
  readonly hooks?: Hooks | undefined;
}

/** Where a profile puts its timers. */
export interface Hooks {
  ort(loaded: LoadedOrt): LoadedOrt;
  optimizer(optimizer: Optimizer): Optimizer;
}

/** A float32 task with cross-entropy; plain SGD unless another optimizer is named. */
export async function benchTask(options: BenchTaskOptions): Promise<BenchTask> {
  const { dataset, threads, optimizer: { name, options: hyper } = SGD, hooks } = options;
  const model = options.model({ inputShape: dataset.inputShape, outputs: CLASSES });
  const params = allocate("float32", model.parameters.size) as RealArray;
  const random = randomFrom(0, "initial parameters");
  model.initialise(params, () => random.uniform());
  const [loaded, optimizer] = [await loadOrt(console.warn), createOptimizer(name, hyper)];
  const task = createTask({
    engine: new Engine(hooks?.ort(loaded) ?? loaded, { dtype: "float32", threads }),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: hooks?.optimizer(optimizer) ?? optimizer,
    dataset,
  });
  return { task, params };
}

function randomSplit(inputShape: readonly number[], count: number, seed: number): Split {
  const random = randomFrom(seed, "data");
  const numbers = Float32Array.from({ length: count * sizeOf(inputShape) }, () => random.normal());
  const labels = Array.from({ length: count }, () => random.integer(CLASSES));
  return { x: tensor("float32", [count, ...inputShape], numbers), y: integers([count], labels) };
}

/** Normal inputs with uniform labels: `train` and `test` examples. */
export function randomDataset(
  inputShape: readonly number[],
  { train, test = 0 }: { train: number; test?: number },
): Dataset {
  const classes = Array.from({ length: CLASSES }, (_, c) => `${c}`);
  const parts = { train: randomSplit(inputShape, train, 1), test: randomSplit(inputShape, test, 2) };
  return { source: "random", task: "classification", classes, inputShape, ...parts, sha256: "" };
}

/** The first 5,000 training images of MNIST. */
export function mnist(): Promise<Dataset> {
  return loadDataset("mnist", { limit: 5000 });
}

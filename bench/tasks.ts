// What the cases train and explain: random examples of the peers' shapes, and MNIST.

import { loadDataset } from "../src/data/registry.ts";
import type { Dataset, Split } from "../src/data/types.ts";
import { Engine } from "../src/engine/engine.ts";
import { type LoadedOrt, loadOrt, type Provider } from "../src/engine/ort.ts";
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
  /** C; default 10. */
  readonly outputs?: number;
  readonly loss?: "cross-entropy" | "mse";
  readonly dataset: Dataset;
  readonly threads: number;
  /** Default: cpu. */
  readonly provider?: Provider | undefined;
  readonly optimizer?: { readonly name: string; readonly options: OptimizerOptions };
  readonly hooks?: Hooks | undefined;
}

/** Where a profile puts its timers. */
export interface Hooks {
  ort(loaded: LoadedOrt): LoadedOrt;
  optimizer(optimizer: Optimizer): Optimizer;
}

/** A float32 task; cross-entropy and plain SGD unless others are named. */
export async function benchTask(options: BenchTaskOptions): Promise<BenchTask> {
  const { dataset, threads, optimizer: { name, options: hyper } = SGD, hooks } = options;
  const { outputs = CLASSES, loss = "cross-entropy", provider = "cpu" } = options;
  const model = options.model({ inputShape: dataset.inputShape, outputs });
  const params = allocate("float32", model.parameters.size) as RealArray;
  const random = randomFrom(0, "initial parameters");
  model.initialise(params, () => random.uniform());
  const [loaded, optimizer] = [await loadOrt(console.warn, provider), createOptimizer(name, hyper)];
  const task = createTask({
    engine: new Engine(hooks?.ort(loaded) ?? loaded, { dtype: "float32", threads, provider }),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf(loss),
    optimizer: hooks?.optimizer(optimizer) ?? optimizer,
    dataset,
  });
  return { task, params };
}

export interface RandomDataOptions {
  readonly train: number;
  readonly test?: number;
  /** Labels of so many classes (default 10), or 0 for one number an example to be met. */
  readonly classes?: number;
}

/** Normal inputs with uniform labels, or with normal targets. */
export function randomDataset(inputShape: readonly number[], options: RandomDataOptions): Dataset {
  const { train, test = 0, classes: count = CLASSES } = options;
  const split = (examples: number, seed: number): Split => {
    const random = randomFrom(seed, "data");
    const normals = (size: number) => Float32Array.from({ length: size }, () => random.normal());
    const x = tensor("float32", [examples, ...inputShape], normals(examples * sizeOf(inputShape)));
    const labels = () => Array.from({ length: examples }, () => random.integer(count));
    return { x, y: count === 0 ? tensor("float32", [examples, 1], normals(examples)) : integers([examples], labels()) };
  };
  const classes = Array.from({ length: count }, (_, c) => `${c}`);
  const task = count === 0 ? "regression" : "classification";
  return { source: "random", task, classes, inputShape, train: split(train, 1), test: split(test, 2), sha256: "" };
}

/** The first training images of MNIST. */
export function mnist(limit = 5000): Promise<Dataset> {
  return loadDataset("mnist", { limit });
}

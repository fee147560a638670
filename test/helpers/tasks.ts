// Small deterministic tasks with their data in memory: every model, loss, optimizer variant and dtype that exactness is shown on.

import type { Dataset, Split } from "../../src/data/types.ts";
import { Engine } from "../../src/engine/engine.ts";
import { loadOrt } from "../../src/engine/ort.ts";
import { builderOf } from "../../src/graph/builder.ts";
import type { Value } from "../../src/graph/types.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { cnn } from "../../src/models/cnn.ts";
import { formsOf, storedGraph } from "../../src/models/dropout.ts";
import { mlp } from "../../src/models/mlp.ts";
import type { Model } from "../../src/models/types.ts";
import { type Random, randomFrom } from "../../src/numeric/random.ts";
import { allocate, integers, type RealArray, type RealDType, reals, sizeOf } from "../../src/numeric/tensor.ts";
import { withClipping } from "../../src/optimizers/clipping.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createRegulariser } from "../../src/regularisers/registry.ts";
import type { Batch } from "../../src/run/types.ts";
import { fullBatches, shuffledBatches } from "../../src/train/batches.ts";
import { keyedBatches } from "../../src/train/keys.ts";
import { createTask, type Task } from "../../src/train/task.ts";
import type { OptimizerChoice } from "./optimizer-choices.ts";
import { sharingSessions } from "./shared-sessions.ts";

export const modelKinds = ["tanh", "relu", "cnn"] as const;
export type ModelKind = (typeof modelKinds)[number];

export const lossKinds = ["mse", "half-mse", "cross-entropy", "binary-cross-entropy"] as const;
/** Losses that differ from those in nothing but their derivative at the start of each step. */
export const furtherLosses = [
  "cross-entropy:0.1",
  "nll",
  "joint-nll",
  "huber:0.5",
  "poisson",
  "hinge",
  "multi-margin:1",
  "perceptron",
] as const;
export type LossKind = (typeof lossKinds)[number] | (typeof furtherLosses)[number];

/** Outputs of the small models: two for a mean over outputs, three classes, one that tells two classes apart. */
const OUTPUTS: Readonly<Record<LossKind, number>> = {
  mse: 2,
  "half-mse": 1,
  "cross-entropy": 3,
  "binary-cross-entropy": 1,
  "cross-entropy:0.1": 3,
  nll: 3,
  "joint-nll": 3,
  "huber:0.5": 2,
  poisson: 2,
  hinge: 1,
  "multi-margin:1": 3,
  perceptron: 1,
};

const REGRESSION: readonly LossKind[] = ["mse", "half-mse", "huber:0.5", "poisson"];

export interface SmallTaskOptions {
  readonly model?: ModelKind;
  readonly loss?: LossKind;
  readonly optimizer?: Omit<OptimizerChoice, "label"> & Partial<Pick<OptimizerChoice, "label">>;
  readonly dtype?: RealDType;
  /** Hidden widths of the perceptrons; none makes a linear model. */
  readonly hidden?: readonly number[];
  readonly outputs?: number;
  /** Ratio of the models' dropout; batches then have keys. */
  readonly dropout?: number;
  readonly examples?: number;
  readonly queries?: number;
  /** Plain `gd` takes all examples instead. */
  readonly batchSize?: number;
  readonly steps?: number;
  readonly seed?: number;
  /** Names of the parameters to train; default: all. */
  readonly trainable?: readonly string[];
  /** Default: one for each dtype and process. */
  readonly engine?: Engine;
}

export interface SmallTask {
  readonly task: Task;
  /** All parameters w_0, in the model's layout and the run's dtype. */
  readonly params: RealArray;
  readonly batches: readonly Batch[];
}

const engines = new Map<RealDType, Promise<Engine>>();
const loaded = loadOrt().then(sharingSessions);

/** The engine of this process for a dtype: one thread, so that results are the same on every machine with these kernels. */
export function engineOf(dtype: RealDType): Promise<Engine> {
  const known = engines.get(dtype) ?? loaded.then((ort) => new Engine(ort, { dtype, threads: 1 }));
  engines.set(dtype, known);
  return known;
}

/** A model, its data and its batches; the same numbers for the same options. */
export async function smallTask(options: SmallTaskOptions = {}): Promise<SmallTask> {
  const { loss = "mse", dtype = "float64", seed = 1, examples = 24, batchSize = 8, steps = 40 } = options;
  const choice = options.optimizer ?? { label: "", name: "sgd", options: { lr: 0.05 } };
  const { name, options: hyper, clipping = {}, regularisers = [] } = choice;
  const model = modelOf({ ...options, outputs: options.outputs ?? OUTPUTS[loss] });
  const params = startOf(model, dtype, seed);
  const task = createTask({
    engine: options.engine ?? (await engineOf(dtype)),
    model,
    trainable: options.trainable ?? model.parameters.entries.map((entry) => entry.name),
    params,
    loss: lossOf(loss),
    optimizer: withClipping(createOptimizer(name, hyper), clipping),
    regularisers: regularisers.map(createRegulariser),
    dataset: datasetOf({ ...options, loss }),
  });
  const random = randomFrom(seed, "batches");
  const batches =
    name === "gd" ? fullBatches(examples, steps) : shuffledBatches({ examples, batchSize, steps }, random);
  return { task, params, batches: [...(options.dropout ? keyedBatches(batches, seed) : batches)] };
}

/** The same task with another optimizer: data, model and start stay. */
export function withOptimizer(task: Task, name: string, options: OptimizerOptions): Task {
  return { ...task, optimizer: createOptimizer(name, options) };
}

/** w_0 as the library draws it. */
export function startOf(model: Model, dtype: RealDType, seed: number): RealArray {
  const params = allocate(dtype, model.parameters.size) as RealArray;
  const random = randomFrom(seed, "initial parameters");
  model.initialise(params, () => random.uniform());
  return params;
}

function modelOf(options: SmallTaskOptions): Model {
  const model = plainModelOf(options);
  if (options.loss === undefined || lossOf(options.loss).outputs === undefined) return model;
  const { b, values } = builderOf(storedGraph(model));
  return { ...model, ...formsOf(b.build({ y: b.op("Softmax", [values.get("y") as Value], { axis: 1 }) })) };
}

function plainModelOf({ model = "tanh", hidden = [16, 12], outputs = 1, dropout }: SmallTaskOptions): Model {
  if (model === "cnn") return cnn({ inputShape: [1, 6, 6], outputs, channels: [4], hidden: 8, dropout });
  return mlp({ inputShape: [2], outputs, hidden, activation: model, dropout });
}

function datasetOf({ model, loss = "mse", examples = 24, queries = 6, seed = 1, outputs }: SmallTaskOptions): Dataset {
  const random = randomFrom(seed, "data");
  const inputShape = model === "cnn" ? [1, 6, 6] : [2];
  const width = outputs ?? OUTPUTS[loss];
  const classes = REGRESSION.includes(loss) ? 0 : Math.max(2, width);
  const shape = { inputShape, width, classes, counts: loss === "poisson" };
  const train = splitOf(random, examples, shape);
  const test = splitOf(random, queries, shape);
  const names = Array.from({ length: classes }, (_, c) => `${c}`);
  const task = classes > 0 ? "classification" : "regression";
  return { source: "small", task, classes: names, inputShape, train, test, sha256: "" };
}

interface SplitShape {
  readonly inputShape: readonly number[];
  readonly width: number;
  /** 0 for regression. */
  readonly classes: number;
  /** Targets are whole numbers from 0. */
  readonly counts: boolean;
}

/** Normal inputs; targets are sin(2 a) + b^2 / 2 of two projections a and b, cut into classes where there are any. */
function splitOf(random: Random, count: number, { inputShape, width, classes, counts }: SplitShape): Split {
  const size = sizeOf(inputShape);
  const x = reals(
    [count, ...inputShape],
    Float64Array.from({ length: count * size }, () => random.normal()),
  );
  const signal = (n: number, c: number): number => {
    const row = x.data.subarray(n * size, (n + 1) * size);
    const half = size / 2;
    const a = row.subarray(0, half).reduce((total, value) => total + value, 0) / Math.sqrt(half);
    const b = row.subarray(half).reduce((total, value) => total + value, 0) / Math.sqrt(half);
    return Math.sin(2 * a + c) + (b * b) / 2;
  };
  if (classes > 0) {
    const label = (n: number): number =>
      Math.min(classes - 1, Math.max(0, Math.floor(signal(n, 0) + classes / 2 - 0.4)));
    return {
      x,
      y: integers(
        [count],
        Array.from({ length: count }, (_, n) => label(n)),
      ),
    };
  }
  const y = Float64Array.from({ length: count * width }, (_, k) => signal(Math.floor(k / width), k % width));
  return { x, y: reals([count, width], counts ? y.map((value) => Math.round(Math.abs(2 * value))) : y) };
}

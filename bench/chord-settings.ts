// The runs that chords are measured on: theory 1.8's 240 steps of a small tanh network, and MNIST.

import { openEngine } from "../src/engine/engine.ts";
import { lossOf } from "../src/losses/registry.ts";
import { createModel } from "../src/models/registry.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { allocate, type RealArray, reals } from "../src/numeric/tensor.ts";
import type { OptimizerOptions } from "../src/optimizers/options.ts";
import { createOptimizer } from "../src/optimizers/registry.ts";
import type { Run } from "../src/run/types.ts";
import { shuffledBatches } from "../src/train/batches.ts";
import { trainInMemory } from "../src/train/memory-training.ts";
import { createTask, type Task } from "../src/train/task.ts";
import { mnist } from "./tasks.ts";

export const STEPS = 240;
/** Lengths of chords that are measured. */
export const CHORDS = [5, 10, 30, 60, 240] as const;

export interface Setting {
  readonly task: Task;
  readonly run: Run;
  /** Test examples that are explained. */
  readonly queries: number;
  /** Rule along steps and chords. */
  readonly rule: string;
  readonly tolerance: number;
}

export interface OptimizerSetting {
  readonly label: string;
  readonly name: string;
  readonly options: OptimizerOptions;
}

/** 16 points in the plan, y = sin 2a + b^2/2, tanh 2-16-16-1 with a normal start, half-mse, batch 4, float64: reference/verify3.py. */
export async function smallSetting({ name, options }: OptimizerSetting): Promise<Setting> {
  const random = randomFrom(3, "chords");
  const points = (count: number) => {
    const x = Float64Array.from({ length: 2 * count }, () => random.normal());
    const y = Float64Array.from({ length: count }, (_, n) => Math.sin(2 * x[2 * n]) + x[2 * n + 1] ** 2 / 2);
    return { x: reals([count, 2], x), y: reals([count, 1], y) };
  };
  const dataset = { source: "small", task: "regression" as const, classes: [], inputShape: [2], sha256: "" };
  const model = createModel("mlp:16,16:tanh", { inputShape: [2], outputs: 1 });
  const params = allocate("float64", model.parameters.size) as RealArray;
  for (const { shape, offset, size } of model.parameters.entries) {
    const deviation = shape.length > 1 ? 1 / Math.sqrt(shape[1]) : 0.1;
    for (let i = offset; i < offset + size; i++) params[i] = deviation * random.normal();
  }
  const task = createTask({
    engine: await openEngine({ dtype: "float64", threads: 1 }),
    model,
    trainable: model.parameters.entries.map((entry) => entry.name),
    params,
    loss: lossOf("half-mse"),
    optimizer: createOptimizer(name, options),
    dataset: { ...dataset, train: points(16), test: points(5) },
  });
  const batches = [...shuffledBatches({ examples: 16, batchSize: 4, steps: STEPS }, random)];
  const run = await trainInMemory(task, { params, batches });
  return { task, run, queries: 5, rule: "gauss4", tolerance: 1e-4 };
}

/** The first 2,000 images of MNIST, 784-64-10 relu, batch 64, float32. */
export async function mnistSetting({ name, options }: OptimizerSetting): Promise<Setting> {
  const dataset = await mnist(2000);
  const model = createModel("mlp:64:relu", { inputShape: dataset.inputShape, outputs: 10 });
  const params = allocate("float32", model.parameters.size) as RealArray;
  const random = randomFrom(0, "parameters");
  model.initialise(params, () => random.uniform());
  const task = createTask({
    engine: await openEngine({ dtype: "float32", threads: 2 }),
    model,
    trainable: model.parameters.entries.map((entry) => entry.name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer(name, options),
    dataset,
  });
  const batches = [...shuffledBatches({ examples: 2000, batchSize: 64, steps: STEPS }, randomFrom(0, "batches"))];
  const run = await trainInMemory(task, { params, batches, checkpointEvery: 10 });
  return { task, run, queries: 5, rule: "auto", tolerance: 1e-4 };
}

export const smallOptimizers: readonly OptimizerSetting[] = [
  { label: "SGD .05", name: "sgd", options: { lr: 0.05 } },
  { label: "momentum .9 (.02)", name: "momentum", options: { lr: 0.02 } },
  { label: "RMSprop .99 (.005)", name: "rmsprop", options: { lr: 0.005 } },
  { label: "AdamW decay .1 (.01)", name: "adamw", options: { lr: 0.01, weightDecay: 0.1 } },
];

export const mnistOptimizers: readonly OptimizerSetting[] = [
  { label: "SGD .1", name: "sgd", options: { lr: 0.1 } },
  { label: "Adam (.001)", name: "adam", options: { lr: 0.001 } },
];

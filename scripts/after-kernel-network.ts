// The network whose kernels are compared with it: ReLU, float32, cross-entropy, SGD of step size 0.2, batches of 32.

import type { Dataset } from "../src/data/types.ts";
import { openEngine } from "../src/engine/engine.ts";
import { lossOf } from "../src/losses/registry.ts";
import { mlp } from "../src/models/mlp.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { allocate, type RealArray } from "../src/numeric/tensor.ts";
import { createOptimizer } from "../src/optimizers/registry.ts";
import type { Run } from "../src/run/types.ts";
import { shuffledBatches } from "../src/train/batches.ts";
import { trainInMemory } from "../src/train/memory-training.ts";
import { createTask, type Task } from "../src/train/task.ts";

export const [BATCH, STEP_SIZE] = [32, 0.2];

export interface NetworkOptions {
  readonly dataset: Dataset;
  readonly hidden: readonly number[];
  readonly epochs: number;
  /** Checkpoints an epoch has. */
  readonly checkpoints: number;
  /** Of the start and the batches. */
  readonly seed: number;
}

/** Trains it. The caller releases the task's engine. */
export async function trainNetwork(options: NetworkOptions): Promise<{ readonly task: Task; readonly run: Run }> {
  const { dataset, hidden, epochs, checkpoints, seed } = options;
  const model = mlp({ inputShape: dataset.inputShape, outputs: dataset.classes.length, hidden, activation: "relu" });
  const params = allocate("float32", model.parameters.size) as RealArray;
  const random = randomFrom(seed, "initial parameters");
  model.initialise(params, () => random.uniform());
  const task = createTask({
    engine: await openEngine({ dtype: "float32" }),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("sgd", { lr: STEP_SIZE }),
    dataset,
  });
  const [examples] = dataset.train.x.shape;
  const epoch = Math.ceil(examples / BATCH);
  const plan = { examples, batchSize: BATCH, steps: epochs * epoch };
  const batches = [...shuffledBatches(plan, randomFrom(seed, "batches"))];
  return { task, run: await trainInMemory(task, { params, batches, checkpointEvery: Math.ceil(epoch / checkpoints) }) };
}

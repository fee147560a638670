// The plane task of Guo, He and Morel's Figs. 1, 9 and 10: a ring around a disk, and the optimizers that learn it.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset } from "../../data/types.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { randomFrom } from "../../numeric/random.ts";
import { integers, reals } from "../../numeric/tensor.ts";
import type { OptimizerOptions } from "../../optimizers/options.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import type { Run } from "../../run/types.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import type { MeasureContext } from "../types.ts";

/** Even examples lie in a disk of radius 0.6 (class 0), odd ones on a circle of radius 1 with noise 0.1 (class 1). */
export function ringAndDisk(examples: number, seed: number): Dataset {
  const random = randomFrom(seed, "ring and disk");
  const points = Array.from({ length: examples }, (_, n) => {
    const angle = 2 * Math.PI * random.uniform();
    const radius = n % 2 === 0 ? 0.6 * Math.sqrt(random.uniform()) : 1 + 0.1 * random.normal();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  const labels = points.map((_, n) => n % 2);
  const train = { x: reals([examples, 2], points.flat()), y: integers([examples], labels) };
  return arrayDataset({ train, classes: ["disk", "ring"], source: "ring and disk" });
}

export interface RingOptimizer {
  readonly name: string;
  readonly label: string;
  readonly options: OptimizerOptions;
}

/** The source's four; learning rates are ours. */
export const ringOptimizers: readonly RingOptimizer[] = [
  { name: "sgd", label: "SGD", options: { lr: 0.05 } },
  { name: "momentum", label: "SGD with momentum", options: { lr: 0.05, momentum: 0.9 } },
  { name: "rmsprop", label: "RMSprop", options: { lr: 0.005 } },
  { name: "adam", label: "Adam", options: { lr: 0.005 } },
];

export interface RingTraining {
  readonly examples: number;
  readonly hidden: readonly number[];
  readonly steps: number;
}

/** A tanh network with one logit, trained on batches of 32 of the seed's data, from the seed's start. */
export async function trainOnRing(
  { examples, hidden, steps }: RingTraining,
  { name, options }: RingOptimizer,
  { seed, engine, signal }: Pick<MeasureContext, "seed" | "engine" | "signal">,
  checkpointEvery: number,
): Promise<{ readonly task: Task; readonly run: Run }> {
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: mlp({ inputShape: [2], outputs: 1, hidden, activation: "tanh" }),
    loss: lossOf("binary-cross-entropy"),
    optimizer: createOptimizer(name, options),
    dataset: ringAndDisk(examples, seed),
    seed,
  });
  const batches = [...shuffledBatches({ examples, batchSize: 32, steps }, randomFrom(seed, "batches"))];
  return { task, run: await trainInMemory(task, { params, batches, checkpointEvery, signal }) };
}

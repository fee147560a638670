// Rows of the theory's table on machines that are solved for over a network's kernels.

import { loadDataset } from "../../src/data/registry.ts";
import { openEngine } from "../../src/engine/engine.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { compareMachines } from "../../src/machines/compare.ts";
import { mlp } from "../../src/models/mlp.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { meanInterval } from "../../src/numeric/student.ts";
import { allocate, type RealArray } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { shuffledBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import type { TheoryRow } from "./row.ts";

const [BATCH, EPOCHS, SEEDS] = [32, 12, 3];

/** Digits of 8 x 8 learned by 64-64-64-10 ReLU: test error of each machine of a comparison, by name. */
async function errorsOf(seed: number): Promise<ReadonlyMap<string, number>> {
  const dataset = await loadDataset("digits");
  const model = mlp({ inputShape: dataset.inputShape, outputs: 10, hidden: [64, 64], activation: "relu" });
  const params = allocate("float32", model.parameters.size) as RealArray;
  const random = randomFrom(seed, "initial parameters");
  model.initialise(params, () => random.uniform());
  const task = createTask({
    engine: await openEngine({ dtype: "float32" }),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("sgd", { lr: 0.2 }),
    dataset,
  });
  const [examples] = dataset.train.x.shape;
  const steps = EPOCHS * Math.ceil(examples / BATCH);
  const batches = [...shuffledBatches({ examples, batchSize: BATCH, steps }, randomFrom(seed, "batches"))];
  const run = await trainInMemory(task, { params, batches, checkpointEvery: 20 });
  const { results } = await compareMachines(task, run, {
    ...{ train: 600, test: 400, at: [0, steps], pathKernels: 6, ridge: 1e-3, solvers: ["svm"], seed },
    machines: ["linearised", "tangent", "path", "nearest"],
  });
  await task.engine.release();
  return new Map(results.map(({ name, error }) => [name, error as number]));
}

export const rows: readonly TheoryRow[] = [
  {
    id: "001-22",
    statement: "networks memorise and match: they perform as their kernel machines",
    by: "compareMachines, supportVectorClassifier, pathMachineKernel, nearestNeighbours",
    test: "machines/compare.test.ts; docs/after-kernel.md",
    holds:
      "of the explanation's own machine exactly, up to its residual; of machines solved for anew it is a measurement of each task",
    measure: async () => {
      const all: ReadonlyMap<string, number>[] = [];
      for (let seed = 0; seed < SEEDS; seed++) all.push(await errorsOf(seed));
      const texts = [...all[0].keys()].map((name) => {
        const { mean, half } = meanInterval(all.map((errors) => 100 * (errors.get(name) as number)));
        return `${name} ${mean.toFixed(1)} +- ${half.toFixed(1)}`;
      });
      return `test error on digits, %, over ${SEEDS} seeds: ${texts.join(", ")}`;
    },
  },
];

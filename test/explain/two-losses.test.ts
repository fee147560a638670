// Two losses of one name on one model: each is explained as itself.

import { expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { mul } from "../../src/graph/ops.ts";
import { lossOf } from "../../src/losses/registry.ts";
import type { Loss } from "../../src/losses/types.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { smallTask } from "../helpers/tasks.ts";

const plain = lossOf("mse");
const scaled = (factor: number): Loss => ({
  ...plain,
  name: "mine",
  value: (b, y, target) => mul(b, plain.value(b, y, target), factor),
});

it.each([
  ["sgd", { lr: 0.05 }],
  ["adam", { lr: 0.01 }],
])("under %s, with and without the loss as what is explained", async (name, options) => {
  const { task: made, params, batches } = await smallTask({ loss: "mse", steps: 4 });
  const { engine, dataset } = made;
  const model = made.model;
  for (const factor of [1, 3]) {
    const task = createTask({
      engine,
      dataset,
      model,
      params,
      trainable: made.layout.entries.map((entry) => entry.name),
      loss: scaled(factor),
      optimizer: createOptimizer(name, options),
    });
    const run = await trainInMemory(task, { params, batches });
    const queries = datasetQueries(task, "test:0-1");
    for (const readout of [undefined, "loss"]) {
      const explanation = await explain(task, run, { queries, tolerance: 1e-9, ...(readout && { readout }) });
      expect(verdictOf(explanation, "float64")).toMatchObject({ passed: true });
      if (readout === "loss" && factor === 3) {
        const first = explanation.output[0];
        const { output } = await explain(made, run, { queries, tolerance: 1e-9, readout });
        expect(first).toBeCloseTo(3 * output[0], 10);
      }
    }
  }
});

// Tasks whose start is drawn from a seed: the library's own draw, everything trained but what the model keeps.

import { expect, it } from "vitest";
import { arrayDataset } from "../../src/data/array-dataset.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { mlp } from "../../src/models/mlp.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { initialParameters, seededTask } from "../../src/train/seeded-task.ts";
import { engineOf, startOf } from "../helpers/tasks.ts";

const dataset = arrayDataset({ train: { x: reals([2, 1], [1, 2]), y: reals([2, 1], [0, 1]) } });
const common = { loss: lossOf("half-mse"), optimizer: createOptimizer("gd", { lr: 0.1 }), dataset };

it("draws the same start for the same seed, another for another, as a training does", async () => {
  const model = mlp({ inputShape: [1], outputs: 1, hidden: [3], activation: "tanh" });
  const { params } = seededTask({ ...common, engine: await engineOf("float64"), model, seed: 7 });
  expect(params).toEqual(startOf(model, "float64", 7));
  expect(initialParameters(model, "float32", 7)).toEqual(startOf(model, "float32", 7));
  expect(params).not.toEqual(initialParameters(model, "float64", 8));
});

it("trains all parameters but those that the model keeps as they start", async () => {
  const model = mlp({ inputShape: [1], outputs: 1, hidden: [3], activation: "tanh", alpha: 2 });
  const { task } = seededTask({ ...common, engine: await engineOf("float64"), model, seed: 1 });
  expect(task.layout.entries.map(({ name }) => name).filter((name) => name.startsWith("start."))).toEqual([]);
  expect(task.layout.size).toBe(10);
});

// The fields of a task against the derivatives of a one-layer network in closed form, which the measurements of the theory run on.

import { describe, expect, it } from "vitest";
import { hostFields } from "../../scripts/theory/host-network.ts";
import type { Dataset } from "../../src/data/types.ts";
import { flowFields } from "../../src/flows/field.ts";
import { mlp } from "../../src/models/mlp.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { createTask } from "../../src/train/task.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { smallTask, startOf } from "../helpers/tasks.ts";

const xs = [-1, 0.2, 0.7];
const ys = [0.5, -0.3, 1];
const queries = [0.4, -0.9];

describe("flowFields(task, queries)", () => {
  it("are those of the closed form", async () => {
    const { task } = await smallTask({ loss: "half-mse" });
    const model = mlp({ inputShape: [1], outputs: 1, hidden: [4], activation: "tanh" });
    const params = startOf(model, "float64", 1) as Float64Array;
    const column = (values: readonly number[]) => reals([values.length, 1], values);
    const split = { x: column(xs), y: column(ys) };
    const dataset: Dataset = {
      ...task.dataset,
      inputShape: [1],
      train: split,
      test: split,
    };
    const trainable = model.parameters.entries.map(({ name }) => name);
    const fields = await flowFields(createTask({ ...task, model, trainable, params, dataset }), column(queries));
    const host = hostFields({ xs, ys, queries, hidden: 4 });
    expect([fields.examples, fields.size, fields.rows]).toEqual([host.examples, host.size, host.rows]);
    const close = { rtol: 1e-12, atol: 1e-14 };
    expect(await fields.gradients(params)).toBeAllclose(await host.gradients(params), close);
    expect(await fields.values(params)).toBeAllclose(await host.values(params), close);
    expect(await fields.jacobians(params)).toBeAllclose(await host.jacobians(params), close);
  });

  it.each([
    ["regularisers", { optimizer: { name: "sgd", options: { lr: 1 }, regularisers: ["l2:1"] } }, "alone, got l2"],
    ["dropout", { dropout: 0.5 }, "trained as it is evaluated, got one with dropout"],
  ])("refuse what they would leave out: %s", async (_, options, message) => {
    const { task } = await smallTask({ hidden: [2], ...options });
    await expect(flowFields(task, task.dataset.test.x)).rejects.toMatchObject({
      tag: "Unsupported",
      message: expect.stringContaining(message),
    });
  });

  it("refuse a parameter whose use has no factored derivative", async () => {
    const { task } = await squaredWeightsTask();
    await expect(flowFields(task, task.dataset.test.x)).rejects.toThrow("need factored derivatives");
  });
});

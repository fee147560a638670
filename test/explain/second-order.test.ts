// Second-order remainders against what is measured, where they are exact and where they are the first term.

import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { expectedSecondOrder, secondOrder } from "../../src/explain/second-order.ts";
import { mlp } from "../../src/models/mlp.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask, startOf } from "../helpers/tasks.ts";

const small = (options: SmallTaskOptions = {}) =>
  smallTask({ hidden: [5], examples: 6, batchSize: 3, queries: 2, loss: "half-mse", steps: 8, ...options });

describe("secondOrder(task, run, options)", () => {
  it("is all that the rule left leaves of a model that is quadratic in its parameters", async () => {
    const { task: tanh, batches } = await small();
    const model = mlp({ inputShape: [2], outputs: 1, hidden: [5], activation: "linear" });
    const params = startOf(model, "float64", 1);
    const trainable = model.parameters.entries.map(({ name }) => name);
    const task = createTask({ ...tanh, model, trainable, params });
    const run = await trainInMemory(task, { params, batches });
    const queries = datasetQueries(task, "test:0,1");
    const { changes, linear, quadratic } = await secondOrder(task, run, { queries });
    const { residualByStep } = await explain(task, run, { queries, rule: "left" });
    expect(largest(quadratic)).toBeGreaterThan(1e-6);
    expect(quadratic).toBeAllclose(residualByStep, { atol: 1e-12 * largest(changes) });
    expect(linear.map((value, k) => value + quadratic[k])).toBeAllclose(changes, { atol: 1e-12 * largest(changes) });
  });

  it.each(["gd", "adam"])("nears the residual as the steps of %s shrink", async (label) => {
    const away: number[] = [];
    for (const factor of [1, 1 / 4]) {
      const choice = optimizerChoice(label);
      const options = { ...choice.options, lr: (choice.options.lr as number) * factor };
      const { task, params, batches } = await small({ optimizer: { ...choice, options } });
      const run = await trainInMemory(task, { params, batches, checkpointEvery: 4 });
      const queries = datasetQueries(task, "test:0,1");
      const { quadratic } = await secondOrder(task, run, { queries });
      const { residualByStep } = await explain(task, run, { queries, rule: "left" });
      away.push(largest(quadratic.map((value, k) => value - residualByStep[k])) / largest(residualByStep));
    }
    // The next term is of third order: relative to the second, of first.
    expect(Math.abs(Math.log2(away[0] / away[1]) - 2)).toBeLessThan(0.5);
  });
});

describe("expectedSecondOrder(task, run, options)", () => {
  it("is the mean over all batches of what one step leaves", async () => {
    const { task, params } = await small({ examples: 4 });
    const queries = datasetQueries(task, "test:0,1");
    const pairs = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].filter((j) => j > i).map((j) => Int32Array.of(i, j)));
    const mean = new Float64Array(2);
    let expected: Float64Array | undefined;
    for (const indices of pairs) {
      const run = await trainInMemory(task, { params, batches: [meanBatch(indices)] });
      const { quadratic } = await secondOrder(task, run, { queries });
      quadratic.forEach((value, r) => {
        mean[r] += value / pairs.length;
      });
      const { curvature, noise } = await expectedSecondOrder(task, run, { queries, batchSize: 2 });
      expected ??= curvature.map((value, k) => value + noise[k]);
    }
    expect(expected).toBeAllclose(mean, { atol: 1e-13 });
  });

  it("refuses optimizers with a state", async () => {
    const { task, params, batches } = await small({ optimizer: optimizerChoice("adam") });
    const run = await trainInMemory(task, { params, batches });
    const queries = datasetQueries(task, "test:0");
    expect(await errorOf(() => expectedSecondOrder(task, run, { queries, batchSize: 2 }))).toContain("plain descent");
  });

  it.each([
    ["a clip", { clipping: { norm: 0.1 } }, "gradients must not be clipped"],
    ["a regulariser", { regularisers: ["l2:1"] }, "the loss must be that of the examples alone, got l2"],
  ])("refuses steps that are not of the loss alone: %s", async (_, beyond, message) => {
    const { task, params, batches } = await small({ optimizer: { name: "sgd", options: { lr: 0.1 }, ...beyond } });
    const run = await trainInMemory(task, { params, batches });
    const queries = datasetQueries(task, "test:0");
    expect(await errorOf(() => expectedSecondOrder(task, run, { queries, batchSize: 2 }))).toContain(message);
  });
});

// The weak learner of a step, and the linearised model as a kernel machine.

import { describe, expect, it } from "vitest";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { linearisedMachine, tangentMachine } from "../../src/kernels/tangent-machine.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { linearise } from "../../src/models/linearise.ts";
import { mlp } from "../../src/models/mlp.ts";
import type { Run } from "../../src/run/types.ts";
import { predict } from "../../src/train/accuracy.ts";
import { fullBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { modelTask, normals } from "../helpers/model-task.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask, withOptimizer } from "../helpers/tasks.ts";

/** The difference between a step's machine and the model after the step, over all queries. */
async function missed(lr: number, options: SmallTaskOptions = {}) {
  const { task, params, batches } = await smallTask({
    steps: 1,
    ...options,
    optimizer: { label: "", name: "sgd", options: { lr } },
  });
  const run = await trainInMemory(task, { params, batches });
  const [from, to] = [await run.checkpoint(0), await run.checkpoint(1)];
  const machine = await tangentMachine(task, from.params, batches[0], { stepSize: lr });
  const { value, contributions } = await evaluateMachine(machine, task.dataset.test.x);
  const after = await predict(task, to.params, task.dataset.test);
  return { error: largest(after.map((y, k) => y - value.data[k])), moved: largest(contributions.data) };
}

describe("tangentMachine(task, params, batch)", () => {
  it("is the model after the step where the model is linear", async () => {
    const { error, moved } = await missed(0.5, { hidden: [], loss: "cross-entropy" });
    expect(moved).toBeGreaterThan(1e-2);
    expect(error).toBeLessThan(1e-14);
  });

  it("is the model after the step but for the square of the step elsewhere", async () => {
    const [coarse, fine] = [await missed(0.02), await missed(0.01)];
    // Halving the step leaves a quarter, and a twelfth of a thousandth more from the third order.
    expect(coarse.error / fine.error).toBeGreaterThan(3.9);
    expect(coarse.error / fine.error).toBeLessThan(4.1);
    expect(coarse.error).toBeLessThan(coarse.moved);
  });

  it("alone is the step's own function, linear in the step size", async () => {
    const { task, params, batches } = await smallTask({ steps: 1, loss: "cross-entropy" });
    const of = async (stepSize: number) =>
      (
        await evaluateMachine(
          await tangentMachine(task, params, batches[0], { stepSize, prior: "zero" }),
          task.dataset.test.x,
        )
      ).value.data;
    const [one, three] = [await of(1), await of(3)];
    expect(three).toBeAllclose(
      one.map((value) => 3 * value),
      { rtol: 1e-13, atol: 1e-15 },
    );
    expect(await errorOf(() => of(Number.NaN))).toBe("RangeError: tangentMachine: stepSize must be finite, got NaN");
  });
});

it("tangentMachine and linearisedMachine refuse a model whose training is random", async () => {
  const model = mlp({ inputShape: [2], outputs: 1, hidden: [3], activation: "tanh", dropout: 0.5 });
  const { task, params } = await modelTask({
    model,
    loss: lossOf("mse"),
    x: normals([4, 2], "x"),
    y: normals([4, 1], "y"),
  });
  const [batch] = fullBatches(4, 1);
  await expect(tangentMachine(task, params, batch)).rejects.toMatchObject({
    tag: "Unsupported",
    message: "tangentMachine: the model must be trained as it is evaluated, got one with dropout",
  });
  await expect(linearisedMachine(task, {} as Run)).rejects.toMatchObject({ tag: "Unsupported" });
});

describe("linearisedMachine(task, run)", () => {
  it.each([
    ["a squared loss", { model: "tanh" }],
    ["cross-entropy of a ReLU network", { model: "relu", loss: "cross-entropy" }],
  ] as const)("is the linearised model trained by the same batches: %s", async (_, options) => {
    const { task, params, batches } = await smallTask({ hidden: [6], steps: 15, ...options });
    const run = await trainInMemory(task, { params, batches });
    const machine = await linearisedMachine(task, run);
    const model = linearise(task.model, params);
    const trainable = model.parameters.entries.map(({ name }) => name);
    const linear = createTask({ ...task, model, trainable, params });
    const trained = await trainInMemory(linear, { params, batches });
    const expected = await predict(linear, (await trained.checkpoint(15)).params, task.dataset.test);
    const { value } = await evaluateMachine(machine, task.dataset.test.x);
    expect(value).toBeAllclose(expected, { rtol: 1e-12, atol: 1e-12 });
    // The network itself is elsewhere.
    const network = await predict(task, (await run.checkpoint(15)).params, task.dataset.test);
    expect(largest(network.map((y, k) => y - expected[k]))).toBeGreaterThan(1e-4);
  });

  it("refuses optimizers that leave the span of the examples' gradients", async () => {
    const { task, params, batches } = await smallTask({ hidden: [2], steps: 2 });
    for (const label of ["adam", "sgd decay"]) {
      const { name, options } = optimizerChoice(label);
      const own = withOptimizer(task, name, options);
      const run = await trainInMemory(own, { params, batches });
      await expect(linearisedMachine(own, run)).rejects.toMatchObject({
        tag: "Unsupported",
        message: `linearisedMachine: the optimizer must be plain gradient descent without weight decay, got ${name}`,
      });
    }
  });

  it.each([
    ["a clip by norm", { clipping: { norm: 0.1 } }],
    ["l1", { regularisers: ["l1:0.1"] }],
  ])("refuses what stands between the loss and the optimizer: %s", async (what, beyond) => {
    const optimizer = { name: "sgd", options: { lr: 0.1 }, ...beyond };
    const { task, params, batches } = await smallTask({ hidden: [2], steps: 2, optimizer });
    const run = await trainInMemory(task, { params, batches });
    await expect(linearisedMachine(task, run)).rejects.toMatchObject({
      tag: "Unsupported",
      message: `linearisedMachine: steps must be of the loss alone, without clip and regularisers, got ${what}`,
    });
  });
});

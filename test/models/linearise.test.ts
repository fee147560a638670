// The linearised model: its value, its derivative, its kernel, and that it is linear.

import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { inputQueries } from "../../src/explain/queries.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { linearise } from "../../src/models/linearise.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { type RealArray, sliceRows } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { predict } from "../../src/train/accuracy.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask } from "../../src/train/task.ts";
import { largest } from "../helpers/kernels.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function linearised(options: SmallTaskOptions = {}) {
  const { task, params, batches } = await smallTask({ steps: 10, hidden: [6], ...options });
  const model = linearise(task.model, params);
  const trainable = model.parameters.entries.map(({ name }) => name);
  const linear = createTask({ ...task, model, trainable, params });
  const random = randomFrom(4, "direction");
  const moved = (size: number): RealArray => params.map((w, k) => w + size * direction[k]) as RealArray;
  const direction = Float64Array.from(params, () => random.normal());
  return { task, linear, params, batches, moved };
}

describe("linearise(model, params)", () => {
  it.each([
    ["tanh", { model: "tanh" }],
    ["ReLU, two layers", { model: "relu", hidden: [5, 4] }],
    ["a convolutional network", { model: "cnn", loss: "cross-entropy" }],
  ] as const)("is the model at w_0, and its derivative there: %s", async (_, options) => {
    const { task, linear, params, moved } = await linearised(options);
    const x = { x: sliceRows(task.dataset.test.x, 0, 4) };
    const start = await predict(task, params, x);
    expect(await predict(linear, params, x)).toEqual(start);
    const h = 1e-5;
    const [up, down] = [await predict(task, moved(h), x), await predict(task, moved(-h), x)];
    const far = await predict(linear, moved(2), x);
    const slope = up.map((value, k) => (value - down[k]) / (2 * h));
    // A central difference of h = 1e-5 leaves h^2 and 1e-16 / h.
    expect(far).toBeAllclose(
      start.map((value, k) => value + 2 * slope[k]),
      { rtol: 1e-7, atol: 1e-8 },
    );
  });

  it("has the tangent kernel of w_0 wherever its parameters are", async () => {
    const { task, linear, params, moved } = await linearised();
    const x = sliceRows(task.dataset.train.x, 0, 5);
    const { kernel } = await tangentKernel(task, params, x, undefined, { form: "blocks" });
    const own = await tangentKernel(linear, moved(3), x, undefined, { form: "blocks" });
    expect(own.kernel).toBeAllclose(kernel.data as RealArray, { rtol: 1e-12, atol: 1e-12 });
  });

  it("is explained without residual by the rule left, whatever the step", async () => {
    const { linear, params, batches } = await linearised();
    const task = { ...linear, optimizer: createOptimizer("sgd", { lr: 0.3 }) };
    const run = await trainInMemory(task, { params, batches });
    const queries = inputQueries(task, task.dataset.test.x, { name: "test" });
    const e = await explain(task, run, { queries, rule: "left", readout: "output:0" });
    expect(largest(e.contributions)).toBeGreaterThan(1e-2);
    expect(largest(e.residual)).toBeLessThan(1e-13 * e.scale);
    expect(largest(e.closure)).toBeLessThan(1e-13 * e.scale);
  });

  it("refuses parameters that are not the model's", async () => {
    const { task } = await smallTask({ hidden: [3] });
    expect(() => linearise(task.model, new Float64Array(2))).toThrow(
      new RangeError("linearise: params must hold 17 numbers, got 2"),
    );
  });
});

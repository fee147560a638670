// The check that a model treats each example by itself.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { sub } from "../../src/graph/ops.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { requireRowsApart } from "../../src/train/rows-apart.ts";
import { createTask, type Task } from "../../src/train/task.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ dtype: "float64", threads: 1 });
});
afterAll(() => engine.release());

/** y = x W, or y = (x - mean of the batch) W. */
function task(mixing: boolean): { task: Task; params: Float64Array } {
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 2]);
  const w = b.input("w", "real", [2, 1]);
  const mean = b.op("ReduceMean", [x, b.ints([0])], { keepdims: 1 });
  const model = modelFromBuilder("hand-made", b, b.op("MatMul", [mixing ? sub(b, x, mean) : x, w]));
  const split = { x: reals([4, 2], [1, 2, 3, 4, 5, 7, 7, 8]), y: reals([4, 1], [1, 2, 3, 4]) };
  const dataset = {
    source: "four rows",
    task: "regression" as const,
    classes: [],
    inputShape: [2],
    train: split,
    test: split,
    sha256: "",
  };
  const params = Float64Array.of(0.5, -0.25);
  const options = {
    engine,
    model,
    trainable: ["w"],
    params,
    loss: lossOf("mse"),
    optimizer: createOptimizer("sgd", { lr: 0.1 }),
    dataset,
  };
  return { task: createTask(options), params };
}

describe("requireRowsApart(task, params)", () => {
  it("accepts a model that treats each row by itself", async () => {
    const { task: apart, params } = task(false);
    await expect(requireRowsApart(apart, params)).resolves.toBeUndefined();
  });

  it("refuses a model that subtracts the mean of the batch, and says what to do", async () => {
    const { task: mixing, params } = task(true);
    await expect(requireRowsApart(mixing, params)).rejects.toThrow(/must treat each example by itself/);
    await expect(requireRowsApart(mixing, params)).rejects.toMatchObject({
      hint: expect.stringContaining("evaluation mode"),
    });
  });
});

// Models of one and two weights, whose loss can be looked at: a sine of unknown frequency, a product with a saddle.

import type { Dataset } from "../../src/data/types.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { matmul } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/types.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import type { Run } from "../../src/run/types.ts";
import { fullBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { createTask, type Task } from "../../src/train/task.ts";
import { engineOf } from "../../test/helpers/tasks.ts";

async function taskOf(
  spec: string,
  make: (b: GraphBuilder, x: Value) => Value,
  { xs, target }: { xs: readonly number[]; target: (x: number) => number },
): Promise<Task> {
  const b = new GraphBuilder();
  const model = modelFromBuilder(spec, b, make(b, b.input("x", "real", ["N", 1])));
  const split = { x: reals([xs.length, 1], xs), y: reals([xs.length, 1], xs.map(target)) };
  const dataset: Dataset = {
    source: spec,
    task: "regression",
    classes: [],
    inputShape: [1],
    train: split,
    test: split,
    sha256: "",
  };
  return createTask({
    engine: await engineOf("float64"),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params: new Float64Array(model.parameters.size),
    loss: lossOf("half-mse"),
    optimizer: createOptimizer("gd", { lr: 0.1 }),
    dataset,
  });
}

/** y = sin(w x) for sin(2 x): as many minima in w as a frequency has aliases and sidelobes. */
export const sineTask = (): Promise<Task> =>
  taskOf("sine", (b, x) => b.op("Sin", [matmul(b, x, b.input("w", "real", [1, 1]))]), {
    xs: [0.3, 0.8, 1.1, 1.7, 2.2, 2.9],
    target: (x) => Math.sin(2 * x),
  });

/** y = x a b for x: a saddle at a = b = 0. */
export const productTask = (): Promise<Task> =>
  taskOf("product", (b, x) => matmul(b, matmul(b, x, b.input("a", "real", [1, 1])), b.input("b", "real", [1, 1])), {
    xs: [0.5, 1],
    target: (x) => x,
  });

/** Gradient descent from `params`, every state kept. */
export async function descend(
  task: Task,
  { params, lr, steps }: { params: readonly number[]; lr: number; steps: number },
): Promise<{ task: Task; run: Run }> {
  const own = { ...task, optimizer: createOptimizer("gd", { lr }) };
  const batches = [...fullBatches(task.dataset.train.x.shape[0], steps)];
  return { task: own, run: await trainInMemory(own, { params: Float64Array.from(params), batches }) };
}

// A task whose model takes running sums of its squared weights: no use has a factored form, so everything takes the general way.

import { GraphBuilder } from "../../src/graph/builder.ts";
import { matmul, mul } from "../../src/graph/ops.ts";
import type { Model } from "../../src/models/types.ts";
import { layoutOf } from "../../src/numeric/layout.ts";
import { createTask } from "../../src/train/task.ts";
import { type SmallTask, type SmallTaskOptions, smallTask, startOf } from "./tasks.ts";

/** y = tanh(x S(V * V)) S(W * W) with running sums S over rows, on the data, loss and optimizer of a small task. */
export async function squaredWeightsTask(options: SmallTaskOptions = {}): Promise<SmallTask> {
  const { task, batches } = await smallTask(options);
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 2]);
  const squared = (name: string, rows: number, columns: number) => {
    const value = b.input(name, "real", [rows, columns]);
    return b.op("CumSum", [mul(b, value, value), b.ints([0])]);
  };
  const hidden = b.op("Tanh", [matmul(b, x, squared("V", 2, 5))]);
  const graph = b.build({ y: matmul(b, hidden, squared("W", 5, task.outputs)) });
  const parameters = layoutOf([
    ["V", [2, 5]],
    ["W", [5, task.outputs]],
  ]);
  const initialise: Model["initialise"] = (flat, random) => {
    for (let k = 0; k < flat.length; k++) flat[k] = random() - 0.5;
  };
  const model: Model = { spec: "squared", graph, parameters, initialise };
  const params = startOf(model, task.engine.dtype, 1);
  const trainable = model.parameters.entries.map(({ name }) => name);
  return { task: createTask({ ...task, model, trainable, params }), params, batches };
}

// A task whose model uses one matrix twice, as weight and transposed: cross terms of its uses must be in every derivative.

import { GraphBuilder } from "../../src/graph/builder.ts";
import { add, matmul, swapLast } from "../../src/graph/ops.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import { createTask } from "../../src/train/task.ts";
import { type SmallTask, type SmallTaskOptions, smallTask, startOf } from "./tasks.ts";

/** y = tanh(tanh(x V) V^T) W + b, on the data, loss and optimizer of a small task. */
export async function tiedWeightsTask(options: SmallTaskOptions = {}): Promise<SmallTask> {
  const { task, batches } = await smallTask(options);
  const b = new GraphBuilder();
  const x = b.input("x", "real", ["N", 2]);
  const v = b.input("V", "real", [2, 5]);
  const hidden = b.op("Tanh", [matmul(b, x, v)]);
  const back = b.op("Tanh", [matmul(b, hidden, swapLast(b, v))]);
  const y = add(b, matmul(b, back, b.input("W", "real", [2, task.outputs])), b.input("b", "real", [task.outputs]));
  const model = modelFromBuilder("tied", b, y);
  const params = startOf(model, task.engine.dtype, 1);
  const trainable = model.parameters.entries.map(({ name }) => name);
  return { task: createTask({ ...task, model, trainable, params }), params, batches };
}

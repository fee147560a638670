// A task on tokens whose table has no other use: y = tanh(E[x]) W + b at every position.

import { GraphBuilder } from "../../src/graph/builder.ts";
import { add, matmul } from "../../src/graph/ops.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import { createTask } from "../../src/train/task.ts";
import { type SequenceTaskOptions, sequenceTask } from "./sequence-task.ts";
import { type SmallTask, startOf } from "./tasks.ts";

/** On the data, loss and optimizer of a sequence task; tokens repeat within an example. */
export async function embeddingTask(options: SequenceTaskOptions = {}): Promise<SmallTask> {
  const { task, batches } = await sequenceTask(options);
  const [length, classes] = task.outputShape;
  const b = new GraphBuilder();
  const x = b.input("x", "int64", ["N", length]);
  const hidden = b.op("Tanh", [b.op("Gather", [b.input("E", "real", [classes, 3]), x], { axis: 0 })]);
  const y = add(b, matmul(b, hidden, b.input("W", "real", [3, classes])), b.input("b", "real", [classes]));
  const model = modelFromBuilder("embedding", b, y);
  const params = startOf(model, task.engine.dtype, 1);
  const trainable = model.parameters.entries.map(({ name }) => name);
  return { task: createTask({ ...task, model, trainable, params }), params, batches };
}

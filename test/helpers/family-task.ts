// A task for a model by its spec, on normal examples of any shape with three classes: for what must hold of every family of models.

import { lossOf } from "../../src/losses/registry.ts";
import { createModel } from "../../src/models/registry.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, type RealDType, reals, sizeOf } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createTask } from "../../src/train/task.ts";
import { engineOf, type SmallTask, startOf } from "./tasks.ts";

const EXAMPLES = 6;

/** The model `spec` over examples of `inputShape` with three outputs, at its start. */
export async function familyTask(spec: string, inputShape: readonly number[], dtype: RealDType): Promise<SmallTask> {
  const model = createModel(spec, { inputShape, outputs: 3 });
  const random = randomFrom(1, "family");
  const split = {
    x: reals(
      [EXAMPLES, ...inputShape],
      Float64Array.from({ length: EXAMPLES * sizeOf(inputShape) }, () => random.normal()),
    ),
    y: integers(
      [EXAMPLES],
      Array.from({ length: EXAMPLES }, (_, n) => n % 3),
    ),
  };
  const params = startOf(model, dtype, 1);
  const task = createTask({
    engine: await engineOf(dtype),
    model,
    trainable: model.parameters.entries.map(({ name }) => name),
    params,
    loss: lossOf("cross-entropy"),
    optimizer: createOptimizer("sgd", { lr: 0.1 }),
    dataset: {
      source: "family",
      task: "classification",
      classes: ["0", "1", "2"],
      inputShape,
      train: split,
      test: split,
      sha256: "",
    },
  });
  return { task, params, batches: [] };
}

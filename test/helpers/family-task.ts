// A task for any model, on normal examples or on tokens, with three classes: for what must hold of every family of models.

import { valueIn } from "../../src/graph/builder.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { createModel } from "../../src/models/registry.ts";
import type { Model } from "../../src/models/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, type RealDType, reals, sizeOf } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { createTask } from "../../src/train/task.ts";
import { engineOf, type SmallTask, startOf } from "./tasks.ts";

const EXAMPLES = 6;

/** The model `spec` over examples of `inputShape` with three outputs, at its start; `gpt` reads tokens below 3. */
export async function familyTask(spec: string, inputShape: readonly number[], dtype: RealDType): Promise<SmallTask> {
  return taskOf(createModel(spec, { inputShape, outputs: 3 }), inputShape, dtype);
}

/** The same for a model with three outputs that is there already. */
export async function taskOf(model: Model, inputShape: readonly number[], dtype: RealDType): Promise<SmallTask> {
  const random = randomFrom(1, "family");
  const shape = [EXAMPLES, ...inputShape];
  const size = sizeOf(shape);
  const tokens = valueIn(model.graph, "x").dtype === "int64";
  const split = {
    x: reals(
      shape,
      Float64Array.from({ length: size }, () => (tokens ? Math.floor(3 * random.uniform()) : random.normal())),
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

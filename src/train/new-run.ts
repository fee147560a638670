// What a run starts from, written down from its task.

import { writeOnnx } from "../graph/onnx/writer.ts";
import { storedGraph } from "../models/dropout.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { NewRun } from "../run/types.ts";
import { SOFTWARE } from "../version.ts";
import { randomnessOf } from "./keys.ts";
import type { Task } from "./task.ts";

/** What a task does not know of the run that it is trained in. */
export type RunOptions = Pick<NewRun["manifest"], "batchSize" | "plannedSteps" | "checkpointEvery"> &
  Partial<NewRun["manifest"]>;

/**
 * The record of a run before its first step. `params` are all parameters w_0 in the model's layout. The model's SHA-256 is left empty,
 * and so is the date: what keeps the run fills them in.
 */
export function newRunOf(task: Task, params: RealArray, options: RunOptions): NewRun {
  const { model, layout, engine, optimizer, dataset, loss } = task;
  return {
    modelBytes: writeOnnx(storedGraph(model), { real: engine.dtype, initializers: viewsOf(model.parameters, params) }),
    layout,
    manifest: {
      schema: "pathkernel.run/1",
      software: SOFTWARE,
      createdAt: "",
      dtype: engine.dtype,
      seed: 0,
      generator: "given batches",
      engine: engine.info,
      model: {
        spec: model.spec,
        sha256: "",
        parameters: model.parameters.entries.map(({ name }) => name),
        trainable: layout.entries.map(({ name }) => name),
      },
      loss: loss.name,
      optimizer: { name: optimizer.name, options: optimizer.options },
      data: {
        source: dataset.source,
        limit: null,
        directory: null,
        targetColumn: null,
        context: null,
        sha256: dataset.sha256,
        task: dataset.task,
        classes: dataset.classes,
        trainExamples: dataset.train.x.shape[0],
        testExamples: dataset.test.x.shape[0],
      },
      ...randomnessOf(model),
      ...options,
    },
  };
}

// What a run starts from, written down from its task.

import { writeOnnx } from "../graph/onnx/writer.ts";
import { storedGraph } from "../models/dropout.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { NewRun, RunManifest } from "../run/types.ts";
import { SOFTWARE } from "../version.ts";
import { randomnessOf } from "./keys.ts";
import { type Task, trainableOf } from "./task.ts";

/** What a task does not know of the run that it is trained in. */
export type RunOptions = Pick<NewRun["manifest"], "batchSize" | "plannedSteps" | "checkpointEvery"> &
  Partial<NewRun["manifest"]>;

/** What is recorded of clip and regularisers; nothing where there is none. */
export function beyondLoss({
  optimizer: { clipping },
  regularisers,
}: Pick<Task, "optimizer" | "regularisers">): Pick<RunManifest, "clipping" | "regularisers"> {
  const recorded = ({ name, options }: NonNullable<RunManifest["clipping"]>) => ({ name, options });
  return {
    ...(clipping && { clipping: recorded(clipping) }),
    ...(regularisers.length > 0 && { regularisers: regularisers.map(recorded) }),
  };
}

/** RangeError where a regulariser pulls to other parameters than the record begins with: read again, it would be another. */
function requireReference(task: Task, params: RealArray): void {
  const { reference, engine } = task;
  if (reference.length === 0) return;
  const initial = trainableOf(task, params, engine.dtype);
  const k = initial.findIndex((w, i) => w !== reference[i]);
  if (k < 0) return;
  throw new RangeError(
    `newRunOf: a run with a regulariser of distance must begin where the task does, got ${initial[k]} for ${reference[k]}`,
  );
}

/**
 * The record of a run before its first step. `params` are all parameters w_0 in the model's layout. The SHA-256 of the model, and of a loss that is a file,
 * are left empty, and so is the date: what keeps the run fills them in. RangeError where the task's regularisers pull to other parameters than these.
 */
export function newRunOf(task: Task, params: RealArray, options: RunOptions): NewRun {
  const { model, layout, engine, optimizer, dataset, loss } = task;
  requireReference(task, params);
  return {
    modelBytes: writeOnnx(storedGraph(model), { real: engine.dtype, initializers: viewsOf(model.parameters, params) }),
    ...(loss.bytes && { lossBytes: loss.bytes }),
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
      ...(loss.bytes && { lossFile: { sha256: "" } }),
      ...(loss.inputs && { lossInputs: loss.inputs }),
      optimizer: { name: optimizer.name, options: optimizer.options },
      ...beyondLoss(task),
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

// Trains a task with its record in memory: for small runs, experiments and tests.

import { writeOnnx } from "../graph/onnx/writer.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { createMemoryRun } from "../run/memory-run.ts";
import type { Batch, Run } from "../run/types.ts";
import { SOFTWARE } from "../version.ts";
import type { Task } from "./task.ts";
import { trainableOf } from "./task.ts";
import { type TrainOptions, train } from "./train.ts";

export interface MemoryTrainingOptions {
  /** All parameters w_0, in the model's layout. */
  readonly params: RealArray;
  readonly batches: readonly Batch[];
  /** Default 1: every step. */
  readonly checkpointEvery?: number;
  readonly signal?: AbortSignal;
  readonly observe?: TrainOptions["observe"];
}

/** Runs the batches and gives the recorded run. Memory: one checkpoint every `checkpointEvery` steps. */
export async function trainInMemory(task: Task, options: MemoryTrainingOptions): Promise<Run> {
  const { params, batches, checkpointEvery = 1 } = options;
  const { model, layout, engine, optimizer, dataset, loss } = task;
  const modelBytes = writeOnnx(model.graph, { real: engine.dtype, initializers: viewsOf(model.parameters, params) });
  const writer = createMemoryRun({
    modelBytes,
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
      batchSize: batches[0]?.indices.length ?? 0,
      plannedSteps: batches.length,
      checkpointEvery,
    },
  });
  const initial = trainableOf(task, params, engine.dtype);
  await train({
    task,
    initial,
    batches,
    plannedSteps: batches.length,
    checkpointEvery,
    writer,
    signal: options.signal,
    observe: options.observe,
  });
  const run = writer.open();
  if (!run) throw new Error("internal: a finished run must be readable");
  return run;
}

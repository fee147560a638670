// From a request in the user's words to a recorded run: loads data and model, plans, trains.

import { basename } from "node:path";
import { loadDataset } from "../data/registry.ts";
import type { Dataset } from "../data/types.ts";
import { cpuOf } from "../engine/cpu.node.ts";
import { openEngine } from "../engine/engine.ts";
import { InvalidDataError } from "../errors.ts";
import { valueIn } from "../graph/builder.ts";
import { writeOnnx } from "../graph/onnx/writer.ts";
import { onnxLoss } from "../losses/onnx-loss.ts";
import { lossOf } from "../losses/registry.ts";
import type { Loss } from "../losses/types.ts";
import { storedGraph } from "../models/dropout.ts";
import { modelFromOnnx } from "../models/onnx-file.ts";
import { createModel } from "../models/registry.ts";
import { trainableNames } from "../models/trainable.ts";
import type { Model, ModelShape } from "../models/types.ts";
import { readFileBytes } from "../numeric/files.node.ts";
import { viewsOf } from "../numeric/layout.ts";
import { generatorName, randomFrom } from "../numeric/random.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { allocate, type RealArray, type RealDType } from "../numeric/tensor.ts";
import { type ClippingOptions, withClipping } from "../optimizers/clipping.ts";
import type { OptimizerOptions } from "../optimizers/options.ts";
import { createOptimizer } from "../optimizers/registry.ts";
import { createRegulariser } from "../regularisers/registry.ts";
import { planCheckpoints } from "../run/checkpoint-plan.ts";
import { openRun } from "../run/run-reader.node.ts";
import { createRunWriter } from "../run/run-writer.node.ts";
import type { NewRun, Run, RunWriter } from "../run/types.ts";
import { createSchedule, scheduleOf } from "../schedules/registry.ts";
import type { Schedule } from "../schedules/types.ts";
import { SOFTWARE } from "../version.ts";
import { accuracyOf } from "./accuracy.ts";
import { keyedBatches, randomnessOf } from "./keys.ts";
import { requireSearchable } from "./line-search.ts";
import { beyondLoss } from "./new-run.ts";
import { requireLossesApart, requireRowsApart } from "./rows-apart.ts";
import { batchesFor, type PlannedBatches } from "./sampling.node.ts";
import { createTask, type Task, trainableOf } from "./task.ts";
import { type Progress, type TrainOptions, type TrainResult, train } from "./train.ts";

export interface TrainingRequest {
  /** A known name (mnist, digits, fashion-mnist) or a file (.npz, .csv, .txt). */
  readonly data: string;
  readonly limit?: number | undefined;
  readonly dataDirectory?: string | undefined;
  /** Target column of a CSV file. */
  readonly targetColumn?: string | undefined;
  /** Characters of an example of a .txt file. */
  readonly context?: number | undefined;
  /** mlp:128:relu, cnn:16,32,64, or a file ending in .onnx. */
  readonly model: string;
  /** For a file: a regular expression that names the parameters. */
  readonly parameters?: string | undefined;
  /** mse, cross-entropy:0.1, any of `lossForms`, or a file ending in .onnx. */
  readonly loss: string;
  readonly optimizer: string;
  readonly optimizerOptions: OptimizerOptions;
  /** Step sizes: constant (default), "cosine:warmup=10", any of `scheduleForms`, or a function of the step. */
  readonly schedule?: string | ((step: number) => number) | undefined;
  /** Ends the training before the first step whose batch has a gradient of at most this Euclidean norm. */
  readonly stopGradientNorm?: number | undefined;
  readonly clipping?: ClippingOptions | undefined;
  /** Added to the loss: l2:0.01, l1:0.001, ... */
  readonly regularisers?: readonly string[] | undefined;
  /** Default 64; `gd` always takes all examples. */
  readonly batchSize?: number | undefined;
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** A .npy file [steps, batch] of training indices. */
  readonly batches?: string | undefined;
  /** So many batches make one step: the mean of their losses. Default 1. */
  readonly accumulate?: number | undefined;
  /** A .npy file, or FILE.csv:COLUMN, with a number >= 0 for each training example, which its weight in every batch is multiplied by. */
  readonly exampleWeights?: string | undefined;
  readonly seed: number;
  readonly dtype: RealDType;
  /** Patterns of the parameters to train; all by default. */
  readonly trainable?: readonly string[] | undefined;
  /** The run's folder. */
  readonly out: string;
  readonly force?: boolean | undefined;
  readonly checkpointBudget?: number | undefined;
  readonly threads?: number | undefined;
  /** Milliseconds between two flushes of the record. */
  readonly flushEvery?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly warn?: ((message: string) => void) | undefined;
  /** Given the task before anything is recorded; what it gives back is told of every step. */
  readonly observer?: ((task: Task) => NonNullable<TrainOptions["observe"]>) | undefined;
}

export interface TrainingResult {
  readonly result: TrainResult;
  readonly run: Run;
  readonly task: Task;
  /** Undefined for regression. */
  readonly accuracy: { readonly train: number; readonly test: number } | undefined;
}

/**
 * What a ready-made model must fit: an output for each class (one in all for two classes under a binary loss) or for each number of a
 * regression target, at each position of the targets.
 */
function modelShapeFor({ inputShape, classes, task, train }: Dataset, loss: Loss): ModelShape {
  const targets = train.y.shape.slice(1);
  if (task === "regression")
    return { inputShape, positions: targets.slice(0, -1), outputs: targets[targets.length - 1] };
  const outputs = classes.length === 2 && loss.binary ? 1 : classes.length;
  return { inputShape, positions: targets, outputs };
}

function modelFor(request: TrainingRequest, dataset: Dataset, loss: Loss): Model {
  if (!request.model.endsWith(".onnx")) {
    return createModel(request.model, modelShapeFor(dataset, loss));
  }
  const { model: name, parameters, warn } = request;
  const model = modelFromOnnx(readFileBytes(name), { name, parameters, note: warn });
  const expected = valueIn(model.graph, "x").shape.slice(1);
  if (expected.join() !== dataset.inputShape.join()) {
    throw new InvalidDataError(
      `${name} must be fed examples of shape [${expected}], got [${dataset.inputShape}] from ${dataset.source}`,
    );
  }
  return model;
}

/** A loss by its name, or a file of the user's. */
function lossFor(spec: string): Loss {
  return /\.onnx$/i.test(spec) ? onnxLoss(readFileBytes(spec), basename(spec)) : lossOf(spec);
}

interface Prepared {
  readonly task: Task;
  readonly params: RealArray;
  readonly planned: PlannedBatches;
  readonly schedule: Schedule;
}

async function prepare(request: TrainingRequest): Promise<Prepared> {
  const loss = lossFor(request.loss);
  const optimizer = withClipping(createOptimizer(request.optimizer, request.optimizerOptions), request.clipping ?? {});
  const regularisers = request.regularisers?.map(createRegulariser);
  const { limit, dataDirectory: directory, targetColumn: target, context } = request;
  const dataset = await loadDataset(request.data, { limit, directory, target, context });
  if (dataset.train.x.shape[0] === 0) {
    throw new InvalidDataError(`${request.data}: must have training examples to train on, got a test part alone`);
  }
  const model = modelFor(request, dataset, loss);
  const trainable = trainableNames(model.parameters, request.trainable, model.fixed);
  const params = allocate(request.dtype, model.parameters.size) as RealArray;
  const random = randomFrom(request.seed, "parameters");
  model.initialise(params, () => random.uniform());
  const planned = batchesFor(request, dataset.train.x.shape[0]);
  const { schedule: asked = "constant" } = request;
  const facts = { stepSize: optimizer.stepSize, steps: planned.steps };
  const schedule = typeof asked === "string" ? createSchedule(asked, facts) : scheduleOf(asked);
  requireSearchable({ optimizer, regularisers }, schedule);
  const engine = await openEngine({
    dtype: request.dtype,
    ...(request.threads && { threads: request.threads }),
    ...(request.warn && { warn: request.warn }),
  });
  try {
    const task = createTask({ engine, model, trainable, params, loss, optimizer, regularisers, dataset });
    // Ready-made models are known to keep rows apart.
    if (request.model.endsWith(".onnx")) await requireRowsApart(task, trainableOf(task, params, request.dtype));
    if (loss.bytes) await requireLossesApart(task, trainableOf(task, params, request.dtype));
    return { task, params, planned, schedule };
  } catch (error) {
    await engine.release();
    throw error;
  }
}

function newRun(request: TrainingRequest, { task, params, planned, schedule }: Prepared): NewRun {
  const { dataset, model, layout, engine, optimizer } = task;
  const modelBytes = writeOnnx(storedGraph(model), {
    real: engine.dtype,
    initializers: viewsOf(model.parameters, params),
  });
  const plan = planCheckpoints({
    steps: planned.steps,
    parameterCount: layout.size,
    bufferCount: optimizer.buffers.length,
    dtype: engine.dtype,
    budgetBytes: request.checkpointBudget,
  });
  const trainable = layout.entries.map(({ name }) => name);
  const { bytes: lossBytes } = task.loss;
  return {
    modelBytes,
    ...(lossBytes && { lossBytes }),
    layout,
    manifest: {
      schema: "pathkernel.run/1",
      software: SOFTWARE,
      createdAt: new Date().toISOString(),
      dtype: engine.dtype,
      seed: request.seed,
      generator: generatorName,
      engine: { ...engine.info, cpu: cpuOf() },
      model: {
        spec: request.model,
        sha256: sha256(modelBytes),
        parameters: model.parameters.entries.map(({ name }) => name),
        trainable,
      },
      loss: task.loss.name,
      ...(lossBytes && { lossFile: { sha256: sha256(lossBytes) } }),
      reduction: request.exampleWeights === undefined ? "mean" : "weighted",
      optimizer: { name: optimizer.name, options: optimizer.options },
      ...beyondLoss(task),
      schedule: { name: schedule.name, options: schedule.options },
      stopGradientNorm: request.stopGradientNorm,
      sampling: planned.sampling,
      data: {
        source: dataset.source,
        limit: request.limit ?? null,
        directory: request.dataDirectory ?? null,
        targetColumn: request.targetColumn ?? null,
        context: request.context ?? null,
        sha256: dataset.sha256,
        task: dataset.task,
        classes: dataset.classes,
        trainExamples: dataset.train.x.shape[0],
        testExamples: dataset.test.x.shape[0],
      },
      ...randomnessOf(model),
      batchSize: planned.batchSize,
      plannedSteps: planned.steps,
      checkpointEvery: plan.every,
    },
  };
}

/**
 * Trains as asked and records the run to `request.out`. Same request, same machine, same number of threads: the same record,
 * byte for byte but for its date.
 *
 * DivergedError when training leaves the finite numbers (the record is kept); RangeError, TypeError for a request that does not
 * fit; tagged errors for files and data. Nothing is left behind where training could not begin.
 */
export async function runTraining(request: TrainingRequest): Promise<TrainingResult> {
  const prepared = await prepare(request);
  const { task, params, planned, schedule } = prepared;
  const started = newRun(request, prepared);
  let writer: RunWriter | undefined;
  let result: TrainResult;
  try {
    const observe = request.observer?.(task);
    writer = await createRunWriter(request.out, { ...started, force: request.force ?? false });
    result = await train({
      task,
      initial: trainableOf(task, params, task.engine.dtype),
      batches: task.model.training ? keyedBatches(planned.batches, request.seed) : planned.batches,
      plannedSteps: planned.steps,
      schedule,
      stopGradientNorm: request.stopGradientNorm,
      checkpointEvery: started.manifest.checkpointEvery,
      writer,
      flushEvery: request.flushEvery,
      signal: request.signal,
      onProgress: request.onProgress,
      observe,
    });
  } catch (error) {
    await writer?.abort();
    await task.engine.release();
    throw error;
  }
  const run = await openRun(request.out);
  return { result, run, task, accuracy: await accuracies(task, run) };
}

/** How good the trained model is; undefined for regression. */
export async function accuracies(task: Task, run: Run): Promise<TrainingResult["accuracy"]> {
  const { params } = await run.checkpoint(run.checkpoints[run.checkpoints.length - 1]);
  const [train, test] = [
    await accuracyOf(task, params, task.dataset.train),
    await accuracyOf(task, params, task.dataset.test),
  ];
  return train === undefined || test === undefined ? undefined : { train, test };
}

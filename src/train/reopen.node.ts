// A recorded run with everything that explaining it needs: its data, its model, its optimizer, an engine like the one that trained.

import { dirname, join } from "node:path";
import { loadDataset } from "../data/registry.ts";
import type { Dataset, LoadOptions } from "../data/types.ts";
import { openEngine } from "../engine/engine.ts";
import { InvalidDataError, InvalidRunError } from "../errors.ts";
import { lossOf } from "../losses/registry.ts";
import { modelFromOnnx } from "../models/onnx-file.ts";
import { pathExists } from "../numeric/files.node.ts";
import { allocate, type RealArray } from "../numeric/tensor.ts";
import type { OptimizerOptions } from "../optimizers/options.ts";
import { createOptimizer } from "../optimizers/registry.ts";
import type { Optimizer } from "../optimizers/types.ts";
import { unrecordedOptimizer } from "../optimizers/unrecorded.ts";
import type { Run, RunManifest } from "../run/types.ts";
import { requireMasks } from "./keys.ts";
import { createTask, type Task } from "./task.ts";

export interface ReopenOptions {
  readonly warn?: (message: string) => void;
  /** Where the data are now, if no longer where the run says; the hash proves that they are the same. */
  readonly data?: string | undefined;
  /** Default: as many as the run was trained with; results of another number differ in their last bits. */
  readonly threads?: number;
}

function optimizerOf({ optimizer: { name, options } }: RunManifest): Optimizer {
  if (name === unrecordedOptimizer.name) return unrecordedOptimizer;
  return createOptimizer(name, options as OptimizerOptions);
}

/** An expression that matches exactly these names. */
export function exactly(names: readonly string[]): string {
  return `^(${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})$`;
}

/** What is made of the manifest: where that is refused as a caller's mistake, the manifest has made it. */
async function fromManifest<T>({ path }: Pick<Run, "path">, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (cause) {
    // Our own messages say what was got; those of the language are faults of the program.
    if (!(cause instanceof RangeError || cause instanceof TypeError) || !cause.message.includes(", got ")) throw cause;
    throw new InvalidRunError(`${path}/manifest.json: ${cause.message}`, { cause });
  }
}

/** The data's name or path: as given, as recorded, or, for a file that is not there, beside the run. */
function dataSource(run: Pick<Run, "path" | "manifest">, given: string | undefined): string {
  const { source } = run.manifest.data;
  if (given !== undefined || pathExists(source)) return given ?? source;
  const beside = join(dirname(run.path), source);
  return pathExists(beside) ? beside : source;
}

function optionsOf({ data, recording }: RunManifest): LoadOptions {
  return {
    limit: data.limit ?? undefined,
    directory: data.directory ?? undefined,
    target: data.targetColumn ?? undefined,
    context: data.context ?? undefined,
    // Another program's loop may have trained on fewer classes than its model tells apart.
    classes: recording && data.classes.length,
  };
}

/** The data of a run. InvalidDataError where they are no longer those that it was trained on, FileError where they are not there. */
export async function loadRunData(run: Pick<Run, "path" | "manifest">, given?: string): Promise<Dataset> {
  const { data } = run.manifest;
  const load = () => loadDataset(dataSource(run, given), optionsOf(run.manifest));
  const dataset = await (given === undefined ? fromManifest(run, load) : load());
  if (dataset.sha256 === data.sha256) return dataset;
  const [must, got] = [data.sha256, dataset.sha256].map((hash) => `${hash.slice(0, 12)}...`);
  throw new InvalidDataError(`${data.source} must be the data of the run (sha256 ${must}), got ${got}`, {
    hint: "explain it where the data are as they were",
  });
}

/**
 * The task of a recorded run. InvalidDataError when the data are no longer those that it was trained on (by their hash),
 * InvalidRunError when its model lacks a parameter or its manifest asks for what there is not.
 */
export async function reopenTask(run: Run, { warn, data: given, threads }: ReopenOptions = {}): Promise<Task> {
  const { manifest } = run;
  requireMasks(run);
  const dataset = await loadRunData(run, given);
  const name = `${run.path}/model.onnx`;
  const parameters = exactly(manifest.model.parameters);
  const read = await fromManifest(run, () => modelFromOnnx(run.modelBytes, { name, parameters }));
  const model = { ...read, spec: manifest.model.spec };
  const missing = manifest.model.parameters.find(
    (parameter) => !model.parameters.entries.some((entry) => entry.name === parameter),
  );
  if (missing !== undefined)
    throw new InvalidRunError(`${name} must have the parameter ${missing} that the manifest names`);
  const [wanted, got] = [manifest.random?.dropout, model.training?.masks.map(({ ratio }) => ratio)];
  if (wanted?.join() !== got?.join())
    throw new InvalidRunError(
      `${name} must have the dropout ${wanted ?? "none"} of the manifest, got ${got ?? "none"}`,
    );
  const params = allocate(manifest.dtype, model.parameters.size) as RealArray;
  model.initialise(params, () => 0);
  const { trainable } = manifest.model;
  const open = () =>
    openEngine({ dtype: manifest.dtype, threads: threads ?? manifest.engine.threads, ...(warn && { warn }) });
  const engine = await (threads === undefined ? fromManifest(run, open) : open());
  try {
    return await fromManifest(run, () => {
      const [loss, optimizer] = [lossOf(manifest.loss), optimizerOf(manifest)];
      return createTask({ engine, model, trainable, params, loss, optimizer, dataset });
    });
  } catch (error) {
    await engine.release();
    throw error;
  }
}

// Imports a training that another program's loop made and recorded: its folder becomes a run.

import { loadDataset } from "../data/registry.ts";
import type { Dataset } from "../data/types.ts";
import { type Engine, openEngine } from "../engine/engine.ts";
import { InvalidDataError, InvalidModelError, UnsupportedError } from "../errors.ts";
import { valueIn } from "../graph/builder.ts";
import type { Loss } from "../losses/types.ts";
import { modelFromOnnx } from "../models/onnx-file.ts";
import type { Model } from "../models/types.ts";
import { allocate, type RealArray, type RealDType, type Tensor } from "../numeric/tensor.ts";
import { createOptimizer } from "../optimizers/registry.ts";
import type { Optimizer } from "../optimizers/types.ts";
import { unrecordedOptimizer } from "../optimizers/unrecorded.ts";
import type { Batch } from "../run/types.ts";
import { predict } from "./accuracy.ts";
import { type ImportedState, type ImportFolder, openImportFolder } from "./import-folder.node.ts";
import type { ImportBatches } from "./import-format.ts";
import { type ImportPlan, planImport } from "./import-plan.ts";
import { reducedWeights } from "./loss-weights.ts";
import { type ParameterValues, type RecordedLoop, record } from "./record.ts";
import { folderStore } from "./record-store.node.ts";
import { exactly } from "./reopen.node.ts";
import { requireRowsApart } from "./rows-apart.ts";
import { createTask, type Task, trainableOf } from "./task.ts";
import { lossFrom, optimizerFrom } from "./torch-names.ts";
import type { Progress } from "./train.ts";

export interface ImportRequest {
  /** The folder of the recorded loop (docs/import.md). */
  readonly directory: string;
  /** The run's folder. */
  readonly out: string;
  readonly force?: boolean | undefined;
  /** Where the data are, if not in the folder. */
  readonly data?: string | undefined;
  /** Default: that of the recorded parameters. float64 may be asked for where they are float32: the path stays what it was. */
  readonly dtype?: RealDType | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly warn?: ((message: string) => void) | undefined;
  /** Told, one line each, what was decided on reading. */
  readonly note?: ((line: string) => void) | undefined;
}

/**
 * Reads the folder of a recorded loop, checks that its model gives the outputs that the loop's program gave, and records it as a run.
 *
 * Cost: one gradient a recorded step. Throws FileError and InvalidDataError for files that are missing or wrong, InvalidModelError for a
 * model that is not the loop's, UnsupportedError for one that cannot be differentiated, RangeError for options that do not fit,
 * DivergedError where a step is not finite. Nothing is left behind where recording could not begin.
 */
export async function importRun(request: ImportRequest): Promise<RecordedLoop> {
  const { directory, warn, threads } = request;
  const folder = openImportFolder(directory);
  const plan = planImport(folder);
  for (const line of plan.notes) request.note?.(line);
  const first = folder.state(0);
  const dtype = dtypeFor(request, first, folder.path);
  const engine = await openEngine({ dtype, ...(threads && { threads }), ...(warn && { warn }) });
  try {
    const { task, params } = await taskFor(request, engine, { folder, first });
    await requireRowsApart(task, trainableOf(task, params, dtype));
    requireNoDropout(task, plan);
    await requireSameOutputs(task, trainableOf(task, params, dtype), folder.probe);
    return await recordAll(request, { task, params, folder, plan });
  } finally {
    await engine.release();
  }
}

function dtypeFor({ dtype }: ImportRequest, { params }: ImportedState, path: string): RealDType {
  const dtypes = new Set(Array.from(params.values(), (tensor) => tensor.dtype));
  const [recorded, ...others] = dtypes;
  if ((recorded !== "float32" && recorded !== "float64") || others.length > 0)
    throw new InvalidDataError(
      `${path}: all parameters must be float32 or all float64, got ${[...dtypes].join(", ") || "no parameters"}`,
    );
  if (dtype === "float32" && recorded === "float64")
    throw new RangeError("importRun: dtype must be float64 for parameters that were recorded in it, got float32");
  return dtype ?? recorded;
}

/** What a folder says, where it would be a caller's mistake if these were a caller's words. */
function asData<T>(make: () => T, name: string): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError) || !error.message.includes(", got ")) throw error;
    throw new InvalidDataError(`${name}: ${error.message.replace(/^[a-zA-Z]+: /, "")}`, { cause: error });
  }
}

/** The model of the folder with the values of w_0 and of the buffers; what is recorded and not in it is noted. */
function modelFor({ note }: ImportRequest, folder: ImportFolder, { params }: ImportedState): Model {
  const name = `${folder.path}/model.onnx`;
  // The folder itself says what is a parameter and what a buffer.
  const told = (line: string): void => void (line.startsWith("kept constant, not named") || note?.(line));
  const values = new Map([...folder.buffers, ...params]);
  const parameters = exactly([...params.keys()]);
  const model = asData(() => modelFromOnnx(folder.modelBytes, { name, parameters, values, note: told }), name);
  const found = new Set(model.parameters.entries.map((entry) => entry.name));
  const missing = [...params.keys()].filter((parameter) => !found.has(parameter));
  if (missing.length > 0) note?.(`recorded parameters that do not reach the output: ${missing.join(", ")}`);
  return { ...model, spec: name };
}

/** The training examples; class labels are of as many classes as the model tells apart, whether or not all of them occur. */
async function dataFor({ data }: ImportRequest, folder: ImportFolder, model: Model): Promise<Dataset> {
  const width = valueIn(model.graph, "y").shape.at(-1) as number;
  const source = data ?? folder.data;
  if (source === undefined)
    throw new InvalidDataError(`${folder.path} must hold data.npz, or x.npy and y.npy, got none of them`, {
      hint: "name the data with --data where they are elsewhere",
    });
  return loadDataset(source, { classes: Math.max(2, width) });
}

/** The loop's optimizer; its step size, which must be positive there, is the first that is. */
function optimizerFor({ optimizer: given }: ImportFolder): Optimizer {
  if (!given) return unrecordedOptimizer;
  const { name, options } = optimizerFrom(given.name, given.options);
  const lr = [given.lr].flat().find((rate) => rate > 0);
  return asData(() => createOptimizer(name, { ...options, ...(lr !== undefined && { lr }) }), "optimizer.json");
}

async function taskFor(
  request: ImportRequest,
  engine: Engine,
  { folder, first }: { folder: ImportFolder; first: ImportedState },
): Promise<{ task: Task; params: RealArray }> {
  const loss: Loss = lossFrom(folder.about.loss.name);
  const model = modelFor(request, folder, first);
  const dataset = await dataFor(request, folder, model);
  const params = allocate(engine.dtype, model.parameters.size) as RealArray;
  model.initialise(params, () => 0);
  const trainable = model.parameters.entries.map(({ name }) => name);
  const optimizer = optimizerFor(folder);
  return { task: createTask({ engine, model, trainable, params, loss, optimizer, dataset }), params };
}

/** UnsupportedError for a loop with dropout whose batches are known: its masks are not, and its gradients cannot be had without them. */
function requireNoDropout({ model }: Task, { rates }: ImportPlan): void {
  if (!model.training || !rates) return;
  throw new UnsupportedError(
    `${model.spec} must have no dropout in training mode: the masks of another program are not recorded`,
    {
      hint: "train with dropout off (model.eval()), train with pathkernel, or record a loop whose masks are drawn by keys (docs/import.md)",
    },
  );
}

/** How far outputs may be apart, relative to the largest: rounding of the dtype that the probe was computed in. */
const OUTPUT_LIMITS: Readonly<Record<RealDType, number>> = { float32: 1e-3, float64: 1e-9 };

/** InvalidModelError where the model does not give the outputs that the loop's own program gave: then it is another function. */
async function requireSameOutputs(task: Task, params: RealArray, probe: ImportFolder["probe"]): Promise<void> {
  if (!probe) return;
  const { x, y } = probe;
  const outputs = await predict(task, params, { x: x as Tensor<RealDType> });
  const [wanted, scale] = [
    Array.from(y.data as RealArray, Number),
    y.dtype === "float32" ? "float32" : "float64",
  ] as const;
  const most = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  const apart = wanted.reduce((max, value, k) => Math.max(max, Math.abs(value - outputs[k])), 0);
  if (outputs.length === wanted.length && apart <= OUTPUT_LIMITS[scale] * most) return;
  const got = outputs.length === wanted.length ? `${apart.toExponential(1)} away` : `${outputs.length} numbers`;
  throw new InvalidModelError(
    `${task.model.spec} must give the ${wanted.length} outputs of probe.npz at the first state, got ${got}`,
    { hint: "random layers must be off (model.eval()), and docs/onnx.md lists what exporters lose" },
  );
}

interface Prepared {
  readonly task: Task;
  readonly params: RealArray;
  readonly folder: ImportFolder;
  readonly plan: ImportPlan;
}

/** Hands the folder's steps over to a recorder, one after the other. */
async function recordAll(request: ImportRequest, prepared: Prepared): Promise<RecordedLoop> {
  const { out, force = false, signal, onProgress } = request;
  const { task, params, folder, plan } = prepared;
  const { steps, checkpointEvery, rates, loopStep } = plan;
  const state = stateOf(prepared);
  const recorder = await record(task, {
    params,
    by: folder.about.recorder,
    state,
    checkpointEvery,
    plannedSteps: steps,
    batchSize: rates ? batchOf(prepared, 0).indices.length : 0,
    ...(!rates && { loopSteps: folder.states }),
    store: folderStore(out, { force }),
  });
  try {
    for (let s = 0; s < steps; s++) {
      signal?.throwIfAborted();
      const isKept = (s + 1) % checkpointEvery === 0 || s + 1 === steps;
      const kept = isKept ? folder.state(loopStep(s + 1)) : undefined;
      await recorder.step({
        ...(rates && { batch: batchOf(prepared, s), stepSize: rates[s] }),
        after: kept && valuesOf(task, kept.params, `the state before step ${loopStep(s + 1)}`),
        state: kept && state === "recorded" ? columnsOf(task, kept, loopStep(s + 1)) : undefined,
      });
      onProgress?.({ stage: "import", done: s + 1, total: steps });
    }
    return await recorder.finish();
  } catch (error) {
    await recorder.abort();
    throw error;
  }
}

function batchOf({ task, folder }: Prepared, step: number): Batch {
  const { indices: all, offsets, weights } = folder.batches as ImportBatches;
  const [start, end] = [offsets[step], offsets[step + 1]];
  const indices = all.subarray(start, end);
  const examples = task.dataset.train.x.shape[0];
  const stray = indices.find((index) => index >= examples);
  if (stray !== undefined)
    throw new InvalidDataError(
      `${folder.path}: batches must hold training examples 0..${examples - 1}, got ${stray} at step ${step}`,
    );
  if (weights) return { indices, weights: weights.subarray(start, end) };
  const { reduction } = folder.about.loss;
  if (reduction !== "none") return { indices, weights: reducedWeights(task, indices, reduction) };
  throw new InvalidDataError(
    `${folder.path}: batches must have weights where the loss's reduction is none, got indices alone`,
  );
}

/** Whether the folder has the state of the optimizer; part of it counts as none. */
function stateOf({ task, folder, plan }: Prepared): "recorded" | "derived" {
  const { buffers } = task.optimizer;
  if (buffers.length === 0 || !plan.rates) return "derived";
  const { columns } = folder.state(plan.loopStep(Math.min(plan.checkpointEvery, plan.steps)));
  const isWhole = buffers.every((name) => task.layout.entries.every((entry) => columns.get(name)?.has(entry.name)));
  return isWhole ? "recorded" : "derived";
}

function columnsOf({ optimizer, ...task }: Task, { columns }: ImportedState, step: number) {
  return Object.fromEntries(
    optimizer.buffers.map((name) => [
      name,
      valuesOf(task, columns.get(name) ?? new Map(), `${name} of the optimizer before step ${step}`),
    ]),
  );
}

function valuesOf(
  { layout }: Pick<Task, "layout">,
  tensors: ReadonlyMap<string, Tensor>,
  what: string,
): ParameterValues {
  const named = layout.entries.map(({ name, shape }): [string, RealArray] => {
    const tensor = tensors.get(name);
    if (tensor?.shape.join() === shape.join() && (tensor.dtype === "float32" || tensor.dtype === "float64"))
      return [name, tensor.data as RealArray];
    const got = tensor ? `${tensor.dtype} [${tensor.shape}]` : "none";
    throw new InvalidDataError(`${what} must hold ${name}, floats of shape [${shape}], got ${got}`);
  });
  return Object.fromEntries(named);
}

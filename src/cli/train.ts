// `pathkernel train`: trains a model and records the run.

import { type Command, Option } from "commander";
import { datasetNames } from "../data/registry.ts";
import { DivergedError } from "../errors.ts";
import { lossNames } from "../losses/registry.ts";
import { modelNames } from "../models/registry.ts";
import { createOptimizer, optimizerNames } from "../optimizers/registry.ts";
import { runTraining, type TrainingRequest, type TrainingResult } from "../train/training.node.ts";
import { addExamples, type CommandDefinition, collect, type Invocation } from "./command.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { grouped, table } from "./format.ts";
import type { ExitCode } from "./io.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { optimizerText, setupOf } from "./run-text.ts";

const DATA_FORMS = `${datasetNames.join(", ")} or a file .npz, .csv, .tsv`;
const MODEL_FORMS = "mlp:WIDTHS:ACTIVATION, cnn:CHANNELS or a file .onnx";

/** Flags that are options of the optimizer, by the names that the library gives them. */
const OPTIMIZER_SHAPE = {
  lr: flags.positive().optional(),
  momentum: flags.fraction().optional(),
  dampening: flags.share().optional(),
  nesterov: flags.toggle().optional(),
  betas: flags.pairOfFractions().optional(),
  eps: flags.nonNegative().optional(),
  alpha: flags.fraction().optional(),
  centered: flags.toggle().optional(),
  amsgrad: flags.toggle().optional(),
  weightDecay: flags.nonNegative().optional(),
};

const SHAPE = {
  data: flags.required(flags.specFlag(datasetNames, `one of ${DATA_FORMS}`, [".npz", ".csv", ".tsv"]), "--data mnist"),
  limit: flags.count().optional(),
  dataDir: flags.text().optional(),
  targetColumn: flags.text().optional(),
  model: flags.required(flags.specFlag(modelNames, MODEL_FORMS, [".onnx"]), "--model mlp:128:relu"),
  parameters: flags.text().optional(),
  trainable: flags.list().optional(),
  loss: flags.required(flags.nameFlag(lossNames), "--loss cross-entropy"),
  optimizer: flags.required(flags.nameFlag(optimizerNames), "--optimizer adam"),
  batch: flags.count().optional(),
  epochs: flags.count().optional(),
  steps: flags.count().optional(),
  batches: flags.text().optional(),
  seed: flags.index(),
  dtype: flags.nameFlag(["float32", "float64"] as const),
  threads: flags.count().optional(),
  checkpointBudget: flags.bytes().optional(),
  out: flags.required(flags.text(), "-o RUN.pkrun"),
  force: flags.toggle().optional(),
};

function configure(command: Command): void {
  command
    .optionsGroup("Data and model:")
    .option("--data SOURCE", DATA_FORMS)
    .option("--limit N", "keep the first N training examples")
    .option("--data-dir DIR", "where the files of a named source are")
    .option("--target-column NAME", "for a CSV file")
    .option("--model SPEC", MODEL_FORMS)
    .option("--parameters REGEX", "for a .onnx file: which initializers are parameters")
    .option("--trainable GLOBS", "train only these parameters, as in 'layers.1.*'; the rest stay as they are", collect)
    .option("--loss NAME", lossNames.join(", "))
    .option("--dtype NAME", "float32 or float64", "float32")
    .optionsGroup("Optimizer (PyTorch's semantics and defaults):")
    .option("--optimizer NAME", optimizerNames.join(", "))
    .option("--lr X", "learning rate")
    .option("--momentum X", "0.9 for momentum and nesterov, else 0")
    .option("--dampening X", "of the momentum")
    .option("--nesterov", "Nesterov's form of momentum")
    .option("--betas X,Y", "adam, adamw")
    .option("--eps X", "adam, adamw, rmsprop")
    .option("--alpha X", "rmsprop: decay of the average of squares")
    .option("--centered", "rmsprop")
    .option("--amsgrad", "adam, adamw")
    .option("--weight-decay X", "coupled; decoupled for adamw")
    .optionsGroup("Steps and record:")
    .option("--batch N", "examples a step; 64 unless the optimizer is gd, which takes all")
    .addOption(new Option("--epochs N", "passes over the data").conflicts(["steps", "batches"]))
    .addOption(new Option("--steps N", "steps").conflicts(["epochs", "batches"]))
    .addOption(new Option("--batches FILE", ".npy of training indices, [steps, batch]").conflicts(["batch"]))
    .option("--seed N", "of the initial parameters and of the batches", "0")
    .option("--threads N", "threads of the engine")
    .option("--checkpoint-budget SIZE", "room for checkpoints, as in 256MB; steps between them are replayed")
    .option("-o, --out RUN", "the run to record, as in mnist.pkrun")
    .option("--force", "replace a run of that name");
  addExamples(command, [
    "train --data digits --model mlp:32:tanh --loss cross-entropy --optimizer adam --epochs 5 -o digits.pkrun",
    "train --data mnist --limit 5000 --model cnn:8,16 --loss cross-entropy --optimizer momentum --lr 0.05 --epochs 2 -o cnn.pkrun",
    "train --data table.csv --model mlp:16:tanh --loss mse --optimizer gd --lr 0.1 --steps 200 --dtype float64 -o table.pkrun",
  ]);
}

/** The optimizer with every option resolved; what it refuses is said in terms of flags. */
function resolveOptimizer(name: string, given: Parameters<typeof createOptimizer>[1] & object) {
  try {
    return createOptimizer(name, given);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [, key, must] = /^createOptimizer: (\w+) of \w+ must (.*)$/.exec(error.message) ?? [];
    if (key === undefined) throw error;
    const alien = /among (.*), got (\w+)$/.exec(must);
    if (alien !== null && key === "options") {
      const takes = alien[1].split(", ").filter((option) => !/^beta\d$/.test(option));
      throw new UsageError(`${flags.flagName(alien[2])} does not belong to ${name}`, `it takes ${takes.map(flags.flagName).join(", ")}`);
    }
    if (must.endsWith("got undefined")) throw new UsageError(`${flags.flagName(key)} must be given for ${name}`);
    throw new UsageError(`${flags.flagName(key)} of ${name} must ${must}`);
  }
}

/** The request that the flags make; UsageError where they do not fit together. */
function requestOf(raw: Invocation["flags"]): Omit<TrainingRequest, "signal" | "onProgress" | "warn"> {
  const checked = flags.parseFlags(SHAPE, raw);
  const optimizerOptions = flags.parseFlags(OPTIMIZER_SHAPE, raw);
  const { dataDir, batch, optimizer, epochs, steps, batches, ...rest } = checked;
  if (optimizer === "gd" && batch !== undefined) {
    throw new UsageError("--batch does not belong to gd, which takes all examples at every step", "use sgd for batches");
  }
  if (optimizer === "gd" && batches !== undefined) {
    throw new UsageError("--batches does not belong to gd, which takes all examples at every step", "use sgd for batches");
  }
  if (epochs === undefined && steps === undefined && batches === undefined) {
    throw new UsageError("--epochs or --steps must be given, as in --epochs 2");
  }
  resolveOptimizer(optimizer, optimizerOptions);
  return { ...rest, optimizer, optimizerOptions, epochs, steps, batches, batchSize: batch, dataDirectory: dataDir };
}

/** What will be done, before it is. */
function requestText(request: ReturnType<typeof requestOf>): string {
  const { data, limit, model, dtype, loss, optimizer, optimizerOptions, batchSize, epochs, steps, batches, seed } = request;
  const size = optimizer === "gd" ? "all examples" : `${batchSize ?? 64} examples`;
  const length = steps === undefined ? `${epochs} epoch${epochs === 1 ? "" : "s"}` : `${steps} steps`;
  return table([
    ["data", limit === undefined ? data : `${data}, first ${grouped(limit)} training examples`],
    ["model", `${model}, ${dtype}${request.trainable ? `, trained: ${request.trainable.join(", ")}` : ""}`],
    ["loss", loss],
    ["optimizer", optimizerText(createOptimizer(optimizer, optimizerOptions))],
    ["batches", batches ?? `${size} a step, ${length}, seed ${seed}`],
    ["record", request.out],
  ]);
}

function percent(share: number): string {
  return Number.isNaN(share) ? "no examples" : `${(100 * share).toFixed(2)} %`;
}

function report(output: Output, { result, run, accuracy }: TrainingResult): void {
  const { status, steps, loss } = result;
  const right = accuracy && `accuracy ${percent(accuracy.train)} on training, ${percent(accuracy.test)} on test examples`;
  const parts = [`${status} after ${grouped(steps)} of ${grouped(run.manifest.plannedSteps)} steps`];
  if (steps > 0) parts.push(`loss of the last batch ${loss.toPrecision(4)}`);
  output.note([...parts, ...(right ? [right] : [])].join(", "));
  output.print(run.path);
  output.value("train", { path: run.path, status, steps, plannedSteps: run.manifest.plannedSteps, loss, accuracy, setup: setupOf(run) });
}

/** Trains, tells how it went, and gives the exit code; the task stays open for whoever goes on with it. */
export async function trainAndTell(
  { output, signal }: Pick<Invocation, "output" | "signal">,
  request: ReturnType<typeof requestOf>,
): Promise<TrainingResult> {
  output.note(requestText(request));
  const progress = startProgress(output);
  try {
    const warn = (message: string) => output.warn(message);
    return await runTraining({ ...request, signal, warn, onProgress: (p) => progress.report(p) });
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    const hint = `use a smaller learning rate; the steps before it are kept in ${request.out}`;
    throw new DivergedError(error.message, error.step, { hint, cause: error });
  } finally {
    progress.end();
  }
}

async function run(invocation: Invocation): Promise<ExitCode> {
  const trained = await trainAndTell(invocation, requestOf(invocation.flags));
  await trained.task.engine.release();
  report(invocation.output, trained);
  return trained.result.status === "interrupted" ? 130 : 0;
}

export const trainCommand: CommandDefinition = { configure, run };

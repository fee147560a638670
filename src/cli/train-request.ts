// The flags of `pathkernel train` as a request for training, and as words.

import { z } from "zod";
import { dataFileEndings, datasetNames } from "../data/registry.ts";
import { lossForms, lossNames, lossOf } from "../losses/registry.ts";
import { modelNames } from "../models/registry.ts";
import { withClipping } from "../optimizers/clipping.ts";
import type { OptimizerOptions } from "../optimizers/options.ts";
import { createOptimizer, optimizerNames } from "../optimizers/registry.ts";
import { createRegulariser } from "../regularisers/registry.ts";
import { createSchedule, scheduleForms, scheduleNames } from "../schedules/registry.ts";
import { DEFAULT_BATCH_SIZE } from "../train/sampling.node.ts";
import type { TrainingRequest } from "../train/training.node.ts";
import { UsageError } from "./failure.ts";
import * as flags from "./flags.ts";
import { grouped, table } from "./format.ts";
import { optimizerText } from "./run-text.ts";

const DATA_FORMS = `${datasetNames.join(", ")} or a file ${dataFileEndings.join(", ")}`;
const MODEL_FORMS =
  "mlp:WIDTHS:ACTIVATION[:parametrisation=NAME,alpha=A][:dropout=RATIO], cnn:CHANNELS, resnet:CHANNELS, transformer, attention or gpt:WIDTH:DEPTH:HEADS, or a file .onnx";

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
  clipNorm: flags.positive().optional(),
  clipValue: flags.positive().optional(),
  regulariser: z.array(z.string()).optional(),
  data: flags.required(flags.specFlag(datasetNames, `one of ${DATA_FORMS}`, dataFileEndings), "--data mnist"),
  limit: flags.count().optional(),
  dataDir: flags.text().optional(),
  targetColumn: flags.text().optional(),
  context: flags.count().optional(),
  model: flags.required(flags.specFlag(modelNames, MODEL_FORMS, [".onnx"]), "--model mlp:128:relu"),
  parameters: flags.text().optional(),
  trainable: flags.list().optional(),
  loss: flags.required(
    flags.specFlag(lossNames, `one of ${lossForms.join(", ")} or a file .onnx`, [".onnx"]),
    "--loss cross-entropy",
  ),
  optimizer: flags.required(flags.nameFlag(optimizerNames), "--optimizer adam"),
  schedule: flags.specFlag(scheduleNames, `one of ${scheduleForms.join(", ")}`).optional(),
  batch: flags.count().optional(),
  epochs: flags.count().optional(),
  steps: flags.count().optional(),
  batches: flags.text().optional(),
  accumulate: flags.count().optional(),
  exampleWeights: flags.text().optional(),
  stopGradientNorm: flags.nonNegative().optional(),
  seed: flags.index().optional(),
  dtype: flags.nameFlag(["float32", "float64"] as const).optional(),
  threads: flags.count().optional(),
  checkpointBudget: flags.bytes({ none: true }).optional(),
  out: flags.required(flags.text(), "-o RUN.pkrun"),
  force: flags.toggle().optional(),
  superposition: z.union([z.literal(true), flags.bytes()]).optional(),
};

/** A request without what only the running program knows. */
export type PlainRequest = Omit<TrainingRequest, "signal" | "onProgress" | "warn" | "observer" | "schedule"> & {
  readonly schedule?: string | undefined;
  /** Bytes for a superposition that is booked while training; true: the default; undefined: none. */
  readonly superposition?: number | true | undefined;
};

/** The optimizer with every option resolved; what it refuses is said in terms of flags. */
function resolveOptimizer(name: string, given: OptimizerOptions) {
  try {
    return createOptimizer(name, given);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [, key, must] = /^createOptimizer: (\w+) of \w+ must (.*)$/.exec(error.message) ?? [];
    if (key === undefined) throw error;
    const alien = /among (.*), got (\w+)$/.exec(must);
    if (alien !== null && key === "options") {
      const takes = alien[1].split(", ").filter((option) => !/^beta\d$/.test(option));
      throw new UsageError(
        `${flags.flagName(alien[2])} does not belong to ${name}`,
        `it takes ${takes.map(flags.flagName).join(", ")}`,
      );
    }
    if (must.endsWith("got undefined")) throw new UsageError(`${flags.flagName(key)} must be given for ${name}`);
    throw new UsageError(`${flags.flagName(key)} of ${name} must ${must}`);
  }
}

/** What `createRegulariser` refuses, and two of a kind, said in terms of the flag. */
function requireRegularisers(specs: readonly string[]): void {
  try {
    const names = specs.map((spec) => createRegulariser(spec).name);
    const twice = names.find((name, j) => names.indexOf(name) !== j);
    if (twice !== undefined) throw new UsageError(`--regulariser ${twice} must be given once`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^regulariser: /, "--regulariser "));
  }
}

/** What a flag's text is made into; what that refuses is said of the flag. */
function asFlag<T>(flag: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${flag}: ${error.message}`);
  }
}

/** The request that the flags make; UsageError where they do not fit together. */
export function requestOf(raw: Readonly<Record<string, unknown>>): PlainRequest {
  const checked = flags.parseFlags({ ...SHAPE, ...OPTIMIZER_SHAPE }, raw);
  const { lr, momentum, dampening, nesterov, betas, eps, alpha, centered, amsgrad, weightDecay, ...others } = checked;
  const optimizerOptions = { lr, momentum, dampening, nesterov, betas, eps, alpha, centered, amsgrad, weightDecay };
  const {
    dataDir,
    batch,
    optimizer,
    epochs,
    steps,
    batches,
    seed = 0,
    dtype = "float32",
    clipNorm,
    clipValue,
    regulariser: regularisers,
    ...rest
  } = others;
  if (optimizer === "gd" && rest.accumulate !== undefined) {
    throw new UsageError(
      "--accumulate does not belong to gd, which takes all examples at every step",
      "use sgd for batches",
    );
  }
  if (optimizer === "gd" && batch !== undefined) {
    throw new UsageError(
      "--batch does not belong to gd, which takes all examples at every step",
      "use sgd for batches",
    );
  }
  if (optimizer === "gd" && batches !== undefined) {
    throw new UsageError(
      "--batches does not belong to gd, which takes all examples at every step",
      "use sgd for batches",
    );
  }
  if (epochs === undefined && steps === undefined && batches === undefined) {
    throw new UsageError("--epochs or --steps must be given, as in --epochs 2");
  }
  if (rest.context !== undefined && !/\.txt$/i.test(rest.data)) {
    throw new UsageError("--context belongs to a .txt file", "it is the number of characters of an example");
  }
  const { stepSize } = resolveOptimizer(optimizer, optimizerOptions);
  if (!/\.onnx$/i.test(rest.loss)) asFlag("--loss", () => lossOf(rest.loss));
  // What does not depend on the number of steps, which the data may decide.
  if (rest.schedule !== undefined)
    asFlag("--schedule", () => createSchedule(rest.schedule as string, { stepSize, steps: Number.MAX_SAFE_INTEGER }));
  requireRegularisers(regularisers ?? []);
  const clipping = { norm: clipNorm, value: clipValue };
  const steering = { epochs, steps, batches, batchSize: batch, seed, dtype, clipping, regularisers };
  return { ...rest, ...steering, optimizer, optimizerOptions, dataDirectory: dataDir };
}

/** What will be done, before it is. */
export function requestText(request: PlainRequest): string {
  const { data, limit, model, dtype, loss, optimizer, optimizerOptions, batchSize, epochs, steps, batches, seed } =
    request;
  const times = (request.accumulate ?? 1) > 1 ? `${request.accumulate} times ` : "";
  const size = optimizer === "gd" ? "all examples" : `${times}${batchSize ?? DEFAULT_BATCH_SIZE} examples`;
  const planned = steps === undefined ? `${epochs} epoch${epochs === 1 ? "" : "s"}` : `${steps} steps`;
  const drawn = batches === undefined ? `${size} a step, ${planned}` : `${batches}${times && `, ${times}one a step`}`;
  const stop = request.stopGradientNorm;
  const length = stop === undefined ? drawn : `${drawn} or until the gradient's norm is at most ${stop}`;
  const resolved = withClipping(createOptimizer(optimizer, optimizerOptions), request.clipping ?? {});
  const recorded = { optimizer: resolved, clipping: resolved.clipping };
  return table([
    ["data", limit === undefined ? data : `${data}, first ${grouped(limit)} training examples`],
    ["model", `${model}, ${dtype}${request.trainable ? `, trained: ${request.trainable.join(", ")}` : ""}`],
    ["loss", [loss, ...(request.regularisers ?? [])].join(" + ")],
    ["optimizer", optimizerText(recorded)],
    ...(request.schedule === undefined ? [] : [["schedule", request.schedule] as const]),
    ["batches", batches === undefined ? `${length}, seed ${seed}` : length],
    ...(request.exampleWeights === undefined ? [] : [["weights", request.exampleWeights] as const]),
    ["record", request.out],
  ]);
}

// The flags of `pathkernel train` as a request for training, and as words.

import { z } from "zod";
import { dataFileEndings, datasetNames } from "../data/registry.ts";
import { lossNames } from "../losses/registry.ts";
import { modelNames } from "../models/registry.ts";
import type { OptimizerOptions } from "../optimizers/options.ts";
import { createOptimizer, optimizerNames } from "../optimizers/registry.ts";
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
  data: flags.required(flags.specFlag(datasetNames, `one of ${DATA_FORMS}`, dataFileEndings), "--data mnist"),
  limit: flags.count().optional(),
  dataDir: flags.text().optional(),
  targetColumn: flags.text().optional(),
  context: flags.count().optional(),
  model: flags.required(flags.specFlag(modelNames, MODEL_FORMS, [".onnx"]), "--model mlp:128:relu"),
  parameters: flags.text().optional(),
  trainable: flags.list().optional(),
  loss: flags.required(flags.nameFlag(lossNames), "--loss cross-entropy"),
  optimizer: flags.required(flags.nameFlag(optimizerNames), "--optimizer adam"),
  batch: flags.count().optional(),
  epochs: flags.count().optional(),
  steps: flags.count().optional(),
  batches: flags.text().optional(),
  seed: flags.index().optional(),
  dtype: flags.nameFlag(["float32", "float64"] as const).optional(),
  threads: flags.count().optional(),
  checkpointBudget: flags.bytes({ none: true }).optional(),
  out: flags.required(flags.text(), "-o RUN.pkrun"),
  force: flags.toggle().optional(),
  superposition: z.union([z.literal(true), flags.bytes()]).optional(),
};

/** A request without what only the running program knows. */
export type PlainRequest = Omit<TrainingRequest, "signal" | "onProgress" | "warn" | "observer"> & {
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

/** The request that the flags make; UsageError where they do not fit together. */
export function requestOf(raw: Readonly<Record<string, unknown>>): PlainRequest {
  const checked = flags.parseFlags({ ...SHAPE, ...OPTIMIZER_SHAPE }, raw);
  const { lr, momentum, dampening, nesterov, betas, eps, alpha, centered, amsgrad, weightDecay, ...others } = checked;
  const optimizerOptions = { lr, momentum, dampening, nesterov, betas, eps, alpha, centered, amsgrad, weightDecay };
  const { dataDir, batch, optimizer, epochs, steps, batches, seed = 0, dtype = "float32", ...rest } = others;
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
  resolveOptimizer(optimizer, optimizerOptions);
  const steering = { epochs, steps, batches, batchSize: batch, seed, dtype };
  return { ...rest, ...steering, optimizer, optimizerOptions, dataDirectory: dataDir };
}

/** What will be done, before it is. */
export function requestText(request: PlainRequest): string {
  const { data, limit, model, dtype, loss, optimizer, optimizerOptions, batchSize, epochs, steps, batches, seed } =
    request;
  const size = optimizer === "gd" ? "all examples" : `${batchSize ?? DEFAULT_BATCH_SIZE} examples`;
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

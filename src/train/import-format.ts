// The files of a recorded loop (docs/import.md): what their contents must be.

import { z } from "zod";
import { InvalidDataError } from "../errors.ts";
import { listOf, tableOf } from "../numeric/first-issue.ts";
import type { Tensor } from "../numeric/tensor.ts";
import { valueText } from "../numeric/value-text.ts";

export const IMPORT_SCHEMA = "pathkernel.import/1";

// What each part must be, in our words: zod's own begin with "Invalid input".
const name = z.string("a name").min(1, "a name");
const RATES = "a number >= 0, or one for each step";
const rate = z.number(RATES).nonnegative(RATES);
const threshold = z.number("a number > 0").positive("a number > 0");
const REGULARISER = 'words like "l2:0.01"';
const option = z.union(
  [z.number(), z.boolean(), z.null(), listOf(z.number())],
  "a number, a list of them, true or false",
);

const aboutSchema = z.object(
  {
    schema: z.literal(IMPORT_SCHEMA, `"${IMPORT_SCHEMA}"`),
    /** The program whose loop it was, for descriptions. */
    recorder: name.default("a loop of its own"),
    loss: z.object(
      {
        name,
        /** How the loss of a batch is made of those of its elements; `none` where weights are given. */
        reduction: z.enum(["mean", "sum", "none"], "mean, sum or none").default("mean"),
      },
      "an object with its name and reduction",
    ),
    /** What the loop adds to the loss of a batch: "l1:0.001". */
    regularisers: listOf(z.string(REGULARISER)).default([]),
  },
  "an object",
);

const optimizerSchema = z.object(
  {
    name,
    options: tableOf(option, "an object").default({}),
    /** The learning rate of all steps, or of each. */
    lr: z.union([rate, listOf(rate)], RATES),
    /** What the loop clips the gradients by before the optimizer has them. */
    clipping: z.object({ norm: threshold.optional(), value: threshold.optional() }, "an object").default({}),
  },
  "an object",
);

/** run.json. */
export type ImportAbout = z.output<typeof aboutSchema>;
/** optimizer.json. */
export type ImportOptimizer = z.output<typeof optimizerSchema>;

function parsed<T>(text: string, file: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidDataError(`${file} must be JSON, got ${text.length} characters that are not`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const got = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], value);
  const where = path.length === 0 ? "" : `: ${path.join(".")}`;
  throw new InvalidDataError(`${file}${where} must be ${message}, got ${got === undefined ? "none" : valueText(got)}`);
}

/** Reads run.json; InvalidDataError naming the key that is wrong. */
export function parseAbout(text: string, file: string): ImportAbout {
  return parsed(text, file, aboutSchema);
}

/** Reads optimizer.json; InvalidDataError naming the key that is wrong. */
export function parseOptimizer(text: string, file: string): ImportOptimizer {
  return parsed(text, file, optimizerSchema);
}

/** The examples of all steps, one after another. */
export interface ImportBatches {
  readonly indices: Int32Array;
  /** Step s has those from offsets[s] to offsets[s + 1]. */
  readonly offsets: Int32Array;
  /** One for each; undefined where the loss's reduction says. */
  readonly weights: Float64Array | undefined;
}

/** Whole numbers of an array as int32; InvalidDataError for fractions and what no index can be. */
function wholeNumbers(source: Tensor, file: string): Int32Array {
  if (source.dtype === "float32" || source.dtype === "float64")
    throw new InvalidDataError(`${file} must be whole numbers, got ${source.dtype}`);
  return Int32Array.from(source.data as Iterable<number | bigint>, (value) => {
    const number = Number(value);
    if (number === (number | 0) && number >= 0) return number;
    throw new InvalidDataError(`${file} must be indices from 0, got ${value}`);
  });
}

/** `indices`, `offsets` and, unless the reduction says all, `weights`; InvalidDataError where they do not fit each other. */
export function batchesFrom(arrays: Readonly<Record<string, Tensor | undefined>>, file: string): ImportBatches {
  const { indices: given, offsets: ends, weights } = arrays;
  if (!given || !ends) {
    const got = Object.keys(arrays).join(", ") || "none of them";
    throw new InvalidDataError(`${file} must hold the arrays indices and offsets, got ${got}`);
  }
  const [indices, offsets] = [wholeNumbers(given, `${file}: indices`), wholeNumbers(ends, `${file}: offsets`)];
  const ascends = offsets.every((offset, s) => (s === 0 ? offset === 0 : offset >= offsets[s - 1]));
  if (offsets.length === 0 || !ascends || offsets[offsets.length - 1] !== indices.length) {
    const got = `${offsets.length} of them, the last ${offsets.at(-1)}`;
    throw new InvalidDataError(`${file}: offsets must rise from 0 to the ${indices.length} indices, got ${got}`);
  }
  return { indices, offsets, weights: weightsFrom(weights, { count: indices.length, file }) };
}

function weightsFrom(
  weights: Tensor | undefined,
  { count, file }: { count: number; file: string },
): Float64Array | undefined {
  if (!weights || weights.data.length === 0) return undefined;
  if (weights.data.length !== count)
    throw new InvalidDataError(`${file}: weights must be one for each of ${count} indices, got ${weights.data.length}`);
  const data = Float64Array.from(weights.data as Iterable<number | bigint>, Number);
  const wild = data.findIndex((weight) => !Number.isFinite(weight));
  if (wild < 0) return data;
  throw new InvalidDataError(`${file}: weights must be finite, got ${data[wild]} at ${wild}`);
}

/** An array (steps, batch) of indices. */
export function batchesFromTable(table: Tensor, file: string): ImportBatches {
  if (table.shape.length !== 2)
    throw new InvalidDataError(`${file} must have the shape (steps, batch), got (${table.shape})`);
  const [steps, size] = table.shape;
  const offsets = Int32Array.from({ length: steps + 1 }, (_, s) => s * size);
  return { indices: wholeNumbers(table, file), offsets, weights: undefined };
}

// Runs as they were recorded at first: all batches in batches.npz, numbers of the steps in steps.csv, no hashes but the model's.

import { InvalidRunError, isPathkernelError } from "../errors.ts";
import { decodeNpz } from "../numeric/npz.ts";
import type { Tensor, TypedArrayOf } from "../numeric/tensor.ts";
import type { ColumnName, Columns } from "./columns.ts";

export const OLD_BATCHES_FILE = "batches.npz";
export const OLD_STEPS_FILE = "steps.csv";

/** The old file that held a column. */
export function oldFileOf(name: ColumnName): string {
  return ["indices", "weights", "ranges", "keys"].includes(name) ? OLD_BATCHES_FILE : OLD_STEPS_FILE;
}

const DTYPES = { indices: "int32", offsets: "int32", weights: "float64" } as const;
type Part = keyof typeof DTYPES;

function decodeArrays(bytes: Uint8Array, file: string): Record<string, Tensor> {
  try {
    return decodeNpz(bytes, file, Object.keys(DTYPES));
  } catch (cause) {
    if (!isPathkernelError(cause)) throw cause;
    throw new InvalidRunError(cause.message, { cause, hint: cause.hint });
  }
}

/** Reads batches.npz: occurrences in order, and `offsets` (steps + 1) of each step's first. Throws InvalidRunError. */
export function decodeOldBatches(bytes: Uint8Array, file: string): Pick<Columns, "indices" | "weights" | "ranges"> {
  const arrays = decodeArrays(bytes, file);
  const partOf = <P extends Part>(part: P): TypedArrayOf[(typeof DTYPES)[P]] => {
    const array = arrays[part];
    const got = array === undefined ? "none" : `${array.dtype} [${array.shape}]`;
    if (array?.dtype !== DTYPES[part] || array.shape.length !== 1) {
      throw new InvalidRunError(`${file}: must hold a flat ${DTYPES[part]} array "${part}", got ${got}`);
    }
    return array.data as TypedArrayOf[(typeof DTYPES)[P]];
  };
  const [indices, offsets, weights] = [partOf("indices"), partOf("offsets"), partOf("weights")];
  const ascends = offsets.every((offset, s) => (s === 0 ? offset === 0 : offset >= offsets[s - 1]));
  if (offsets.length === 0 || !ascends) {
    throw new InvalidRunError(`${file}: offsets must begin with 0 and never fall, got ${describeStart(offsets)}`);
  }
  const total = offsets[offsets.length - 1];
  if (indices.length !== total || weights.length !== total) {
    const got = `${indices.length} indices and ${weights.length} weights`;
    throw new InvalidRunError(`${file}: must hold the ${total} occurrences that its offsets count, got ${got}`);
  }
  const ranges = new Int32Array(2 * (offsets.length - 1));
  for (let s = 0; 2 * s < ranges.length; s++) ranges.set(offsets.subarray(s, s + 2), 2 * s);
  return { indices, weights, ranges };
}

function describeStart(values: Int32Array): string {
  return values.length === 0 ? "none" : `${values.subarray(0, 6).join(", ")}${values.length > 6 ? ", ..." : ""}`;
}

const HEADER = "step,loss,stepSize,gradientNorm";

/** A number of steps.csv ("NaN" and "Infinity" are how a diverging loss ends), or undefined. */
function parseNumber(text: string): number | undefined {
  if (text === "NaN") return Number.NaN;
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? undefined : value;
}

/** Reads the text of steps.csv, a line of numbers a step. Throws InvalidRunError naming the line that is wrong. */
export function decodeOldSteps(text: string, file: string): Pick<Columns, "loss" | "stepSize" | "gradientNorm"> {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (lines[0] !== HEADER) {
    throw new InvalidRunError(`${file}: line 1 must be ${HEADER}, got "${lines[0].slice(0, 80)}"`);
  }
  const last = lines.pop();
  if (last !== "") throw new InvalidRunError(`${file}: must end with a line break, got "${last}"; it may be truncated`);
  const rows = lines.slice(1);
  const [loss, stepSize, gradientNorm] = [0, 1, 2].map(() => new Float64Array(rows.length));
  rows.forEach((line, row) => {
    const values = line.split(",").map(parseNumber);
    if (values.length !== 4 || values.includes(undefined) || values[0] !== row) {
      const must = `line ${row + 2} must be ${row} and three numbers`;
      throw new InvalidRunError(`${file}: ${must}, got "${line.slice(0, 80)}"`);
    }
    [, loss[row], stepSize[row], gradientNorm[row]] = values as number[];
  });
  return { loss, stepSize, gradientNorm };
}

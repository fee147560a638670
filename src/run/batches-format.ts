// batches.npz of a run: the batches of all steps as three flat arrays.

import { InvalidRunError, isPathkernelError } from "../errors.ts";
import { decodeNpz, encodeNpz } from "../numeric/npz.ts";
import { type Tensor, type TypedArrayOf, tensor } from "../numeric/tensor.ts";
import type { Batch } from "./types.ts";

const DTYPES = { indices: "int32", offsets: "int32", weights: "float64" } as const;
type Part = keyof typeof DTYPES;

/** An NPZ file: indices and weights of all occurrences in order, and offsets (steps + 1) of each step's first. */
export function encodeBatches(batches: readonly Batch[]): Uint8Array {
  const offsets = new Int32Array(batches.length + 1);
  for (let s = 0; s < batches.length; s++) offsets[s + 1] = offsets[s] + batches[s].indices.length;
  const total = offsets[batches.length];
  const indices = new Int32Array(total);
  const weights = new Float64Array(total);
  for (let s = 0; s < batches.length; s++) {
    indices.set(batches[s].indices, offsets[s]);
    weights.set(batches[s].weights, offsets[s]);
  }
  return encodeNpz({
    indices: tensor("int32", [total], indices),
    offsets: tensor("int32", [offsets.length], offsets),
    weights: tensor("float64", [total], weights),
  });
}

function decodeArrays(bytes: Uint8Array, file: string): Record<string, Tensor> {
  try {
    return decodeNpz(bytes, file, Object.keys(DTYPES));
  } catch (cause) {
    if (!isPathkernelError(cause)) throw cause;
    throw new InvalidRunError(cause.message, { cause, hint: cause.hint });
  }
}

/** Reads batches.npz; `file` is what messages call it. Throws InvalidRunError for what cannot be the batches of a run. */
export function decodeBatches(bytes: Uint8Array, file: string, trainExamples: number): Batch[] {
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
  const stray = indices.findIndex((index) => index < 0 || index >= trainExamples);
  if (stray >= 0) {
    const got = `${indices[stray]} at occurrence ${stray}`;
    throw new InvalidRunError(`${file}: indices must be training examples 0..${trainExamples - 1}, got ${got}`);
  }
  const wild = weights.findIndex((weight) => !Number.isFinite(weight));
  if (wild >= 0) {
    throw new InvalidRunError(`${file}: weights must be finite, got ${weights[wild]} at occurrence ${wild}`);
  }
  return Array.from({ length: offsets.length - 1 }, (_, s) => ({
    indices: indices.subarray(offsets[s], offsets[s + 1]),
    weights: weights.subarray(offsets[s], offsets[s + 1]),
  }));
}

function describeStart(values: Int32Array): string {
  return values.length === 0 ? "none" : `${values.subarray(0, 6).join(", ")}${values.length > 6 ? ", ..." : ""}`;
}

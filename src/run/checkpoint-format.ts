// One checkpoint of a run as a safetensors file: "params", and "buffer.NAME" for each column of the optimizer's state.

import { InvalidRunError, isPathkernelError } from "../errors.ts";
import type { Layout } from "../numeric/layout.ts";
import { decodeSafetensors, encodeSafetensors, type Safetensors } from "../numeric/safetensors.ts";
import { findNonFinite, type RealArray, type RealDType, type Tensor } from "../numeric/tensor.ts";
import type { Checkpoint } from "./types.ts";

const PARAMS = "params";
const BUFFER_PREFIX = "buffer.";

/** The file of the checkpoint before step 123, below the run's folder: checkpoints/00000123.safetensors. */
export function checkpointFile(step: number): string {
  return `checkpoints/${String(step).padStart(8, "0")}.safetensors`;
}

/** The step of a file name in checkpoints/, or undefined for any other file. */
export function stepOfCheckpointFile(name: string): number | undefined {
  const digits = /^(\d{8,})\.safetensors$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function flatTensor(data: RealArray): Tensor<RealDType> {
  const dtype: RealDType = data instanceof Float32Array ? "float32" : "float64";
  return { dtype, shape: [data.length], data: data as Float32Array & Float64Array };
}

/** The bytes of a checkpoint file. */
export function encodeCheckpoint({ step, params, buffers }: Checkpoint): Uint8Array {
  const columns = Object.entries(buffers).map(([name, data]) => [BUFFER_PREFIX + name, flatTensor(data)]);
  return encodeSafetensors({ [PARAMS]: flatTensor(params), ...Object.fromEntries(columns) }, { step: String(step) });
}

/** The same state in arrays of its own. */
export function copyOf({ step, params, buffers }: Checkpoint): Checkpoint {
  const copies = Object.entries(buffers).map(([name, data]): [string, RealArray] => [name, data.slice()]);
  return { step, params: params.slice(), buffers: Object.fromEntries(copies) };
}

export interface CheckpointExpectation {
  readonly step: number;
  readonly layout: Layout;
  readonly dtype: RealDType;
}

/** What is wrong with one flat array of a checkpoint, as "must hold ..., got ...", or undefined. */
export function faultOf(
  name: string,
  array: Tensor,
  { step, layout, dtype }: CheckpointExpectation,
): string | undefined {
  if (array.dtype !== dtype || array.shape.length !== 1 || array.data.length !== layout.size) {
    return `${name} must be a flat ${dtype} array of ${layout.size} elements, got ${array.dtype} [${array.shape}]`;
  }
  const at = findNonFinite(array);
  if (at < 0) return undefined;
  const entry = layout.entries.find(({ offset, size }) => at >= offset && at < offset + size);
  return `${name} must be finite, got ${array.data[at]} in "${entry?.name}" at step ${step}`;
}

/** What is wrong with the arrays of a checkpoint, or undefined. */
export function faultOfCheckpoint(
  { params, buffers }: Checkpoint,
  expected: CheckpointExpectation,
): string | undefined {
  const arrays: [string, RealArray][] = [[PARAMS, params]];
  for (const [name, data] of Object.entries(buffers)) arrays.push([BUFFER_PREFIX + name, data]);
  for (const [name, data] of arrays) {
    const fault = faultOf(name, flatTensor(data), expected);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function decodeTensors(bytes: Uint8Array, file: string): Safetensors {
  try {
    return decodeSafetensors(bytes, file);
  } catch (cause) {
    if (!isPathkernelError(cause)) throw cause;
    throw new InvalidRunError(cause.message, { cause, hint: cause.hint });
  }
}

/** Reads a checkpoint file; `file` is what messages call it. Throws InvalidRunError naming the tensor that is wrong. */
export function decodeCheckpoint(bytes: Uint8Array, file: string, expected: CheckpointExpectation): Checkpoint {
  const { tensors, metadata } = decodeTensors(bytes, file);
  if (metadata.step !== String(expected.step)) {
    throw new InvalidRunError(`${file}: must be the checkpoint before step ${expected.step}, got ${metadata.step}`);
  }
  if (!(PARAMS in tensors)) {
    const got = Object.keys(tensors).join(", ") || "no tensors";
    throw new InvalidRunError(`${file}: must hold the tensor ${PARAMS}, got ${got}`);
  }
  const buffers: [string, RealArray][] = [];
  for (const [name, array] of Object.entries(tensors)) {
    const fault = faultOf(name, array, expected);
    if (fault !== undefined) throw new InvalidRunError(`${file}: ${fault}`);
    if (name.startsWith(BUFFER_PREFIX)) buffers.push([name.slice(BUFFER_PREFIX.length), array.data as RealArray]);
  }
  // Not by assignment: a column may be called __proto__.
  return { step: expected.step, params: tensors[PARAMS].data as RealArray, buffers: Object.fromEntries(buffers) };
}

// The columns of a run as NPY files, each only replaced by a longer one with the same beginning.

import { InvalidRunError, isPathkernelError } from "../errors.ts";
import { bytesOf } from "../numeric/bytes.ts";
import { decodeNpy, npyHeader } from "../numeric/npy.ts";
import type { Tensor, TypedArrayOf } from "../numeric/tensor.ts";
import { COLUMN_DTYPES, type ColumnName, type ColumnOf, type Columns, columnNames } from "./columns.ts";

/** The file of each column, below the run. */
export const ARRAY_FILES: Readonly<Record<ColumnName, string>> = {
  indices: "batches/indices.npy",
  weights: "batches/weights.npy",
  ranges: "batches/ranges.npy",
  loss: "scalars/loss.npy",
  stepSize: "scalars/step-size.npy",
  gradientNorm: "scalars/gradient-norm.npy",
  keys: "batches/keys.npy",
};

/** How the manifest knows a column that may have grown since: the SHA-256 over the bytes of its first elements. */
export interface ArrayHash {
  readonly elements: number;
  readonly sha256: string;
}

/** A NPY file in two pieces, header and elements, so that nothing is copied. */
export function encodeColumn<N extends ColumnName>(name: N, data: ColumnOf<N>): readonly Uint8Array[] {
  const shape = name === "ranges" ? [data.length / 2, 2] : [data.length];
  return [npyHeader(COLUMN_DTYPES[name], shape), bytesOf(data)];
}

function decodeArray(bytes: Uint8Array, file: string): Tensor {
  try {
    return decodeNpy(bytes, file);
  } catch (cause) {
    if (!isPathkernelError(cause)) throw cause;
    throw new InvalidRunError(cause.message, { cause, hint: cause.hint });
  }
}

/** Reads a column; `file` is what messages call it. Throws InvalidRunError for another dtype or shape, or for a truncated file. */
export function decodeColumn<N extends ColumnName>(name: N, bytes: Uint8Array, file: string): ColumnOf<N> {
  const { dtype, shape, data } = decodeArray(bytes, file);
  const [wanted, axes] = [COLUMN_DTYPES[name], name === "ranges" ? "[steps, 2]" : "[elements]"];
  const fits = name === "ranges" ? shape.length === 2 && shape[1] === 2 : shape.length === 1;
  if (dtype === wanted && fits) return data as ColumnOf<N>;
  throw new InvalidRunError(`${file}: must be ${wanted} ${axes}, got ${dtype} [${shape}]`);
}

/** The first elements of a column as the manifest knows them. Throws InvalidRunError where they are fewer, or others. */
export function verifiedColumn<A extends TypedArrayOf["int32" | "int64" | "float64"]>(
  data: A,
  { elements, sha256: expected }: ArrayHash,
  { file, hash }: { readonly file: string; readonly hash: (data: ArrayBufferView) => string },
): A {
  if (data.length < elements) {
    throw new InvalidRunError(`${file}: must hold the ${elements} elements of the manifest, got ${data.length}`);
  }
  const known = data.subarray(0, elements) as A;
  const actual = hash(known);
  if (actual === expected) return known;
  throw new InvalidRunError(`${file}: ${hashFault(expected, actual)}`, { hint: DAMAGED });
}

export const DAMAGED = "the file was changed or damaged after it was recorded: put back the one that was there";

/** "must have the SHA-256 0123... of the manifest, got 4567...". */
export function hashFault(expected: string, actual: string, of = "the manifest"): string {
  const [must, got] = [expected, actual].map((hash) => `${hash.slice(0, 12)}...`);
  return `must have the SHA-256 ${must} of ${of}, got ${got}`;
}

/** Where messages say that a column is. */
type Naming = (name: ColumnName) => string;

/**
 * Checks that columns can be the batches and numbers of `steps` steps. Throws InvalidRunError naming the column, the rule and what was
 * there.
 */
export function checkColumns(
  columns: Columns,
  { steps, trainExamples, nameOf }: { readonly steps: number; readonly trainExamples: number; readonly nameOf: Naming },
): void {
  const fail = (name: ColumnName, must: string, got: string) =>
    new InvalidRunError(`${nameOf(name)}: ${must}, got ${got}`);
  const { ranges, indices, weights, keys } = columns;
  for (const name of columnNames) {
    if (name === "indices" || name === "weights") continue;
    const rows = columns[name].length / (name === "ranges" ? 2 : 1);
    if (rows < steps) throw fail(name, `must hold the ${steps} steps of the manifest`, `${rows}`);
  }
  if (indices.length !== weights.length) {
    throw fail("weights", "must hold one weight an index", `${weights.length} weights for ${indices.length} indices`);
  }
  if (keys && keys.length !== indices.length) {
    throw fail("keys", "must hold one key an index", `${keys.length} keys for ${indices.length} indices`);
  }
  for (let s = 0; s < steps; s++) {
    const [begin, end] = [ranges[2 * s], ranges[2 * s + 1]];
    if (begin >= 0 && begin <= end && end <= indices.length) continue;
    const must = `must lie within the ${indices.length} occurrences, begin before end`;
    throw fail("ranges", must, `${begin} to ${end} at step ${s}`);
  }
  const stray = indices.findIndex((index) => index < 0 || index >= trainExamples);
  if (stray >= 0) {
    const must = `must be training examples 0..${trainExamples - 1}`;
    throw fail("indices", must, `${indices[stray]} at occurrence ${stray}`);
  }
  const wild = weights.findIndex((weight) => !Number.isFinite(weight));
  if (wild >= 0) throw fail("weights", "must be finite", `${weights[wild]} at occurrence ${wild}`);
}

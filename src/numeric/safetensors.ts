// Safetensors files: named tensors behind a JSON header (huggingface/safetensors, format of 2022), read and written.

import { InvalidDataError } from "../errors.ts";
import { bytesOf, elementsOf } from "./bytes.ts";
import { allocate, type DType, sizeOf, type Tensor } from "./tensor.ts";
import { valueText } from "./value-text.ts";

const NAMES: Readonly<Record<DType, string>> = {
  int64: "I64",
  float64: "F64",
  float32: "F32",
  int32: "I32",
  uint8: "U8",
  bool: "BOOL",
};
const DTYPES: ReadonlyMap<unknown, DType> = new Map(
  Object.entries(NAMES).map(([dtype, name]) => [name, dtype as DType]),
);

/** Widest elements first, so that every tensor starts at a multiple of its element's width; the reference's own order. */
const RANK = Object.keys(NAMES);

/** The reference refuses longer headers too. */
const MAX_HEADER = 100_000_000;

interface Entry {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/**
 * A safetensors file. The same tensors and metadata always give the same bytes, in whatever order they are given: wide
 * elements first, then by name. The header is padded with spaces to a multiple of 8 bytes, so a reader can use views.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const rankOf = (tensor: Tensor) => RANK.indexOf(tensor.dtype);
  const sorted = Object.entries(tensors).sort(([a, s], [b, t]) => rankOf(s) - rankOf(t) || (a < b ? -1 : 1));
  const entries: [string, unknown][] = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (notes.length > 0) entries.push(["__metadata__", Object.fromEntries(notes)]);
  let end = 0;
  for (const [key, { dtype, shape, data }] of sorted) {
    if (key === "__metadata__") throw new RangeError("encodeSafetensors: no tensor may be called __metadata__");
    const begin = end;
    end += data.byteLength;
    entries.push([key, { dtype: NAMES[dtype], shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 0, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const [, { data }] of sorted) {
    bytes.set(bytesOf(data), at);
    at += data.byteLength;
  }
  return bytes;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; start: number } {
  const fail = (must: string, got: string) =>
    new InvalidDataError(`${name}: a safetensors file must ${must}, got ${got}`);
  if (bytes.length < 8) throw fail("begin with 8 bytes that give the header's length", `${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER || length > bytes.length - 8) {
    throw fail(
      `hold its header of ${length} bytes`,
      `${bytes.length - 8} bytes after the length (truncated, or another format)`,
    );
  }
  try {
    // A byte order mark would be no JSON: the format has the header begin with a brace.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
    const header: unknown = JSON.parse(text);
    if (isRecord(header)) return { header, start: 8 + length };
  } catch (cause) {
    throw fail("have a JSON header", cause instanceof Error ? cause.message : String(cause));
  }
  throw fail("have a JSON object as its header", "another JSON value");
}

function readEntry(key: string, value: unknown, name: string): Entry {
  const fail = (must: string, got: unknown) =>
    new InvalidDataError(`${name}: tensor ${key} must have ${must}, got ${valueText(got)}`);
  if (!isRecord(value)) throw fail("dtype, shape and data_offsets", value);
  const { dtype: dtypeName, shape, data_offsets: offsets } = value;
  const dtype = DTYPES.get(dtypeName);
  if (dtype === undefined) throw fail(`a dtype among ${[...DTYPES.keys()].join(", ")}`, dtypeName);
  if (!isSizes(shape)) throw fail("a shape of whole numbers", shape);
  if (!isSizes(offsets) || offsets.length !== 2) throw fail("two data_offsets", offsets);
  const [begin, end] = offsets;
  const size = sizeOf(shape) * allocate(dtype, 0).BYTES_PER_ELEMENT;
  if (end - begin !== size)
    throw fail(`data_offsets ${size} bytes apart for shape ${valueText(shape)} of ${dtypeName}`, offsets);
  return { key, dtype, shape, begin, end };
}

function readMetadata(value: unknown, name: string): Record<string, string> {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((note) => typeof note === "string")) {
    return value as Record<string, string>;
  }
  throw new InvalidDataError(`${name}: __metadata__ must map names to strings, got ${valueText(value)}`);
}

/**
 * Reads a safetensors file of F32, F64, I64, I32, U8 and BOOL tensors; `name` is what messages call it. Tensors are views of
 * `bytes` where the alignment allows it, in the order in which they lie in the file.
 *
 * Throws InvalidDataError for a header that is not one, another dtype, offsets that do not fit a shape, leave gaps, overlap or
 * do not end with the file (a truncated one).
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const { header, start } = readHeader(bytes, name);
  const { __metadata__: notes, ...rest } = header;
  const entries = Object.entries(rest).map(([key, value]) => readEntry(key, value, name));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { key, begin, end } of entries) {
    if (begin !== at) {
      throw new InvalidDataError(
        `${name}: tensor ${key} must begin at byte ${at}, where the last one ends, got ${begin}`,
      );
    }
    at = end;
  }
  const body = bytes.subarray(start);
  if (at !== body.length) {
    const why = at > body.length ? "truncated" : "bytes that no tensor claims";
    throw new InvalidDataError(
      `${name}: the tensors must fill ${at} bytes after the header, got ${body.length} (${why})`,
    );
  }
  const tensors = entries.map(({ key, dtype, shape, begin, end }): [string, Tensor] => {
    return [key, { dtype, shape, data: elementsOf(dtype, body.subarray(begin, end)) }];
  });
  return { tensors: Object.fromEntries(tensors), metadata: readMetadata(notes, name) };
}

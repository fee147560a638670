// NPY files, numpy's format for one array (NEP 1, numpy.lib.format), read and written without numpy.
// Own code, not npyjs 1.2.0: that one takes a file cut at an element's boundary for a shorter array, reads to the end of
// the file whatever the shape says, boxes booleans, and is asynchronous.

import { InvalidDataError } from "../errors.ts";
import { bytesOf, elementsOf } from "./bytes.ts";
import { float16ToNumber } from "./float16.ts";
import { allocate, type DType, sizeOf, type Tensor, type TypedArrayOf } from "./tensor.ts";

interface Format {
  readonly dtype: DType;
  /** Bytes of one element in the file. */
  readonly width: number;
  /** Element i of a file whose dtype is none of ours; absent where the bytes are our array already. */
  readonly read?: (view: DataView, i: number) => number | bigint;
}

/** numpy's type codes and the nearest of our dtypes, always one that holds every value. */
const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ["f4", { dtype: "float32", width: 4 }],
  ["f8", { dtype: "float64", width: 8 }],
  ["i8", { dtype: "int64", width: 8 }],
  ["i4", { dtype: "int32", width: 4 }],
  ["u1", { dtype: "uint8", width: 1 }],
  ["b1", { dtype: "bool", width: 1 }],
  ["f2", { dtype: "float32", width: 2, read: (view, i) => float16ToNumber(view.getUint16(2 * i, true)) }],
  ["i1", { dtype: "int32", width: 1, read: (view, i) => view.getInt8(i) }],
  ["i2", { dtype: "int32", width: 2, read: (view, i) => view.getInt16(2 * i, true) }],
  ["u2", { dtype: "int32", width: 2, read: (view, i) => view.getUint16(2 * i, true) }],
  ["u4", { dtype: "int64", width: 4, read: (view, i) => BigInt(view.getUint32(4 * i, true)) }],
  ["u8", { dtype: "int64", width: 8, read: (view, i) => view.getBigUint64(8 * i, true) }],
]);

const CODES: Readonly<Record<DType, string>> = {
  float32: "<f4",
  float64: "<f8",
  int64: "<i8",
  int32: "<i4",
  uint8: "|u1",
  bool: "|b1",
};

const MAGIC = "\x93NUMPY";
/** numpy reads headers of up to 10,000 characters and arrays of up to 64 axes. */
const MAX_HEADER = 2 ** 16;
const MAX_RANK = 64;
const INT64_MAX = 2n ** 63n - 1n;

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** First byte of the elements. */
  readonly start: number;
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

function readHeader(bytes: Uint8Array, name: string): Header {
  if (bytes.length < 10 || latin1(bytes.subarray(0, 6)) !== MAGIC) {
    const got = bytes.length < 10 ? `${bytes.length} bytes` : JSON.stringify(latin1(bytes.subarray(0, 6)));
    throw new InvalidDataError(`${name}: an NPY file must begin with "\\x93NUMPY" and a header, got ${got}`);
  }
  const version = bytes[6];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengthEnd = version === 1 ? 10 : 12;
  if (version < 1 || version > 3 || bytes.length < lengthEnd) {
    throw new InvalidDataError(`${name}: the NPY format version must be 1, 2 or 3, got ${version}`);
  }
  const start = lengthEnd + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start - lengthEnd > MAX_HEADER) {
    throw new InvalidDataError(
      `${name}: the NPY header must have at most ${MAX_HEADER} bytes, got ${start - lengthEnd}`,
    );
  }
  if (start > bytes.length) {
    throw new InvalidDataError(
      `${name}: the NPY header must end at byte ${start}, got ${bytes.length} bytes (truncated)`,
    );
  }
  const text = latin1(bytes.subarray(lengthEnd, start));
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(text);
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(((?:\s*\d+L?\s*,)*(?:\s*\d+L?\s*)?)\)/.exec(text);
  if (descr === null || fortran === null || shape === null) {
    const got = JSON.stringify(text.trim().slice(0, 80));
    throw new InvalidDataError(`${name}: the NPY header must name descr, fortran_order and shape, got ${got}`);
  }
  const axes = Array.from(shape[1].matchAll(/\d+/g), ([digits]) => Number(digits));
  // An array without elements may not claim more rows than can be counted either.
  if (axes.length > MAX_RANK || !Number.isSafeInteger(sizeOf(axes.filter((axis) => axis !== 0)))) {
    const got = `${axes.length} axes (${axes.join(", ").slice(0, 80)})`;
    throw new InvalidDataError(
      `${name}: the shape must have at most ${MAX_RANK} axes and fewer than 2^53 elements, got ${got}`,
    );
  }
  return { descr: descr[1] ?? "structured", fortran: fortran[1] === "True", shape: axes, start };
}

function formatOf(descr: string, name: string): Format {
  const format = FORMATS.get(descr.slice(1));
  if (format === undefined || !"<|=>".includes(descr[0])) {
    const known = "float64, float32, float16, bool or integers";
    throw new InvalidDataError(`${name}: elements must be ${known}, got numpy dtype '${descr}'; convert with .astype`);
  }
  if (descr[0] === ">") {
    const wanted = `.astype('<${descr.slice(1)}')`;
    throw new InvalidDataError(
      `${name}: elements must be little-endian, got numpy dtype '${descr}'; save with ${wanted}`,
    );
  }
  return format;
}

function readElements(bytes: Uint8Array, format: Format, name: string): TypedArrayOf[DType] {
  const { dtype, width, read } = format;
  if (read === undefined) return elementsOf(dtype, bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = allocate(dtype, bytes.length / width);
  for (let i = 0; i < data.length; i++) {
    const value = read(view, i);
    if (typeof value === "bigint" && value > INT64_MAX) {
      throw new InvalidDataError(`${name}: uint64 elements must be below 2^63, got ${value} at element ${i}`);
    }
    data[i] = value;
  }
  return data;
}

/** The same elements in row-major order; `data` is column-major: element (i_0, i_1, ...) lies at i_0 + n_0 (i_1 + n_1 (...)). */
function rowMajor<D extends DType>(dtype: D, shape: readonly number[], data: TypedArrayOf[D]): TypedArrayOf[D] {
  const out = allocate(dtype, data.length);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * Reads a NPY file (format 1, 2 or 3) into a row-major tensor; `name` is what messages call it.
 *
 * float32, float64, int64, int32, uint8 and bool stay what they are; float16 becomes float32, int8, int16 and uint16 become
 * int32, uint32 and uint64 become int64 (uint64 from 2^63 is refused). Column-major files are transposed.
 *
 * The tensor is a view of `bytes` where the dtype stays and the alignment allows it.
 * Throws InvalidDataError for anything else: another dtype, big-endian, truncated, longer than its header says.
 */
export function decodeNpy(bytes: Uint8Array, name: string): Tensor {
  const { descr, fortran, shape, start } = readHeader(bytes, name);
  const format = formatOf(descr, name);
  const [expected, got] = [sizeOf(shape) * format.width, bytes.length - start];
  if (got !== expected) {
    const what = `shape (${shape.join(", ")}) of '${descr}'`;
    const why = got < expected ? "truncated" : "one array a file";
    throw new InvalidDataError(`${name}: ${what} needs ${expected} bytes of elements, got ${got} (${why})`);
  }
  const data = readElements(bytes.subarray(start), format, name);
  return { dtype: format.dtype, shape, data: fortran ? rowMajor(format.dtype, shape, data) : data };
}

/** As many bytes as the header of a file that is read may take. */
export const MAX_NPY_HEADER = 12 + MAX_HEADER;

/** Where the elements of a file lie, and what they are. */
export interface NpyLayout {
  /** Of ours; undefined where elements are of another type and would have to be converted. */
  readonly dtype: DType | undefined;
  readonly shape: readonly number[];
  /** Column-major. */
  readonly fortran: boolean;
  /** First byte of the elements, and the byte behind the last. */
  readonly start: number;
  readonly end: number;
}

/** The layout of a NPY file whose first bytes (all of its header) are given. Throws InvalidDataError as `decodeNpy` does. */
export function npyLayout(bytes: Uint8Array, name: string): NpyLayout {
  const { descr, fortran, shape, start } = readHeader(bytes, name);
  const { dtype, width, read } = formatOf(descr, name);
  return { dtype: read ? undefined : dtype, shape, fortran, start, end: start + sizeOf(shape) * width };
}

/** The header of a NPY file (format 1.0), up to its first element, byte for byte what `numpy.save` writes. */
export function npyHeader(dtype: DType, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  // numpy leaves room for the first axis to grow to 21 digits in place, then ends the header on a multiple of 64.
  const room = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const text = `{'descr': '${CODES[dtype]}', 'fortran_order': False, 'shape': (${tuple}), }${" ".repeat(room)}`;
  const bytes = new Uint8Array(Math.ceil((10 + text.length + 1) / 64) * 64);
  const header = `${MAGIC}\x01\x00\x00\x00${text.padEnd(bytes.length - 11)}\n`;
  for (let i = 0; i < bytes.length; i++) bytes[i] = header.charCodeAt(i);
  new DataView(bytes.buffer).setUint16(8, bytes.length - 10, true);
  return bytes;
}

/** A NPY file (format 1.0), byte for byte what `numpy.save` writes for the same array. */
export function encodeNpy({ dtype, shape, data }: Tensor): Uint8Array {
  const header = npyHeader(dtype, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(bytesOf(data), header.length);
  return bytes;
}

// Typed arrays as bytes and back, for file formats. Elements are little-endian, as on every machine that runs JavaScript engines of today.

import { allocate, type DType, type TypedArrayOf } from "./tensor.ts";

/** The bytes of a typed array, as a view. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Bytes as elements of `dtype`: a view where they start at a multiple of the element's width in their buffer, else a copy. */
export function elementsOf<D extends DType>(dtype: D, bytes: Uint8Array): TypedArrayOf[D] {
  const empty = allocate(dtype, 0);
  const width = empty.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const View = empty.constructor as new (buffer: ArrayBufferLike, start: number, length: number) => TypedArrayOf[D];
  return new View(aligned.buffer, aligned.byteOffset, bytes.length / width);
}

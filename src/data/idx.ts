// IDX files, the format of MNIST (LeCun, Cortes and Burges): a big-endian header and one array of unsigned bytes.

import { InvalidDataError } from "../errors.ts";
import { sizeOf, type Tensor } from "../numeric/tensor.ts";

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of unsigned bytes; the tensor is a view of `bytes`, `name` is what messages call the file.
 *
 * Header: 0, 0, the element type, the number of axes, then each axis as a big-endian 32-bit integer.
 * Throws InvalidDataError for another format or element type and for a file shorter or longer than its header says.
 */
export function decodeIdx(bytes: Uint8Array, name: string): Tensor<"uint8"> {
  const got = bytes.length < 4 ? `${bytes.length} bytes` : `[${bytes.subarray(0, 4).join(", ")}]`;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== UNSIGNED_BYTE || bytes[3] === 0) {
    throw new InvalidDataError(`${name}: an IDX file of unsigned bytes must begin with [0, 0, 8, axes], got ${got}`);
  }
  const start = 4 + 4 * bytes[3];
  if (bytes.length < start) {
    throw new InvalidDataError(`${name}: the IDX header must have ${start} bytes, got ${bytes.length} (truncated)`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: bytes[3] }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = sizeOf(shape);
  if (bytes.length - start !== size) {
    const what = `shape (${shape.join(", ")}) needs ${size} bytes of elements`;
    throw new InvalidDataError(`${name}: ${what}, got ${bytes.length - start}`);
  }
  return { dtype: "uint8", shape, data: bytes.subarray(start) };
}

// NPZ files, numpy's archives of named arrays: a zip with one NPY file an array.

import { unzipSync, type Zippable, zipSync } from "fflate";
import { InvalidDataError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";
import type { Tensor } from "./tensor.ts";

/** The zip format's own first day, whatever the clock and the time zone say. */
const NO_DATE = new Date(1980, 0, 1);

/** The CRC-32 of each entry in the order of a zip's central directory (APPNOTE 4.3.12); fflate reads the directory but not these. */
function checksumsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (view.getUint32(end, true) !== 0x06054b50) end--;
  const checksums: number[] = [];
  let entry = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    checksums.push(view.getUint32(entry + 16, true));
    const [file, extra, comment] = [28, 30, 32].map((field) => view.getUint16(entry + field, true));
    entry += 46 + file + extra + comment;
  }
  return checksums;
}

function unzip(bytes: Uint8Array, name: string, wanted: (file: string) => boolean): Record<string, Uint8Array> {
  let files: Record<string, Uint8Array>;
  const checksums = new Map<string, number>();
  try {
    const all = checksumsOf(bytes).values();
    const filter = (entry: { readonly name: string }): boolean => {
      checksums.set(entry.name, all.next().value ?? Number.NaN); // asked once per entry, in the directory's order
      return wanted(entry.name);
    };
    files = unzipSync(bytes, { filter });
  } catch (cause) {
    const got = `${bytes.length} bytes that are not (${cause instanceof Error ? cause.message : cause})`;
    throw new InvalidDataError(`${name}: an NPZ file must be a whole zip archive, got ${got}; it may be truncated`, {
      cause,
    });
  }
  for (const [file, content] of Object.entries(files)) {
    if (crc32(content) !== checksums.get(file)) {
      throw new InvalidDataError(`${name}: the checksum of ${file} must match its content, got a damaged entry`);
    }
  }
  return files;
}

/**
 * The arrays of an NPZ file by name, or only those in `names` that are there; entries that are not arrays are passed over.
 *
 * Throws InvalidDataError where the archive is truncated or damaged (checksums are checked) or where an array is one that
 * `decodeNpy` refuses; messages call the file `name` and an array `name: array`.
 */
export function decodeNpz(bytes: Uint8Array, name: string, names?: readonly string[]): Record<string, Tensor> {
  const files = unzip(bytes, name, (file) => file.endsWith(".npy") && (names?.includes(file.slice(0, -4)) ?? true));
  const arrays = Object.entries(files).map(([file, content]): [string, Tensor] => {
    const array = file.slice(0, -4);
    return [array, decodeNpy(content, `${name}: ${array}`)];
  });
  return Object.fromEntries(arrays);
}

/** An NPZ file as `numpy.savez_compressed` makes it; the same arrays always give the same bytes. */
export function encodeNpz(arrays: Readonly<Record<string, Tensor>>): Uint8Array {
  const files: Zippable = {};
  for (const [array, tensor] of Object.entries(arrays)) files[`${array}.npy`] = [encodeNpy(tensor), { mtime: NO_DATE }];
  return zipSync(files);
}

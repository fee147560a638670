// NPZ files, numpy's archives of named arrays: a zip with one NPY file an array.

import { Inflate, type Zippable, zipSync } from "fflate";
import { InvalidDataError, isPathkernelError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { mostExpanded } from "./expansion.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";
import { contentOffset, DEFLATED, type PackedEntry, type ReadRange, readZipDirectory } from "./stored-zip.ts";
import type { Tensor } from "./tensor.ts";

/** The zip format's own first day, whatever the clock and the time zone say. */
const NO_DATE = new Date(1980, 0, 1);

/** Compressed bytes that are expanded at once, to 33 MB at most. */
const CHUNK = 2 ** 15;

/** Expands to exactly `size` bytes; stops, with an error, as soon as there are more. */
function inflated(bytes: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  const stream = new Inflate((part) => {
    if (at + part.length > size) throw new RangeError("it expands to more than it says");
    whole.set(part, at);
    at += part.length;
  });
  for (let start = 0; start < bytes.length; start += CHUNK) {
    stream.push(bytes.subarray(start, start + CHUNK), start + CHUNK >= bytes.length);
  }
  if (at < size) throw new RangeError("it expands to less than it says");
  return whole;
}

/** The bytes of an entry. fflate's own reader of archives believes every length, and knows no checksums. */
function contentOf(read: ReadRange, entry: PackedEntry, name: string): Uint8Array {
  const packed = read(contentOffset(read, entry, name), entry.packed);
  const damaged = (cause?: unknown): InvalidDataError => {
    const got = `a damaged entry${cause instanceof Error ? ` (${cause.message})` : ""}`;
    return new InvalidDataError(`${name}: the checksum of ${entry.name} must match its content, got ${got}`, { cause });
  };
  let content: Uint8Array;
  try {
    content = entry.method === DEFLATED ? inflated(packed, entry.size) : packed.slice();
  } catch (cause) {
    throw damaged(cause);
  }
  if (content.length !== entry.size || crc32(content) !== entry.crc32) throw damaged();
  return content;
}

/** What the archive claims is refused before anything is allocated. */
function requireModest(entries: readonly PackedEntry[], archive: number, name: string): void {
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const most = mostExpanded(archive);
  if (total <= most) return;
  throw new InvalidDataError(`${name}: the arrays must expand to at most ${most} bytes, got ${total} from ${archive}`, {
    hint: "save them with numpy.savez, which does not compress",
  });
}

function directoryOf(read: ReadRange, length: number, name: string): PackedEntry[] {
  try {
    return readZipDirectory(read, length, name, { stored: false, within: false });
  } catch (cause) {
    if (!isPathkernelError(cause)) throw cause;
    const message = `${cause.message.replace(`${name}: `, `${name}: an NPZ file `)}; it may be truncated`;
    throw new InvalidDataError(message, { cause });
  }
}

/**
 * The arrays of an NPZ file by name, or only those in `names` that are there; entries that are not arrays are passed over.
 *
 * Throws InvalidDataError where the archive is truncated or damaged (checksums are checked), holds an array twice or would expand
 * further than `mostExpanded` allows, or where an array is one that `decodeNpy` refuses; messages call the file `name` and an
 * array `name: array`.
 */
export function decodeNpz(bytes: Uint8Array, name: string, names?: readonly string[]): Record<string, Tensor> {
  const read: ReadRange = (offset, length) => bytes.subarray(offset, offset + length);
  const wanted = (file: string): boolean => file.endsWith(".npy") && (names?.includes(file.slice(0, -4)) ?? true);
  const entries = directoryOf(read, bytes.length, name).filter((entry) => wanted(entry.name));
  requireModest(entries, bytes.length, name);
  const arrays = entries.map((entry): [string, Tensor] => {
    const array = entry.name.slice(0, -4);
    return [array, decodeNpy(contentOf(read, entry, name), `${name}: ${array}`)];
  });
  return Object.fromEntries(arrays);
}

/** An NPZ file as `numpy.savez_compressed` makes it; the same arrays always give the same bytes. */
export function encodeNpz(arrays: Readonly<Record<string, Tensor>>): Uint8Array {
  const files: Zippable = {};
  for (const [array, tensor] of Object.entries(arrays)) files[`${array}.npy`] = [encodeNpy(tensor), { mtime: NO_DATE }];
  return zipSync(files);
}

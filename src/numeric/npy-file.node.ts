// A NPY file that is written in any order: as long as its array from the start, numbers put where they belong.

import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { bytesOf } from "./bytes.ts";
import { fileErrorFrom } from "./files.node.ts";
import { npyHeader } from "./npy.ts";
import { allocate, type DType, sizeOf, type TypedArrayOf } from "./tensor.ts";

/** An open file; all methods throw FileError "cannot write PATH: REASON". */
export interface NpyFile {
  /** Puts numbers at element `at` and after it. */
  write(at: number, numbers: TypedArrayOf[DType]): void;
  /** Waits until what was written is on the device. */
  flush(): void;
  close(): void;
}

interface Extent {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

function opened(path: string, descriptor: number, start: number, width: number): NpyFile {
  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (cause) {
      throw fileErrorFrom("write", path, cause);
    }
  };
  return {
    write: (at, numbers) =>
      guarded(() => {
        const bytes = bytesOf(numbers);
        let done = 0;
        while (done < bytes.length)
          done += writeSync(descriptor, bytes, done, bytes.length - done, start + at * width + done);
      }),
    flush: () => guarded(() => fdatasyncSync(descriptor)),
    close: () => guarded(() => closeSync(descriptor)),
  };
}

const widthOf = (dtype: DType): number => allocate(dtype, 0).BYTES_PER_ELEMENT;

/** A new file of zeros in place of whatever has that name. It takes room on the device only as it is written. */
export function createNpyFile(path: string, { dtype, shape }: Extent): NpyFile {
  const header = npyHeader(dtype, shape);
  const width = widthOf(dtype);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "w");
    ftruncateSync(descriptor, header.length + sizeOf(shape) * width);
    writeSync(descriptor, header, 0, header.length, 0);
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw fileErrorFrom("write", path, cause);
  }
  return opened(path, descriptor, header.length, width);
}

/** The file as it was left, or undefined where there is none that could hold that array: its header or its length is another. */
export function reopenNpyFile(path: string, { dtype, shape }: Extent): NpyFile | undefined {
  const header = npyHeader(dtype, shape);
  const width = widthOf(dtype);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r+");
    const found = new Uint8Array(header.length);
    const read = readSync(descriptor, found, 0, found.length, 0);
    const isWhole = fstatSync(descriptor).size === header.length + sizeOf(shape) * width;
    if (isWhole && read === header.length && found.every((byte, i) => byte === header[i]))
      return opened(path, descriptor, header.length, width);
    closeSync(descriptor);
    return undefined;
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor);
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw fileErrorFrom("write", path, cause);
  }
}

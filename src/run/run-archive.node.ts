// A run as one stored zip archive: read in place, part by part, and packed from any run.

import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InvalidRunError, isPathkernelError } from "../errors.ts";
import { crc32 } from "../numeric/crc32.ts";
import { fileErrorFrom } from "../numeric/files.node.ts";
import {
  centralDirectory,
  contentOffset,
  localHeader,
  type ReadRange,
  readZipDirectory,
  type ZipEntry,
} from "../numeric/stored-zip.ts";
import { nameOfPart, type RunFiles } from "./run-files.ts";

/** Lets `use` read ranges of a file; it is open only so long, since a run that was opened is never closed. */
function withRanges<T>(path: string, use: (read: ReadRange, length: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    throw fileErrorFrom("read", path, cause);
  }
  try {
    const length = fstatSync(descriptor).size;
    return use((offset, wanted) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(wanted, length - offset)));
      let done = 0;
      while (done < bytes.length) {
        const read = readSync(descriptor, bytes, done, bytes.length - done, offset + done);
        if (read === 0) return bytes.subarray(0, done);
        done += read;
      }
      return bytes;
    }, length);
  } catch (cause) {
    if (isPathkernelError(cause, "InvalidData")) throw new InvalidRunError(cause.message, { cause, hint: cause.hint });
    // An archive may claim, and a sparse file may have, more than the memory holds.
    if (cause instanceof RangeError)
      throw new InvalidRunError(`${path}: must fit into memory, got ${cause.message}`, { cause });
    throw fileErrorFrom("read", path, cause);
  } finally {
    closeSync(descriptor);
  }
}

/** The folder of the archive that holds the run: none, or the one that all entries lie in. */
function folderOf(entries: readonly ZipEntry[]): string {
  const first = entries[0]?.name.split("/")[0] ?? "";
  return entries.length > 0 && entries.every(({ name }) => name.startsWith(`${first}/`)) ? `${first}/` : "";
}

class RunArchive implements RunFiles {
  readonly path: string;
  private readonly entries: ReadonlyMap<string, ZipEntry>;

  constructor(path: string) {
    this.path = path;
    const entries = withRanges(path, (read, length) => readZipDirectory(read, length, path));
    const folder = folderOf(entries);
    this.entries = new Map(entries.map((entry) => [entry.name.slice(folder.length), entry]));
  }

  read(part: string): Uint8Array | undefined {
    const entry = this.entries.get(part);
    if (entry === undefined) return undefined;
    const bytes = withRanges(this.path, (read) => read(contentOffset(read, entry, this.path), entry.size));
    const name = nameOfPart(this, part);
    if (bytes.length < entry.size) {
      throw new InvalidRunError(`${name}: must have ${entry.size} bytes, got ${bytes.length}; it may be truncated`);
    }
    if (crc32(bytes) === entry.crc32) return bytes;
    throw new InvalidRunError(`${name}: must have the checksum of the archive, got a damaged entry`);
  }

  list(folder: string): string[] {
    const start = folder === "" ? "" : `${folder}/`;
    const within = [...this.entries.keys()].filter((part) => part.startsWith(start));
    return [...new Set(within.map((part) => part.slice(start.length).split("/")[0]))];
  }

  size(part: string): number | undefined {
    return this.entries.get(part)?.size;
  }
}

/** The parts of the run in a zip archive. InvalidRunError where it is none, or not a stored one. */
export function openRunArchive(path: string): RunFiles {
  return new RunArchive(path);
}

/**
 * Writes parts to a stored zip archive, whole or not at all; the same parts give the same bytes. Memory: one part. Returns the bytes
 * written. FileError where the system refuses.
 */
export function writeArchive(path: string, parts: Iterable<readonly [part: string, bytes: Uint8Array]>): number {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(temporary, "w");
    const entries: ZipEntry[] = [];
    let at = 0;
    const write = (bytes: Uint8Array): void => {
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor as number, bytes, done);
      at += bytes.length;
    };
    for (const [name, bytes] of parts) {
      const entry = { name, size: bytes.length, crc32: crc32(bytes), offset: at };
      entries.push(entry);
      write(localHeader(entry));
      write(bytes);
    }
    for (const bytes of centralDirectory(entries, at)) write(bytes);
    fsyncSync(descriptor);
    closeSync(descriptor);
    descriptor = undefined;
    renameSync(temporary, path);
    return at;
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw fileErrorFrom("write", path, cause);
  }
}

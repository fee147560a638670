// Reading and writing whole files, with the operating system's refusals as one clear line each.

import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError } from "../errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EISDIR: "it is a folder, a file is needed",
  ENOTDIR: "a part of the path must be a folder and is a file",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large",
  EEXIST: "it exists already",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  ERR_FS_FILE_TOO_LARGE: "the file must be smaller than 2 GiB",
};

/** What the system's error `cause` says, as a FileError "cannot ACTION PATH: REASON"; other errors are given back unchanged. */
export function fileErrorFrom(action: "read" | "write" | "make" | "list", path: string, cause: unknown): unknown {
  if (!(cause instanceof Error && "code" in cause)) return cause;
  const code = String(cause.code);
  if (!Object.hasOwn(REASONS, code) && !("syscall" in cause)) return cause;
  const isParentMissing = code === "ENOENT" && (action === "write" || action === "make");
  const reason = isParentMissing ? `the folder ${dirname(path)} does not exist` : (REASONS[code] ?? code);
  return new FileError(`cannot ${action} ${path}: ${reason}`, path, { cause });
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Whether something of that name exists: a file, a folder, a device. */
export function pathExists(path: string): boolean {
  try {
    return statOf(path) !== undefined;
  } catch {
    return false; // a part of the path is a file, or a folder that may not be entered
  }
}

/** All bytes of a file. Throws FileError where it is missing, a folder, or may not be read. */
export function readFileBytes(path: string): Uint8Array {
  try {
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    throw fileErrorFrom("read", path, cause);
  }
}

/** A file's new content: one piece, or several that are written one after another. */
export interface NewContent {
  readonly path: string;
  readonly content: Uint8Array | string | readonly Uint8Array[];
}

export interface WriteOptions {
  /** Default true: waits until the bytes are on the device. */
  readonly sync?: boolean;
}

function writePieces(target: string | number, content: NewContent["content"]): void {
  if (!Array.isArray(content)) writeFileSync(target, content as Uint8Array | string);
  else if (typeof target === "string") writeFileSync(target, Buffer.concat(content));
  else for (const piece of content as readonly Uint8Array[]) writeFileSync(target, piece);
}

/** A file that is written and has not its name yet. */
interface Staged {
  readonly path: string;
  readonly temporary: string;
  readonly target: string;
}

/** Writes a temporary file beside `path`; undefined where a device or a pipe stands there, which is then written to. */
function stage({ path, content }: NewContent, keep: (staged: Staged) => void): void {
  const stat = statOf(path);
  if (stat?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
  if (stat !== undefined && !stat.isFile()) {
    writePieces(path, content);
    return;
  }
  if (stat !== undefined) accessSync(path, constants.W_OK); // a rename would replace a write-protected file
  const target = stat === undefined ? path : realpathSync(path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  const descriptor = openSync(temporary, "w");
  keep({ path, temporary, target });
  try {
    writePieces(descriptor, content);
  } finally {
    closeSync(descriptor);
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Waits until the bytes of a file are on the device. Throws FileError. */
export function syncFile(path: string): void {
  try {
    sync(path);
  } catch (cause) {
    throw fileErrorFrom("write", path, cause);
  }
}

/** Waits until the names in a folder are on the device, where the system can: Windows syncs no folders, some file systems neither. */
export function syncFolder(path: string): void {
  try {
    sync(path);
  } catch {
    // The names are there; only a power failure in the next moment may take them away.
  }
}

/**
 * Writes files, each whole or not at all: all into temporary files beside them, which then take their names, in the order given.
 *
 * On failure no temporary file stays, and a file that was there before stays as it was unless its turn to take the name had come.
 * What is not a regular file (/dev/stdout, a pipe) cannot be replaced and is written to. A symbolic link stays, the file it points to
 * is replaced.
 *
 * `sync` (default) waits until bytes and names are on the device, so that they survive a power failure; without it they survive the end
 * of the process. The wait is most of the time of a write: 3.7 of 4.6 ms for 1.2 MB.
 *
 * Throws FileError "cannot write PATH: REASON".
 */
export function replaceFiles(files: readonly NewContent[], { sync: isSynced = true }: WriteOptions = {}): void {
  const staged: Staged[] = [];
  let path = "";
  try {
    for (const file of files) {
      path = file.path;
      stage(file, (each) => staged.push(each));
    }
    if (isSynced) for (const { temporary } of staged) syncFile(temporary);
    for (const file of staged) {
      path = file.path;
      renameSync(file.temporary, file.target);
    }
    if (isSynced) for (const folder of new Set(staged.map(({ target }) => dirname(target)))) syncFolder(folder);
  } catch (cause) {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
    throw fileErrorFrom("write", path, cause);
  }
}

/** Writes one file whole or not at all; see `replaceFiles`. */
export function writeFileAtomic(path: string, content: NewContent["content"], options: WriteOptions = {}): void {
  replaceFiles([{ path, content }], options);
}

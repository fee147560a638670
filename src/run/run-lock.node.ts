// One writer a run: a file in its folder names the process that records it, and is taken over where that process is gone.

import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { FileError } from "../errors.ts";
import { fileErrorFrom } from "../numeric/files.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";

export const LOCK_FILE = ".lock";

const ownerSchema = z.object({
  pathkernel: z.literal("lock"),
  pid: z.int().positive(),
  host: z.string(),
  /** When the process began, in the system's own ticks, "" where it does not say: a number of a process is given again. */
  began: z.string(),
});

/** The process that records a run. */
export type LockOwner = z.infer<typeof ownerSchema>;

/** When a process of this machine began: field 22 of /proc/PID/stat, behind the name in brackets; "" where there is no such file. */
function beginOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function isAlive({ pid, host, began }: LockOwner): boolean {
  // Of another machine nothing can be known.
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
  }
  const now = beginOf(pid);
  return began === "" || now === "" || began === now;
}

function ownerIn(text: string): LockOwner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A lock is a line; a link, a pipe or a long file in its place is none. */
const LONGEST_LOCK = 4096;

function readOwner(file: string): LockOwner | undefined {
  try {
    const stat = lstatSync(file);
    if (!stat.isFile() || stat.size > LONGEST_LOCK) return undefined;
    return ownerIn(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** The process that records the run at `path` now; undefined where none does. */
export function writerOf(path: string): LockOwner | undefined {
  const owner = readOwner(join(path, LOCK_FILE));
  return owner !== undefined && isAlive(owner) ? owner : undefined;
}

export function ownerText({ pid, host }: LockOwner): string {
  return host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
}

/** FileError where a process records the run at `path`. */
export function requireNoWriter(path: string, action: "make" | "resume"): void {
  const owner = writerOf(path);
  if (owner !== undefined) throw refusal(path, owner, action);
}

function refusal(path: string, owner: LockOwner, action: "make" | "resume"): FileError {
  const what = action === "make" ? "make the run" : "resume";
  const elsewhere = owner.host !== hostname();
  const hint = elsewhere ? `if that process is gone, remove ${join(path, LOCK_FILE)}` : "wait for it, or end it";
  return new FileError(`cannot ${what} ${path}: ${ownerText(owner)} is recording it`, path, { hint });
}

const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Gives the file a second name, at once and only where there is none of it; copies it where the file system has no links. */
function appear(temporary: string, file: string): void {
  try {
    linkSync(temporary, file);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && NO_LINKS.has(String(cause.code)))) throw cause;
    copyFileSync(temporary, file, constants.COPYFILE_EXCL);
  }
}

/** FileError where the lock of the run at `path` is not this process's any more: another one has taken it for gone, or was let in by hand. */
export function requireOwnLock(path: string): void {
  const owner = readOwner(join(path, LOCK_FILE));
  if (owner?.pid === process.pid && owner.host === hostname()) return;
  const who = owner === undefined ? "its lock is gone" : `${ownerText(owner)} is recording it`;
  throw new FileError(`cannot write ${path}: ${who}`, path);
}

/** Lets others record the run at `path`, where this process was the one that did. */
export function unlockRun(path: string): void {
  const file = join(path, LOCK_FILE);
  const owner = readOwner(file);
  if (owner?.pid === process.pid && owner.host === hostname()) rmSync(file, { force: true });
}

/**
 * Makes this process the one that records the run in the folder `path`. FileError with the number of the process that does, where one
 * does; the lock of a process that is gone is taken over. The lock stays with the folder when that gets another name.
 */
export function lockRun(path: string, action: "make" | "resume"): void {
  const file = join(path, LOCK_FILE);
  const own: LockOwner = { pathkernel: "lock", pid: process.pid, host: hostname(), began: beginOf(process.pid) };
  const temporary = `${file}.${process.pid}.tmp`;
  let other: LockOwner | undefined;
  try {
    const descriptor = openSync(temporary, "w");
    writeFileSync(descriptor, `${JSON.stringify(own)}\n`);
    fsyncSync(descriptor);
    closeSync(descriptor);
    other = acquire(file, temporary);
  } catch (cause) {
    throw fileErrorFrom("write", file, cause);
  } finally {
    rmSync(temporary, { force: true });
  }
  if (other !== undefined) throw refusal(path, other, action);
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

/**
 * More than a replacement takes by far: three calls of the file system. Turns of a millisecond or more, not a time: where the whole machine
 * stood still meanwhile, who replaces the lock did so too.
 */
const REPLACING_TURNS = 2000;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Gives the file the content of `temporary` where there is none, or where its owner is gone; else gives its owner, who lives.
 *
 * A lock is only replaced by who holds the lock of that replacement, which is named after what is replaced, and is had in the same way:
 * of several processes that find the same lock of a dead one, one replaces it, and the others wait until they find that one's.
 */
function acquire(file: string, temporary: string): LockOwner | undefined {
  for (let turns = 0; ; ) {
    try {
      appear(temporary, file);
      return undefined;
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    }
    const found = contentOf(file);
    if (found === undefined) continue;
    const owner = ownerIn(found);
    if (owner !== undefined && isAlive(owner)) return owner;
    const guard = `${file}.${sha256(found).slice(0, 8)}`;
    const replacing = acquire(guard, temporary);
    if (replacing !== undefined) {
      // Who replaces may find that it came too late, too: the one that records is who the lock itself names in the end.
      if (++turns > REPLACING_TURNS) return replacing;
      Atomics.wait(pause, 0, 0, 1);
      continue;
    }
    try {
      // It may have been replaced before the guard was ours.
      if (contentOf(file) !== found) continue;
      const copy = `${guard}.tmp`;
      copyFileSync(temporary, copy);
      renameSync(copy, file);
      return undefined;
    } finally {
      rmSync(guard, { force: true });
    }
  }
}

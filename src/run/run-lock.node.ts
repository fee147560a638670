// One writer a run: a file in its folder names the process that records it, and is taken over where that process is gone.

import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
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

function readOwner(file: string): LockOwner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
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
  if (owner === undefined) return;
  const what = action === "make" ? "make the run" : "resume";
  const elsewhere = owner.host !== hostname();
  const hint = elsewhere ? `if that process is gone, remove ${join(path, LOCK_FILE)}` : "wait for it, or end it";
  throw new FileError(`cannot ${what} ${path}: ${ownerText(owner)} is recording it`, path, { hint });
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
  try {
    const descriptor = openSync(temporary, "w");
    writeFileSync(descriptor, `${JSON.stringify(own)}\n`);
    fsyncSync(descriptor);
    closeSync(descriptor);
    for (let attempt = 0; ; attempt++) {
      try {
        appear(temporary, file);
        break;
      } catch (cause) {
        if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST") || attempt > 9) throw cause;
        requireNoWriter(path, action);
        removeStale(file);
      }
    }
  } catch (cause) {
    throw fileErrorFrom("write", file, cause);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Takes a lock away whose process is gone, unless another process has put its own in place meanwhile, which is put back. */
function removeStale(file: string): void {
  const aside = `${file}.${process.pid}.old`;
  try {
    renameSync(file, aside);
  } catch {
    return; // another process was faster
  }
  const owner = readOwner(aside);
  if (owner !== undefined && isAlive(owner)) {
    try {
      appear(aside, file);
    } catch {
      // A third one has it; whoever holds a lock that is not there any more finds out when it releases it.
    }
  }
  rmSync(aside, { force: true });
}

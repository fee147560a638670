// The folder of a new run: made where nothing is, in place of an older run where that is asked for, and given back.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError } from "../errors.ts";
import { fileErrorFrom } from "../numeric/files.node.ts";

const FOLDERS = ["batches", "scalars", "checkpoints"];

export interface NewFolder {
  /** Undoes everything: removes what was made, puts back what was replaced. */
  undo(): void;
  /** Removes what was replaced. */
  keep(): void;
  /** Whether a run was set aside. */
  readonly replaced: boolean;
}

/** Whether the folder holds a run's manifest, whatever else is in it; a manifest.json of something else is none. */
function isRunFolder(path: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
    return /^pathkernel\.run\//.test(String((manifest as { schema?: unknown } | null)?.schema));
  } catch {
    return false;
  }
}

/** Whether a run must be replaced at `path`; throws FileError where something stands there that must not be. */
function mustReplace(path: string, force: boolean): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isDirectory()) throw new FileError(`cannot make the run ${path}: a file has that name`, path);
  if (readdirSync(path).length === 0) return false;
  if (!isRunFolder(path)) {
    const hint = "choose another name";
    throw new FileError(`cannot make the run ${path}: the folder is not empty and is not a run`, path, { hint });
  }
  if (!force) {
    const hint = "choose another name, or replace it with --force";
    throw new FileError(`cannot make the run ${path}: a run has that name`, path, { hint });
  }
  return true;
}

/**
 * Makes a folder and those above it that are missing; the topmost one made, if any. Node's own recursive mkdir never returns where
 * the system answers ENOENT for a folder that exists, as below /proc.
 */
function makeFolders(path: string): string | undefined {
  if (existsSync(path)) return undefined;
  const above = makeFolders(dirname(path));
  mkdirSync(path);
  return above ?? path;
}

/** Makes the run's folder and the folders above it, setting an older run aside. */
export function makeRunFolder(path: string, force: boolean): NewFolder {
  let aside: string | undefined;
  let made: string | undefined;
  let wasEmpty = false;
  const undo = () => {
    const topmost = made ?? (wasEmpty ? path : undefined);
    if (topmost !== undefined) rmSync(topmost, { recursive: true, force: true });
    if (wasEmpty) mkdirSync(path);
    if (aside !== undefined) renameSync(aside, path);
  };
  try {
    if (mustReplace(path, force)) {
      const beside = join(dirname(path), `.${basename(path)}.${process.pid}.old`);
      renameSync(path, beside);
      aside = beside;
    }
    made = makeFolders(path);
    wasEmpty = made === undefined;
    for (const name of FOLDERS) mkdirSync(join(path, name));
  } catch (cause) {
    undo();
    throw fileErrorFrom("make", path, cause);
  }
  const keep = () => {
    if (aside !== undefined) rmSync(aside, { recursive: true, force: true });
  };
  return { undo, keep, replaced: aside !== undefined };
}

// The folder of a new run: made beside its place, and put there whole, in place of an older run where that is asked for.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError } from "../errors.ts";
import { fileErrorFrom, syncFolder } from "../numeric/files.node.ts";
import { lockRun, requireNoWriter, writerOf } from "./run-lock.node.ts";

const FOLDERS = ["batches", "scalars", "checkpoints"];

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
  requireNoWriter(path, "make");
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

/** Removes what processes that were killed had begun to make for `path`. */
function removeBegun(path: string): void {
  const [folder, start] = [dirname(path), `.${basename(path)}.`];
  const begun = readdirSync(folder).filter(
    (name) => name.startsWith(start) && /^\d+\.new$/.test(name.slice(start.length)),
  );
  for (const name of begun) {
    if (writerOf(join(folder, name)) === undefined) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** The folder of a run that begins. All methods throw FileError for what the system refuses. */
export class NewFolder {
  /** Where the parts are: beside the run's place until `appear`. */
  place: string;
  private readonly path: string;
  private readonly force: boolean;
  /** The topmost folder above the run that had to be made. */
  private made: string | undefined;
  private aside: string | undefined;
  private wasEmpty = false;

  /** FileError where another process records there, and where something stands there that must not be replaced. */
  constructor(path: string, force: boolean) {
    this.path = path;
    this.force = force;
    this.place = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
    try {
      mustReplace(path, force);
      this.made = makeFolders(dirname(path));
      removeBegun(path);
      mkdirSync(this.place);
      lockRun(this.place, "make");
      for (const name of FOLDERS) mkdirSync(join(this.place, name));
    } catch (cause) {
      this.undo();
      throw fileErrorFrom("make", path, cause);
    }
  }

  /** Whether a run was set aside. */
  get replaced(): boolean {
    return this.aside !== undefined;
  }

  /** Puts the folder in its place, with all that is in it; what stands there may have changed meanwhile and is judged again. */
  appear(): void {
    const { path } = this;
    if (this.place === path) return;
    try {
      if (mustReplace(path, this.force)) {
        const beside = join(dirname(path), `.${basename(path)}.${process.pid}.old`);
        renameSync(path, beside);
        this.aside = beside;
      } else if (existsSync(path)) {
        rmdirSync(path);
        this.wasEmpty = true;
      }
      renameSync(this.place, path);
    } catch (cause) {
      throw fileErrorFrom("make", path, cause);
    }
    this.place = path;
    syncFolder(dirname(path));
  }

  /** Removes what was replaced. */
  keep(): void {
    if (this.aside !== undefined) rmSync(this.aside, { recursive: true, force: true });
  }

  /** Undoes everything: removes what was made, puts back what was replaced. */
  undo(): void {
    if (existsSync(this.place)) rmSync(this.place, { recursive: true, force: true });
    if (this.made !== undefined) rmSync(this.made, { recursive: true, force: true });
    if (this.wasEmpty) mkdirSync(this.path, { recursive: true });
    if (this.aside !== undefined) renameSync(this.aside, this.path);
    this.aside = undefined;
  }
}

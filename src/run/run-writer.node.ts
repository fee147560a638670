// Records a run to a folder NAME.pkrun, part by part, so that a process that is killed leaves what it had flushed.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError } from "../errors.ts";
import { fileErrorFrom, writeFileAtomic } from "../numeric/files.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { encodeBatches } from "./batches-format.ts";
import { checkpointFile, encodeCheckpoint } from "./checkpoint-format.ts";
import { encodeManifest } from "./manifest-format.ts";
import { extentOf, Recorder } from "./recorder.ts";
import { encodeSteps } from "./steps-format.ts";
import type { NewRun, RunManifest, RunWriter } from "./types.ts";

export interface RunWriterOptions extends NewRun {
  /** Replaces a run that stands at the path. Never any other folder. */
  readonly force?: boolean;
}

interface Folder {
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
function makeFolder(path: string, force: boolean): Folder {
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
    mkdirSync(join(path, "checkpoints"));
  } catch (cause) {
    undo();
    throw fileErrorFrom("make", path, cause);
  }
  const keep = () => {
    if (aside !== undefined) rmSync(aside, { recursive: true, force: true });
  };
  return { undo, keep, replaced: aside !== undefined };
}

class DiskRunWriter implements RunWriter {
  readonly path: string;
  private readonly run: NewRun;
  private readonly recorder: Recorder;
  private readonly stored = new Set<number>();
  private flushed: RunManifest;
  /** What was made and replaced; settled once the new run has a step. */
  private folder: Folder | undefined;

  constructor(path: string, run: NewRun, folder: Folder) {
    this.path = path;
    this.run = run;
    this.folder = folder;
    this.recorder = new Recorder(run);
    this.flushed = this.recorder.manifest();
  }

  appendStep: RunWriter["appendStep"] = (batch, scalars) => this.recorder.appendStep(batch, scalars);

  writeCheckpoint: RunWriter["writeCheckpoint"] = async (checkpoint) => {
    this.recorder.addCheckpoint(checkpoint, (valid) => {
      writeFileAtomic(join(this.path, checkpointFile(valid.step)), encodeCheckpoint(valid), { sync: false });
      this.stored.add(valid.step);
    });
  };

  flush: RunWriter["flush"] = async () => this.store(this.recorder.manifest());

  finish: RunWriter["finish"] = async (status) => this.recorder.finish(status, (manifest) => this.store(manifest));

  /** The manifest comes last and counts the steps: until it is there, a reader passes over what is new in the other files. */
  private store(manifest: RunManifest): void {
    writeFileAtomic(join(this.path, "batches.npz"), encodeBatches(this.recorder.batches));
    writeFileAtomic(join(this.path, "steps.csv"), encodeSteps(this.recorder.scalars));
    writeFileAtomic(join(this.path, "manifest.json"), encodeManifest({ manifest, layout: this.run.layout }));
    this.flushed = manifest;
    // A training that diverges at once must not cost the run that it was to replace.
    const worthless = manifest.status === "running" || (manifest.status === "diverged" && this.folder?.replaced);
    if (worthless && extentOf(manifest, this.stored).steps === 0) return;
    this.folder?.keep();
    this.folder = undefined;
  }

  abort: RunWriter["abort"] = async () => {
    if (!this.folder || extentOf(this.flushed, this.stored).steps > 0) return;
    if (this.flushed.status !== "running" && !this.folder.replaced) return;
    try {
      this.folder?.undo();
      this.folder = undefined;
    } catch {
      // What made the caller give up (a device that went away) may forbid this too; that error is the one to show.
    }
  };
}

/**
 * Makes the folder `path` and starts to record a run in it: manifest.json, model.onnx, batches.npz, steps.csv, checkpoints/.
 *
 * Each file is replaced whole or not at all; a process that is killed leaves a run that reads up to the last checkpoint before
 * the last flush. Throws FileError where the folder or a file cannot be written (and then leaves nothing behind), where a run
 * has that name and `force` is not set, or where another folder or a file has it.
 */
export async function createRunWriter(path: string, { force = false, ...run }: RunWriterOptions): Promise<RunWriter> {
  const actual = sha256(run.modelBytes);
  if (actual !== run.manifest.model.sha256) {
    throw new RangeError(`createRunWriter: manifest.model.sha256 must be ${actual}, got ${run.manifest.model.sha256}`);
  }
  const folder = makeFolder(path, force);
  const writer = new DiskRunWriter(path, run, folder);
  try {
    writeFileAtomic(join(path, "model.onnx"), run.modelBytes);
    await writer.flush();
  } catch (cause) {
    folder.undo();
    throw cause;
  }
  return writer;
}

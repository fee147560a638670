// Records a run to a folder NAME.pkrun, part by part, so that a process that is killed leaves what it had flushed.

import { createHash, type Hash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "../numeric/bytes.ts";
import { type NewContent, replaceFiles, syncPath, writeFileAtomic } from "../numeric/files.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { ARRAY_FILES, type ArrayHash, encodeColumn } from "./arrays-format.ts";
import { checkpointFile, encodeCheckpoint } from "./checkpoint-format.ts";
import { CHECKPOINT_HASHES_FILE, encodeCheckpointHashes } from "./checkpoint-hashes.ts";
import { type ColumnName, type Columns, columnNames } from "./columns.ts";
import { type ArrayHashes, encodeManifest } from "./manifest-format.ts";
import { makeRunFolder, type NewFolder } from "./new-folder.node.ts";
import { MANIFEST_FILE, MODEL_FILE } from "./read-record.node.ts";
import { extentOf, Recorder } from "./recorder.ts";
import type { NewRun, RunManifest, RunWriter } from "./types.ts";

export interface RunWriterOptions extends NewRun {
  /** Replaces a run that stands at the path. Never any other folder. */
  readonly force?: boolean;
}

/** The SHA-256 of a column that grows: what was hashed before is not hashed again. */
class GrowingHash {
  private readonly hash: Hash = createHash("sha256");
  private elements = 0;

  of(data: Columns[ColumnName]): ArrayHash {
    this.hash.update(bytesOf(data.subarray(this.elements)));
    this.elements = data.length;
    return { elements: this.elements, sha256: this.hash.copy().digest("hex") };
  }
}

class DiskRunWriter implements RunWriter {
  readonly path: string;
  private readonly run: NewRun;
  private readonly recorder: Recorder;
  /** SHA-256 of each checkpoint that is stored. */
  private readonly checkpoints = new Map<number, string>();
  private readonly hashes = Object.fromEntries(columnNames.map((name) => [name, new GrowingHash()])) as Readonly<
    Record<ColumnName, GrowingHash>
  >;
  private flushed: RunManifest;
  /** What was made and replaced; settled once the new run has a step. */
  private folder: NewFolder | undefined;

  constructor(path: string, run: NewRun, folder: NewFolder) {
    this.path = path;
    this.run = run;
    this.folder = folder;
    this.recorder = new Recorder(run);
    this.flushed = this.recorder.manifest();
  }

  appendStep: RunWriter["appendStep"] = (batch, scalars) => this.recorder.appendStep(batch, scalars);

  writeCheckpoint: RunWriter["writeCheckpoint"] = async (checkpoint) => {
    this.recorder.addCheckpoint(checkpoint, (valid) => {
      const bytes = encodeCheckpoint(valid);
      writeFileAtomic(join(this.path, checkpointFile(valid.step)), bytes, { sync: false });
      this.checkpoints.set(valid.step, sha256(bytes));
    });
  };

  flush: RunWriter["flush"] = async () => this.store(this.recorder.manifest());

  finish: RunWriter["finish"] = async (status) => this.recorder.finish(status, (manifest) => this.store(manifest));

  /**
   * The manifest comes last and says how far the other files are to be read: until it is there, a reader passes over what is new in
   * them. A checkpoint that is superseded goes after that, since the manifest before relied on it.
   */
  private store(manifest: RunManifest): void {
    const { columns } = this.recorder;
    const last = this.syncLastCheckpoint(manifest);
    const files: NewContent[] = columnNames.map((name) => ({
      path: join(this.path, ARRAY_FILES[name]),
      content: encodeColumn(name, columns[name]),
    }));
    replaceFiles([...files, this.checkpointHashes()]);
    const arrays = Object.fromEntries(columnNames.map((name) => [name, this.hashes[name].of(columns[name])]));
    const text = encodeManifest({ manifest, layout: this.run.layout, arrays: arrays as ArrayHashes });
    writeFileAtomic(join(this.path, MANIFEST_FILE), text);
    this.flushed = manifest;
    this.dropSuperseded(last);
    if (manifest.status !== "running") replaceFiles([this.checkpointHashes()]);
    // A training that diverges at once must not cost the run that it was to replace.
    const worthless = manifest.status === "running" || (manifest.status === "diverged" && this.folder?.replaced);
    if (worthless && extentOf(manifest, this.checkpoints.keys()).steps === 0) return;
    this.folder?.keep();
    this.folder = undefined;
  }

  private checkpointHashes(): NewContent {
    return { path: join(this.path, CHECKPOINT_HASHES_FILE), content: encodeCheckpointHashes(this.checkpoints) };
  }

  /** The checkpoint that a reader of this manifest ends at is on the device before the manifest is; its step, if there is one. */
  private syncLastCheckpoint({ steps }: RunManifest): number | undefined {
    const last = [...this.checkpoints.keys()].filter((step) => step <= steps).at(-1);
    if (last !== undefined) syncPath(join(this.path, checkpointFile(last)));
    return last;
  }

  /** Removes checkpoints before `last` that stand at no regular step: they only served to read the run that far. */
  private dropSuperseded(last: number | undefined): void {
    for (const step of this.checkpoints.keys()) {
      if (last === undefined || step >= last || step % this.run.manifest.checkpointEvery === 0) continue;
      rmSync(join(this.path, checkpointFile(step)), { force: true });
      this.checkpoints.delete(step);
    }
  }

  abort: RunWriter["abort"] = async () => {
    if (!this.folder || extentOf(this.flushed, this.checkpoints.keys()).steps > 0) return;
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
 * Makes the folder `path` and starts to record a run in it: manifest.json, model.onnx, batches/, scalars/, checkpoints/ and their
 * hashes.
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
  const folder = makeRunFolder(path, force);
  const writer = new DiskRunWriter(path, run, folder);
  try {
    writeFileAtomic(join(path, MODEL_FILE), run.modelBytes);
    await writer.flush();
  } catch (cause) {
    folder.undo();
    throw cause;
  }
  return writer;
}

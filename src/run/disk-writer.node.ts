// The writer of a run's folder: what goes to the device in which order, so that a process that is killed leaves what it had flushed.

import { createHash, type Hash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { bytesOf } from "../numeric/bytes.ts";
import { type NewContent, replaceFiles, syncFile, syncFolder, writeFileAtomic } from "../numeric/files.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { ARRAY_FILES, type ArrayHash, encodeColumn } from "./arrays-format.ts";
import { checkpointFile, encodeCheckpoint } from "./checkpoint-format.ts";
import { CHECKPOINT_HASHES_FILE, encodeCheckpointHashes } from "./checkpoint-hashes.ts";
import { type ColumnName, type ColumnOf, type Columns, columnsOfRun } from "./columns.ts";
import { type ArrayHashes, encodeManifest } from "./manifest-format.ts";
import type { NewFolder } from "./new-folder.node.ts";
import { MANIFEST_FILE } from "./read-record.node.ts";
import { extentOf, Recorder } from "./recorder.ts";
import { requireOwnLock, unlockRun } from "./run-lock.node.ts";
import type { NewRun, RunManifest, RunWriter } from "./types.ts";

/** The SHA-256 of a column that grows: what was hashed before is not hashed again. */
class GrowingHash {
  private readonly hash: Hash = createHash("sha256");
  private elements = 0;

  of(data: ColumnOf<ColumnName>): ArrayHash {
    this.hash.update(bytesOf(data.subarray(this.elements)));
    this.elements = data.length;
    return { elements: this.elements, sha256: this.hash.copy().digest("hex") };
  }
}

/** What a writer starts from. */
interface WriterStart {
  readonly path: string;
  readonly run: NewRun;
  /** Of a run that begins; absent where one is resumed. */
  readonly folder?: NewFolder;
  readonly before?: { readonly columns: Columns; readonly checkpoints: ReadonlyMap<number, string> };
}

export class DiskRunWriter implements RunWriter {
  readonly path: string;
  private readonly run: NewRun;
  private readonly recorder: Recorder;
  /** SHA-256 of each checkpoint that is stored. */
  private readonly checkpoints: Map<number, string>;
  private readonly hashes: ReadonlyMap<ColumnName, GrowingHash>;
  private flushed: RunManifest;
  /** Gone once the new run has a step: then it stays, and what it replaced does not. */
  private folder: NewFolder | undefined;

  constructor({ path, run, folder, before }: WriterStart) {
    this.path = path;
    this.run = run;
    this.folder = folder;
    this.recorder = new Recorder(run, before?.columns);
    this.checkpoints = new Map(before?.checkpoints);
    this.hashes = new Map(columnsOfRun(run.manifest.random !== undefined).map((name) => [name, new GrowingHash()]));
    this.flushed = this.recorder.manifest();
  }

  appendStep: RunWriter["appendStep"] = (batch, scalars) => this.recorder.appendStep(batch, scalars);

  writeCheckpoint: RunWriter["writeCheckpoint"] = async (checkpoint) => {
    this.recorder.addCheckpoint(checkpoint, (valid) => {
      const bytes = encodeCheckpoint(valid);
      writeFileAtomic(this.pathOf(checkpointFile(valid.step)), bytes, { sync: false });
      this.checkpoints.set(valid.step, sha256(bytes));
    });
    // From its first checkpoint on there is a run that can be read, and not before.
    if (checkpoint.step > 0) return;
    this.store(this.recorder.manifest());
    this.folder?.appear();
  };

  flush: RunWriter["flush"] = async () => {
    if (this.checkpoints.size > 0) this.store(this.recorder.manifest());
  };

  finish: RunWriter["finish"] = async (status) => {
    this.recorder.finish(status, (manifest) => this.store(manifest));
    unlockRun(this.path);
  };

  /** Makes the manifest say what the writer starts from, before any part is replaced by one that may be shorter. */
  begin(): void {
    this.writeManifest(this.recorder.manifest());
  }

  /** The text of a manifest that will be written, for what cannot be written to fail before anything is. */
  check(): void {
    this.textOf(this.recorder.manifest());
  }

  /**
   * Everything that a manifest relies on is on the device before it, and it says how far the other files are to be read: until it is
   * there, a reader passes over what is new in them. A checkpoint that is superseded goes after that, since the manifest before relied
   * on it.
   */
  private store(manifest: RunManifest): void {
    requireOwnLock(this.pathOf(""));
    const { columns } = this.recorder;
    const last = this.syncCheckpoints(manifest);
    const files: NewContent[] = [...this.hashes.keys()].map((name) => ({
      path: this.pathOf(ARRAY_FILES[name]),
      content: encodeColumn(name, columns[name] as ColumnOf<ColumnName>),
    }));
    replaceFiles([...files, this.checkpointHashes()]);
    this.writeManifest(manifest);
    this.dropSuperseded(last);
    // A training that diverges at once must not cost the run that it was to replace.
    const worthless = manifest.status === "running" || (manifest.status === "diverged" && this.folder?.replaced);
    if (worthless && extentOf(manifest, this.checkpoints.keys()).steps === 0) return;
    this.folder?.keep();
    this.folder = undefined;
  }

  private pathOf(part: string): string {
    return join(this.folder?.place ?? this.path, part);
  }

  private textOf(manifest: RunManifest): string {
    const { columns } = this.recorder;
    const arrays = Object.fromEntries(
      [...this.hashes].map(([name, hash]) => [name, hash.of(columns[name] as ColumnOf<ColumnName>)]),
    );
    return encodeManifest({ manifest, layout: this.run.layout, arrays: arrays as unknown as ArrayHashes });
  }

  private writeManifest(manifest: RunManifest): void {
    writeFileAtomic(this.pathOf(MANIFEST_FILE), this.textOf(manifest));
    this.flushed = manifest;
  }

  private checkpointHashes(): NewContent {
    return { path: this.pathOf(CHECKPOINT_HASHES_FILE), content: encodeCheckpointHashes(this.checkpoints) };
  }

  /**
   * The checkpoints that a reader of this manifest begins and ends at are waited for. Those between, of which a small model makes
   * hundreds a second, are not (1 ms each and more): should a power failure take one, what lies around it is replayed.
   */
  private syncCheckpoints({ steps }: RunManifest): number {
    const last = Math.max(...[...this.checkpoints.keys()].filter((step) => step <= steps));
    for (const step of steps === 0 ? [0] : [last]) syncFile(this.pathOf(checkpointFile(step)));
    syncFolder(this.pathOf("checkpoints"));
    return last;
  }

  /** Removes checkpoints before `last` that stand at no regular step: they only served to read the run that far. */
  private dropSuperseded(last: number): void {
    const { checkpointEvery } = this.run.manifest;
    const gone = [...this.checkpoints.keys()].filter((step) => step < last && step % checkpointEvery !== 0);
    for (const step of gone) this.checkpoints.delete(step);
    // Named until now, since the manifest before needs the name; at the end of the run nothing else would take it away.
    if (gone.length > 0 && this.flushed.status !== "running") replaceFiles([this.checkpointHashes()]);
    for (const step of gone) rmSync(this.pathOf(checkpointFile(step)), { force: true });
  }

  abort: RunWriter["abort"] = async () => {
    try {
      if (this.isWorthless()) this.folder?.undo();
      else unlockRun(this.path);
      this.folder = undefined;
    } catch {
      // What made the caller give up (a device that went away) may forbid this too; that error is the one to show.
    }
  };

  private isWorthless(): boolean {
    if (!this.folder || extentOf(this.flushed, this.checkpoints.keys()).steps > 0) return false;
    return this.flushed.status === "running" || this.folder.replaced;
  }
}

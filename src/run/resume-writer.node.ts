// Goes on with a run that was interrupted, or whose process was killed.

import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { InvalidRunError } from "../errors.ts";
import { stepOfCheckpointFile } from "./checkpoint-format.ts";
import { columnsAt } from "./columns.ts";
import { DiskRunWriter } from "./disk-writer.node.ts";
import { readColumns, readManifest } from "./read-record.node.ts";
import { openRunFolder } from "./run-folder.node.ts";
import { lockRun, requireNoWriter, unlockRun } from "./run-lock.node.ts";
import { openRun } from "./run-reader.node.ts";
import type { Run, RunWriter, Session } from "./types.ts";

/** A run to go on with. */
export interface ResumedRun {
  readonly writer: RunWriter;
  /** The run up to the state that is gone on from, which is its last checkpoint. */
  readonly run: Run;
}

/**
 * Opens the run at `path` to record it further, from its last checkpoint on; `session` says by what, and when. What was recorded after that
 * checkpoint, and temporary files of a process that was killed, are dropped.
 *
 * FileError where another process records it, with that one's number; InvalidRunError where it cannot be read, is complete or diverged, is
 * an archive, or was recorded before runs could be resumed.
 */
export async function resumeRunWriter(path: string, session: Omit<Session, "step">): Promise<ResumedRun> {
  if (!isFolder(path)) await openRun(path); // says that nothing is there, where that is so
  if (!isFolder(path))
    throw new InvalidRunError(`${path}: a run that goes on must be a folder, got an archive`, { hint: "unpack it" });
  requireNoWriter(path, "resume");
  const found = await openRun(path);
  const { status, plannedSteps } = found.manifest;
  const fail = (must: string, got: string) =>
    new InvalidRunError(`${path}: a run that goes on must ${must}, got ${got}`);
  if (status === "complete" || status === "diverged") throw fail(`have steps before it`, `a run that is ${status}`);
  if (found.checkpointHashes === undefined) throw fail("have hashes of its checkpoints", "a run of the first layout");
  lockRun(path, "resume");
  try {
    // Read again: until now another process could have gone on with it.
    const run = await openRun(path);
    const { steps } = run.manifest;
    if (run.manifest.status === "complete") throw fail(`have steps before it`, `a run that is complete`);
    if (steps > plannedSteps) throw fail(`have at most ${plannedSteps} steps`, `${steps}`);
    removeLeftovers(path, run);
    const { steps: _, status: __, ...manifest } = run.manifest;
    const resumed = [...(manifest.resumed ?? []), { step: steps, ...session }];
    const files = openRunFolder(path);
    const columns = columnsAt(readColumns(files, readManifest(files)), steps);
    const kept = [...(run.checkpointHashes as ReadonlyMap<number, string>)].filter(([step]) =>
      run.checkpoints.includes(step),
    );
    const { layout, modelBytes } = run;
    const before = { columns, checkpoints: new Map(kept) };
    const writer = new DiskRunWriter({
      path,
      run: { manifest: { ...manifest, resumed }, layout, modelBytes },
      before,
    });
    writer.begin();
    return { writer, run };
  } catch (error) {
    unlockRun(path);
    throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Removes temporary files, and checkpoints that the run does not count, as far as they are regular files of ours. */
function removeLeftovers(path: string, { checkpoints }: Run): void {
  const counted = new Set(checkpoints);
  for (const folder of ["", "batches", "scalars", "checkpoints"]) {
    for (const name of readdirSync(join(path, folder))) {
      const step = folder === "checkpoints" ? stepOfCheckpointFile(name) : undefined;
      if (!TEMPORARY.test(name) && (step === undefined || counted.has(step))) continue;
      rmSync(join(path, folder, name), { force: true });
    }
  }
}

/** As `replaceFiles` names them. */
const TEMPORARY = /^\..*\.\d+\.tmp$|^\.lock\./;

// What there is of a run, whole or broken: every part is tried by itself, and each fault says what it disables.

import { InvalidRunError, isPathkernelError } from "../errors.ts";
import { ARRAY_FILES } from "./arrays-format.ts";
import { checkpointFile } from "./checkpoint-format.ts";
import { CHECKPOINT_HASHES_FILE } from "./checkpoint-hashes.ts";
import { type MissingCheckpoints, missingCheckpoints } from "./checkpoint-plan.ts";
import { knownColumns, type ManifestFile } from "./manifest-format.ts";
import { OLD_BATCHES_FILE } from "./old-layout.ts";
import {
  type KnownCheckpoints,
  MANIFEST_FILE,
  MODEL_FILE,
  readCheckpoint,
  readColumn,
  readColumns,
  readKnownCheckpoints,
  readManifest,
  readModel,
} from "./read-record.node.ts";
import { extentOf } from "./recorder.ts";
import type { RunFiles } from "./run-files.ts";
import { runHash } from "./run-hash.node.ts";
import { ownerText, writerOf } from "./run-lock.node.ts";
import { openRun, openRunFiles } from "./run-reader.node.ts";
import type { Run, RunManifest } from "./types.ts";

/** What cannot be done with a run. */
export type Ability = "explain" | "verify" | "kernel" | "export" | "resume";
export const abilities: readonly Ability[] = ["explain", "verify", "kernel", "export", "resume"];

export interface RunFault {
  readonly part: string;
  /** What must hold and what was got. */
  readonly problem: string;
  /** What follows, where that is not told by `disables`. */
  readonly effect: string | undefined;
  readonly disables: readonly Ability[];
}

export interface PartSize {
  readonly part: string;
  readonly files: number;
  readonly bytes: number;
}

export interface RunInspection {
  readonly path: string;
  /** As it is recorded; undefined where it cannot be read. */
  readonly manifest: RunManifest | undefined;
  /** The run, where nothing keeps it from being opened. */
  readonly run: Run | undefined;
  /** `runHash`, where the run can be opened. */
  readonly hash: string | undefined;
  readonly faults: readonly RunFault[];
  /** Of each entry of the run's folder. */
  readonly sizes: readonly PartSize[];
}

class Faults {
  readonly found: RunFault[] = [];

  add(part: string, problem: string, { effect, disables = abilities }: Partial<RunFault> = {}): void {
    this.found.push({ part, problem, effect, disables });
  }

  /** The value, or undefined and a fault that disables everything. */
  try<T>(part: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!isPathkernelError(error)) throw error;
      this.add(part, error.message);
      return undefined;
    }
  }
}

function sizesOf(files: RunFiles): PartSize[] {
  const bytesOf = (part: string): number => {
    try {
      return files.size(part) ?? 0;
    } catch (error) {
      if (error instanceof InvalidRunError) return 0; // a link that leads outside is told where it matters
      throw error;
    }
  };
  const below = (folder: string): string[] => {
    try {
      return files.list(folder);
    } catch (error) {
      if (error instanceof InvalidRunError) return [];
      throw error;
    }
  };
  const sizes = below("").map((part): PartSize => {
    const names = below(part);
    if (names.length === 0) return { part, files: 1, bytes: bytesOf(part) };
    return { part, files: names.length, bytes: names.reduce((sum, name) => sum + bytesOf(`${part}/${name}`), 0) };
  });
  return sizes.sort((a, b) => b.bytes - a.bytes || (a.part < b.part ? -1 : 1));
}

function inspectColumns(files: RunFiles, file: ManifestFile, faults: Faults): void {
  const { arrays } = file;
  const before = faults.found.length;
  if (arrays)
    for (const name of knownColumns(arrays)) faults.try(ARRAY_FILES[name], () => readColumn(files, name, arrays));
  // Together they are looked at only where each is what it should be by itself.
  if (faults.found.length === before) faults.try(arrays ? "batches" : OLD_BATCHES_FILE, () => readColumns(files, file));
}

/** "4", "4 and 8", "4, 8 and 12" or "4, 8, ... 96". */
function listed({ count, first, last }: MissingCheckpoints): string {
  if (count > 3) return `${first.slice(0, 2).join(", ")}, ... ${last}`;
  return first.length < 2 ? first.join() : `${first.slice(0, -1).join(", ")} and ${first.at(-1)}`;
}

function inspectCheckpoints(known: KnownCheckpoints, { manifest }: ManifestFile, faults: Faults): void {
  const { hashes, stored } = known;
  const { steps, checkpoints } = extentOf(manifest, stored);
  const needed = [...new Set([0, steps])].filter((step) => !stored.includes(step));
  for (const step of needed) {
    const isUnnamed = hashes !== undefined && !hashes.has(step);
    const problem = isUnnamed
      ? `${CHECKPOINT_HASHES_FILE} does not name it`
      : "there is no such file, or it is cut off";
    faults.add(checkpointFile(step), problem);
  }
  const between = missingCheckpoints(checkpoints, steps, manifest.checkpointEvery);
  if (between.count === 0) return;
  const effect = `the steps around ${listed(between)} are replayed from the checkpoint before`;
  const part = between.count === 1 ? checkpointFile(between.first[0]) : `${between.count} checkpoints`;
  faults.add(part, "there is no such file, or it is cut off", { effect, disables: [] });
}

function inspectState(path: string, { manifest }: ManifestFile, steps: number, faults: Faults): void {
  const { plannedSteps, status, sampling } = manifest;
  if (steps >= plannedSteps || status === "complete") return;
  const part = `steps ${steps} to ${plannedSteps - 1}`;
  if (status === "diverged") {
    faults.add(part, "training diverged", { effect: "the steps before are there", disables: ["resume"] });
    return;
  }
  const writer = writerOf(path);
  if (writer !== undefined) {
    faults.add(part, `${ownerText(writer)} is training`, { effect: "they are to come", disables: ["resume"] });
    return;
  }
  const problem = status === "running" ? "the process that trained was killed" : "training was interrupted";
  if (sampling === undefined) {
    const effect = "where their batches would come from is not recorded";
    faults.add(part, problem, { effect, disables: ["resume"] });
    return;
  }
  faults.add(part, problem, { effect: "train --resume goes on", disables: [] });
}

/**
 * What there is of the run at `path`, part by part. `deep` also reads and verifies every checkpoint. Throws RunNotFoundError where nothing
 * is, InvalidRunError where it is neither a folder nor an archive; every other fault is in the result.
 */
export async function inspectRun(path: string, { deep = false } = {}): Promise<RunInspection> {
  const files = openRunFiles(path);
  const faults = new Faults();
  const file = faults.try(MANIFEST_FILE, () => readManifest(files));
  let run: Run | undefined;
  let hash: string | undefined;
  if (file !== undefined) {
    faults.try(MODEL_FILE, () => readModel(files, file.manifest));
    inspectColumns(files, file, faults);
    const part = file.arrays === undefined ? "checkpoints" : CHECKPOINT_HASHES_FILE;
    const known = faults.try(part, () => readKnownCheckpoints(files, file));
    if (known !== undefined) inspectCheckpoints(known, file, faults);
    if (faults.found.every(({ disables }) => disables.length === 0)) {
      run = await openRun(path);
      const { checkpoints } = run;
      const last = checkpoints[checkpoints.length - 1];
      const { manifest, layout } = file;
      for (const step of deep ? checkpoints : [last]) {
        const place = { files, layout, manifest, hashes: known?.hashes };
        faults.try(checkpointFile(step), () => readCheckpoint(place, step));
      }
      if (faults.found.every(({ part: at }) => at !== checkpointFile(last))) hash = await runHash(run);
      inspectState(path, file, run.manifest.steps, faults);
    }
  }
  return { path, manifest: file?.manifest, run, hash, faults: faults.found, sizes: sizesOf(files) };
}

// Opens a recorded run, a folder or a zip archive, and names the part that is missing or broken where it cannot be read.

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InvalidRunError, RunNotFoundError } from "../errors.ts";
import { pathExists } from "../numeric/files.node.ts";
import { nearestNames } from "../numeric/nearest-name.ts";
import { checkpointFile } from "./checkpoint-format.ts";
import { CHECKPOINT_HASHES_FILE } from "./checkpoint-hashes.ts";
import { requireStored } from "./checkpoint-plan.ts";
import { batchesOf, scalarsOf } from "./columns.ts";
import { readCheckpoint, readColumns, readKnownCheckpoints, readManifest, readModel } from "./read-record.node.ts";
import { extentOf } from "./recorder.ts";
import { openRunArchive } from "./run-archive.node.ts";
import { INCOMPLETE, nameOfPart, type RunFiles } from "./run-files.ts";
import { openRunFolder } from "./run-folder.node.ts";
import type { Run } from "./types.ts";

const RUN_NAME = /^[^.].*\.pkrun(\.zip)?$/;

/** The error for a path where nothing is, with the runs of that folder that may have been meant. */
function notFound(path: string): RunNotFoundError {
  const folder = dirname(path);
  let runs: string[] = [];
  try {
    runs = readdirSync(folder).filter((name) => RUN_NAME.test(name));
  } catch {
    return new RunNotFoundError(`no run at ${path}: the folder ${folder} does not exist`);
  }
  const stem = (name: string) => name.replace(/\.pkrun(\.zip)?$/, "");
  const near = nearestNames(stem(basename(path)), [...new Set(runs.map(stem))]);
  const nearest = near.flatMap((name) => runs.filter((run) => stem(run) === name));
  const likely = nearest.length > 0 ? nearest : runs.sort().slice(0, 3);
  const listed = likely.map((name) => join(folder, name)).join(", ");
  const runsHere = near.length > 0 ? `did you mean ${listed}?` : `runs in that folder: ${listed}`;
  const hint = likely.length > 0 ? runsHere : "make one with pathkernel train ... -o NAME.pkrun";
  return new RunNotFoundError(`no run at ${path}`, { hint });
}

/** The parts of the run at `path`. */
export function openRunFiles(path: string): RunFiles {
  if (!pathExists(path)) throw notFound(path);
  const stat = statSync(path);
  if (stat.isDirectory()) return openRunFolder(path);
  if (stat.isFile()) return openRunArchive(path);
  throw new InvalidRunError(`${path}: a run must be a folder or a zip archive, got another thing`);
}

/**
 * Opens the run at `path`; checkpoints are read when they are asked for, everything else now. Every part is verified by its hash when it
 * is read.
 *
 * A run that is still being written, or whose writer was killed, opens with the steps up to its last checkpoint; its status
 * is "running". Checkpoints between the first and the last may be missing. Throws RunNotFoundError (with the nearest names in that
 * folder) where nothing is, InvalidRunError where a part is missing or broken.
 */
export async function openRun(path: string): Promise<Run> {
  const files = openRunFiles(path);
  const file = readManifest(files);
  const { manifest, layout } = file;
  const modelBytes = readModel(files, manifest);
  const columns = readColumns(files, file);
  const { hashes, stored } = readKnownCheckpoints(files, file);
  const { steps, checkpoints } = extentOf(manifest, stored);
  for (const step of [0, steps]) {
    if (checkpoints.includes(step)) continue;
    const isUnnamed = hashes !== undefined && !hashes.has(step);
    const message = isUnnamed
      ? `${nameOfPart(files, CHECKPOINT_HASHES_FILE)}: must name ${checkpointFile(step)}, got no such line`
      : `${path}: a run must hold ${checkpointFile(step)}, got no such file`;
    throw new InvalidRunError(message, { hint: INCOMPLETE });
  }
  return {
    path,
    manifest: { ...manifest, steps },
    modelBytes,
    layout,
    batches: batchesOf(columns, steps),
    scalars: scalarsOf(columns, steps),
    checkpoints,
    ...(hashes && { checkpointHashes: hashes }),
    checkpoint: async (step) => {
      requireStored(checkpoints, step);
      return readCheckpoint({ files, layout, manifest, hashes }, step);
    },
  };
}

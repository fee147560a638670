// Opens a recorded run, a folder or a zip archive, and names the part that is missing or broken where it cannot be read.

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InvalidRunError, isPathkernelError, RunNotFoundError } from "../errors.ts";
import { pathExists } from "../numeric/files.node.ts";
import { nearestNames } from "../numeric/nearest-name.ts";
import { checkpointFile, copyOf } from "./checkpoint-format.ts";
import { CHECKPOINT_HASHES_FILE } from "./checkpoint-hashes.ts";
import { requireStored } from "./checkpoint-plan.ts";
import { batchesOf, scalarsOf } from "./columns.ts";
import {
  MANIFEST_FILE,
  readCheckpoint,
  readColumns,
  readKnownCheckpoints,
  readLoss,
  readManifest,
  readModel,
} from "./read-record.node.ts";
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

/** Times that a run is read again when its writer has replaced parts meanwhile; it does so every few seconds at most. */
const ATTEMPTS = 5;

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
  for (let attempt = 1; ; attempt++) {
    const manifest = files.read(MANIFEST_FILE);
    try {
      return openParts(files);
    } catch (error) {
      const now = files.read(MANIFEST_FILE);
      const isChanged = now !== undefined && (manifest === undefined || Buffer.compare(now, manifest) !== 0);
      if (!isPathkernelError(error, "InvalidRun") || !isChanged || attempt === ATTEMPTS) throw error;
    }
  }
}

function openParts(files: RunFiles): Run {
  const { path } = files;
  const file = readManifest(files);
  const { manifest, layout } = file;
  const modelBytes = readModel(files, manifest);
  const lossBytes = readLoss(files, manifest);
  const columns = readColumns(files, file);
  const { hashes, stored } = readKnownCheckpoints(files, file);
  const { steps, checkpoints } = extentOf(manifest, stored);
  for (const step of [0, steps]) requireListed(files, { step, checkpoints, hashes });
  const read = (step: number) => readCheckpoint({ files, layout, manifest, hashes }, step);
  // The writer replaces this one by the next.
  const isPassing = manifest.status === "running" && steps % manifest.checkpointEvery !== 0;
  const last = isPassing ? read(steps) : undefined;
  return {
    path,
    manifest: { ...manifest, steps },
    modelBytes,
    ...(lossBytes && { lossBytes }),
    layout,
    batches: batchesOf(columns, steps),
    scalars: scalarsOf(columns, steps),
    checkpoints,
    ...(hashes && { checkpointHashes: hashes }),
    checkpoint: async (step) => {
      requireStored(checkpoints, step);
      return last !== undefined && step === steps ? copyOf(last) : read(step);
    },
  };
}

interface Listed {
  readonly step: number;
  readonly checkpoints: readonly number[];
  readonly hashes: ReadonlyMap<number, string> | undefined;
}

/** Throws InvalidRunError where a checkpoint that is needed is not there: it is not named, missing, or cut off. */
function requireListed(files: RunFiles, { step, checkpoints, hashes }: Listed): void {
  if (checkpoints.includes(step)) return;
  const file = checkpointFile(step);
  if (hashes !== undefined && !hashes.has(step)) {
    const message = `${nameOfPart(files, CHECKPOINT_HASHES_FILE)}: must name ${file}, got no such line`;
    throw new InvalidRunError(message, { hint: INCOMPLETE });
  }
  const size = files.size(file);
  const message =
    size === undefined
      ? `${files.path}: a run must hold ${file}, got no such file`
      : `${nameOfPart(files, file)}: must hold all parameters, got ${size} bytes; it may be truncated`;
  throw new InvalidRunError(message, { hint: INCOMPLETE });
}

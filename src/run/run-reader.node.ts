// Opens a recorded run, a folder NAME.pkrun, and names the part that is missing or broken where it cannot be read.

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError, InvalidRunError, RunNotFoundError } from "../errors.ts";
import { fileErrorFrom, pathExists, readFileBytes } from "../numeric/files.node.ts";
import { nearestNames } from "../numeric/nearest-name.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { decodeBatches } from "./batches-format.ts";
import { checkpointFile, decodeCheckpoint, stepOfCheckpointFile } from "./checkpoint-format.ts";
import { requireStored } from "./checkpoint-plan.ts";
import { decodeManifest } from "./manifest-format.ts";
import { extentOf } from "./recorder.ts";
import { decodeSteps } from "./steps-format.ts";
import type { Run } from "./types.ts";

const INCOMPLETE = "the folder must be copied whole, or the run trained again";

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (cause) {
    throw fileErrorFrom("list", path, cause);
  }
}

/** The error for a path where nothing is, with the runs of that folder that may have been meant. */
function notFound(path: string): RunNotFoundError {
  const folder = dirname(path);
  let runs: string[] = [];
  try {
    runs = readdirSync(folder).filter((name) => name.endsWith(".pkrun") && !name.startsWith("."));
  } catch {
    return new RunNotFoundError(`no run at ${path}: the folder ${folder} does not exist`);
  }
  const stem = (name: string) => name.replace(/\.pkrun$/, "");
  const near = nearestNames(stem(basename(path)), runs.map(stem));
  const likely = near.length > 0 ? near.map((name) => `${name}.pkrun`) : runs.sort().slice(0, 3);
  const listed = likely.map((name) => join(folder, name)).join(", ");
  const runsHere = near.length > 0 ? `did you mean ${listed}?` : `runs in that folder: ${listed}`;
  const hint = likely.length > 0 ? runsHere : "make one with pathkernel train ... -o NAME.pkrun";
  return new RunNotFoundError(`no run at ${path}`, { hint });
}

function requireFolder(path: string): void {
  if (!pathExists(path)) throw notFound(path);
  if (!statSync(path).isDirectory()) throw new InvalidRunError(`${path}: a run must be a folder, got a file`);
}

/** The bytes of one part; InvalidRunError where it is not there or cannot be read. */
function readPart(path: string, part: string): Uint8Array {
  try {
    return readFileBytes(join(path, part));
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    const missing = !pathExists(join(path, part));
    const message = missing ? `${path}: a run must hold ${part}, got no such file` : `${path}: ${cause.message}`;
    throw new InvalidRunError(message, { cause, hint: missing ? INCOMPLETE : undefined });
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function readModel(path: string, expected: string): Uint8Array {
  const bytes = readPart(path, "model.onnx");
  const actual = sha256(bytes);
  if (actual !== expected) {
    const [must, got] = [expected, actual].map((hash) => `${hash.slice(0, 12)}...`);
    const message = `${join(path, "model.onnx")}: must have the SHA-256 ${must} of the manifest, got ${got}`;
    throw new InvalidRunError(message, {
      hint: "the file was changed after training: put back the one that was trained",
    });
  }
  return bytes;
}

function requireRows(rows: readonly unknown[], steps: number, file: string): void {
  if (rows.length >= steps) return;
  throw new InvalidRunError(`${file}: must hold the ${steps} steps of the manifest, got ${rows.length}`, {
    hint: INCOMPLETE,
  });
}

/**
 * Opens the run at `path`; checkpoints are read when they are asked for, everything else now.
 *
 * A run that is still being written, or whose writer was killed, opens with the steps up to its last checkpoint; its status
 * is "running". Throws RunNotFoundError (with the nearest names in that folder) where nothing is, InvalidRunError where a part
 * is missing or broken.
 */
export async function openRun(path: string): Promise<Run> {
  requireFolder(path);
  const { manifest, layout } = decodeManifest(textOf(readPart(path, "manifest.json")), join(path, "manifest.json"));
  const modelBytes = readModel(path, manifest.model.sha256);
  const [batchesFile, stepsFile] = [join(path, "batches.npz"), join(path, "steps.csv")];
  const batches = decodeBatches(readPart(path, "batches.npz"), batchesFile, manifest.data.trainExamples);
  const scalars = decodeSteps(textOf(readPart(path, "steps.csv")), stepsFile);
  requireRows(batches, manifest.steps, batchesFile);
  requireRows(scalars, manifest.steps, stepsFile);
  const stored = pathExists(join(path, "checkpoints")) ? listFolder(join(path, "checkpoints")) : [];
  const found = stored.map(stepOfCheckpointFile).filter((step) => step !== undefined);
  const { steps, checkpoints, missing } = extentOf(manifest, found);
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
    const message = `${path}: a run must hold ${checkpointFile(missing[0])}${more}, got no such file`;
    throw new InvalidRunError(message, { hint: INCOMPLETE });
  }
  return {
    path,
    manifest: { ...manifest, steps },
    modelBytes,
    layout,
    batches: batches.slice(0, steps),
    scalars: scalars.slice(0, steps),
    checkpoints,
    checkpoint: async (step) => {
      requireStored(checkpoints, step);
      const file = checkpointFile(step);
      return decodeCheckpoint(readPart(path, file), join(path, file), { step, layout, dtype: manifest.dtype });
    },
  };
}

// The parts of a run, each read and verified by its hash: manifest, model, columns, checkpoints.

import { InvalidRunError } from "../errors.ts";
import type { Layout } from "../numeric/layout.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import {
  ARRAY_FILES,
  type ArrayHash,
  checkColumns,
  DAMAGED,
  decodeColumn,
  hashFault,
  verifiedColumn,
} from "./arrays-format.ts";
import { checkpointFile, decodeCheckpoint, stepOfCheckpointFile } from "./checkpoint-format.ts";
import { CHECKPOINT_HASHES_FILE, decodeCheckpointHashes } from "./checkpoint-hashes.ts";
import type { ColumnName, ColumnOf, Columns } from "./columns.ts";
import { type ArrayHashes, decodeManifest, knownColumns, type ManifestFile } from "./manifest-format.ts";
import { decodeOldBatches, decodeOldSteps, OLD_BATCHES_FILE, OLD_STEPS_FILE, oldFileOf } from "./old-layout.ts";
import { nameOfPart, type RunFiles, requirePart, textOf } from "./run-files.ts";
import type { Checkpoint, RunManifest } from "./types.ts";

export const MANIFEST_FILE = "manifest.json";
export const MODEL_FILE = "model.onnx";

/** A manifest holds names and numbers: one larger than this is none. */
const MAX_MANIFEST_BYTES = 2 ** 23;

export function readManifest(files: RunFiles): ManifestFile {
  const size = files.size(MANIFEST_FILE) ?? 0;
  const name = nameOfPart(files, MANIFEST_FILE);
  if (size > MAX_MANIFEST_BYTES) {
    throw new InvalidRunError(`${name}: must be at most ${MAX_MANIFEST_BYTES} bytes, got ${size}`);
  }
  return decodeManifest(textOf(requirePart(files, MANIFEST_FILE)), name);
}

export function readModel(files: RunFiles, { model }: RunManifest): Uint8Array {
  const bytes = requirePart(files, MODEL_FILE);
  const actual = sha256(bytes);
  if (actual === model.sha256) return bytes;
  const message = `${nameOfPart(files, MODEL_FILE)}: ${hashFault(model.sha256, actual)}`;
  throw new InvalidRunError(message, {
    hint: "the file was changed after training: put back the one that was trained",
  });
}

/** One column as far as the manifest knows it. */
export function readColumn<N extends ColumnName>(files: RunFiles, name: N, hashes: ArrayHashes): ColumnOf<N> {
  const file = nameOfPart(files, ARRAY_FILES[name]);
  const data = decodeColumn(name, requirePart(files, ARRAY_FILES[name]), file);
  return verifiedColumn(data, hashes[name] as ArrayHash, { file, hash: sha256 }) as ColumnOf<N>;
}

/** All columns, checked to be the batches and numbers of the manifest's steps. */
export function readColumns(files: RunFiles, { manifest, arrays }: ManifestFile): Columns {
  const columns =
    arrays === undefined
      ? readOldColumns(files)
      : (Object.fromEntries(
          knownColumns(arrays).map((name) => [name, readColumn(files, name, arrays)]),
        ) as unknown as Columns);
  const fileOf = (name: ColumnName) => (arrays === undefined ? oldFileOf(name) : ARRAY_FILES[name]);
  const nameOf = (name: ColumnName) => nameOfPart(files, fileOf(name));
  checkColumns(columns, { steps: manifest.steps, trainExamples: manifest.data.trainExamples, nameOf });
  return columns;
}

function readOldColumns(files: RunFiles): Columns {
  const batches = decodeOldBatches(requirePart(files, OLD_BATCHES_FILE), nameOfPart(files, OLD_BATCHES_FILE));
  const steps = decodeOldSteps(textOf(requirePart(files, OLD_STEPS_FILE)), nameOfPart(files, OLD_STEPS_FILE));
  return { ...batches, ...steps };
}

/** Checkpoints that the record knows, by step; of the first layout, without hashes, those that lie there. */
export interface KnownCheckpoints {
  readonly hashes: ReadonlyMap<number, string> | undefined;
  /** Those that are stored. */
  readonly stored: readonly number[];
}

/**
 * Which checkpoints there are. One that is shorter than its parameters is passed over as if it were not there: a power failure leaves
 * files so that nobody had waited for, and what lies between those that were waited for can be replayed.
 */
export function readKnownCheckpoints(
  files: RunFiles,
  { arrays, layout, manifest }: Pick<ManifestFile, "arrays" | "layout" | "manifest">,
): KnownCheckpoints {
  const least = layout.size * (manifest.dtype === "float32" ? 4 : 8);
  const isWhole = (step: number) => (files.size(checkpointFile(step)) ?? 0) >= least;
  const lying = files.list("checkpoints").flatMap((name) => stepOfCheckpointFile(name) ?? []);
  if (arrays === undefined) return { hashes: undefined, stored: lying.filter(isWhole) };
  const bytes = requirePart(files, CHECKPOINT_HASHES_FILE);
  const hashes = decodeCheckpointHashes(textOf(bytes), nameOfPart(files, CHECKPOINT_HASHES_FILE));
  return { hashes, stored: lying.filter((step) => hashes.has(step) && isWhole(step)) };
}

export interface CheckpointPlace {
  readonly files: RunFiles;
  readonly layout: Layout;
  readonly manifest: Pick<RunManifest, "dtype">;
  readonly hashes: ReadonlyMap<number, string> | undefined;
}

/** The checkpoint before a step, verified where its hash is known. */
export function readCheckpoint({ files, layout, manifest, hashes }: CheckpointPlace, step: number): Checkpoint {
  const part = checkpointFile(step);
  const file = nameOfPart(files, part);
  const bytes = requirePart(files, part);
  const checkpoint = () => decodeCheckpoint(bytes, file, { step, layout, dtype: manifest.dtype });
  const expected = hashes?.get(step);
  const actual = expected && sha256(bytes);
  if (expected === actual) return checkpoint();
  checkpoint(); // what is wrong in itself is said more clearly so
  throw new InvalidRunError(`${file}: ${hashFault(expected as string, actual as string, CHECKPOINT_HASHES_FILE)}`, {
    hint: DAMAGED,
  });
}

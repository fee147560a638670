// Opens the folder of a recorded loop (docs/import.md): everything small is read at once, checkpoints when they are asked for.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { InvalidDataError } from "../errors.ts";
import { fileErrorFrom, pathExists, readFileBytes } from "../numeric/files.node.ts";
import { decodeNpy } from "../numeric/npy.ts";
import { decodeNpz } from "../numeric/npz.ts";
import { decodeSafetensors } from "../numeric/safetensors.ts";
import { findNonFinite, type Tensor } from "../numeric/tensor.ts";
import {
  batchesFrom,
  batchesFromTable,
  type ImportAbout,
  type ImportBatches,
  type ImportOptimizer,
  parseAbout,
  parseOptimizer,
} from "./import-format.ts";
import { stateColumnFrom } from "./torch-names.ts";

/** A recorded state: parameters by name, and the optimizer's columns, by our names of them, of each parameter that has some. */
export interface ImportedState {
  readonly params: ReadonlyMap<string, Tensor>;
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, Tensor>>;
}

export interface ImportFolder {
  readonly path: string;
  readonly modelBytes: Uint8Array;
  readonly about: ImportAbout;
  readonly optimizer: ImportOptimizer | undefined;
  readonly batches: ImportBatches | undefined;
  /** What is not trained, by name. */
  readonly buffers: ReadonlyMap<string, Tensor>;
  /** Inputs x and the outputs y that the loop's own program gave for them at the first state. */
  readonly probe: { readonly x: Tensor; readonly y: Tensor } | undefined;
  /** Steps before which a state is recorded, ascending, from 0 on. */
  readonly states: readonly number[];
  /** Where the data are: data.npz, or the folder itself with x.npy and y.npy; undefined where they are in neither. */
  readonly data: string | undefined;
  /** Reads one recorded state; InvalidDataError where it is damaged or not finite. */
  state(step: number): ImportedState;
}

const textOf = (path: string): string => new TextDecoder().decode(readFileBytes(path));

/** The files in checkpoints/ by their step, ascending. */
function statesIn(path: string): Map<number, string> {
  const folder = join(path, "checkpoints");
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    if (pathExists(folder)) throw fileErrorFrom("list", folder, cause);
  }
  const found = names
    .filter((name) => /^\d+\.safetensors$/.test(name))
    .map((name) => [parseInt(name, 10), name] as const);
  const files = new Map(found.sort(([a], [b]) => a - b));
  if (files.has(0) && files.size > 1) return files;
  const got = files.size === 0 ? "none" : `${files.size} from step ${[...files.keys()][0]} on`;
  throw new InvalidDataError(
    `${folder} must hold the parameters before step 0 and at least one later state as STEP.safetensors, got ${got}`,
  );
}

function batchesIn(path: string): ImportBatches | undefined {
  const at = (name: string): string => join(path, name);
  if (pathExists(at("batches.npz"))) {
    const file = at("batches.npz");
    return batchesFrom(decodeNpz(readFileBytes(file), file, ["indices", "offsets", "weights"]), file);
  }
  const array = (name: string): Tensor => decodeNpy(readFileBytes(at(name)), at(name));
  if (pathExists(at("batches.npy"))) return batchesFromTable(array("batches.npy"), at("batches.npy"));
  if (!pathExists(at("indices.npy"))) return undefined;
  const present = ["indices", "offsets", "weights"].filter((name) => pathExists(at(`${name}.npy`)));
  return batchesFrom(Object.fromEntries(present.map((name) => [name, array(`${name}.npy`)])), path);
}

function dataIn(path: string): string | undefined {
  const file = join(path, "data.npz");
  if (pathExists(file)) return file;
  return ["x.npy", "x_train.npy"].some((name) => pathExists(join(path, name))) ? path : undefined;
}

function probeIn(path: string): ImportFolder["probe"] {
  const file = join(path, "probe.npz");
  if (!pathExists(file)) return undefined;
  const { x, y } = decodeNpz(readFileBytes(file), file, ["x", "y"]);
  if (x && y) return { x, y };
  throw new InvalidDataError(`${file} must hold x and y, got ${x ? "x" : ""}${y ? "y" : ""}`);
}

/** NAME is a parameter, NAME@COLUMN a state column of it. */
function readState(file: string): ImportedState {
  const params = new Map<string, Tensor>();
  const columns = new Map<string, Map<string, Tensor>>();
  for (const [key, tensor] of Object.entries(decodeSafetensors(readFileBytes(file), file).tensors)) {
    const [, name, column] = /^(.*)@([^@]*)$/.exec(key) ?? [];
    // PyTorch's own count of steps, which is the file's name.
    if (column === "step") continue;
    const bad = findNonFinite(tensor);
    if (bad >= 0) throw new InvalidDataError(`${file}: ${key} must be finite, got ${tensor.data[bad]} at ${bad}`);
    if (column === undefined) params.set(key, tensor);
    else columns.set(stateColumnFrom(column), (columns.get(stateColumnFrom(column)) ?? new Map()).set(name, tensor));
  }
  return { params, columns };
}

/**
 * Opens the folder of a recorded loop. FileError where it or a file that must be there is missing, InvalidDataError naming the file, what
 * it must hold and what was got.
 */
export function openImportFolder(path: string): ImportFolder {
  if (!pathExists(path) || !statSync(path).isDirectory()) {
    const missing = Object.assign(new Error(path), { code: pathExists(path) ? "ENOTDIR" : "ENOENT" });
    throw fileErrorFrom("read", path, missing);
  }
  const at = (name: string): string => join(path, name);
  const about = parseAbout(textOf(at("run.json")), at("run.json"));
  const optimizer = pathExists(at("optimizer.json"))
    ? parseOptimizer(textOf(at("optimizer.json")), at("optimizer.json"))
    : undefined;
  const files = statesIn(path);
  const buffers = pathExists(at("buffers.safetensors"))
    ? decodeSafetensors(readFileBytes(at("buffers.safetensors")), at("buffers.safetensors")).tensors
    : {};
  return {
    path,
    modelBytes: readFileBytes(at("model.onnx")),
    about,
    optimizer,
    batches: batchesIn(path),
    buffers: new Map(Object.entries(buffers)),
    probe: probeIn(path),
    states: [...files.keys()],
    data: dataIn(path),
    state: (step) => readState(join(path, "checkpoints", files.get(step) as string)),
  };
}

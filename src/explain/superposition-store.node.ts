// A superposition on disk, beside the run that it belongs to: manifest.json, displacements.npy (N, p), terms.npy.

import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError, InvalidDataError } from "../errors.ts";
import { bytesOf } from "../numeric/bytes.ts";
import { fileErrorFrom, pathExists, readFileBytes, writeFileAtomic } from "../numeric/files.node.ts";
import { decodeNpy, encodeNpy, npyHeader } from "../numeric/npy.ts";
import { createNpyFile } from "../numeric/npy-file.node.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import { allocate, type RealArray, reals } from "../numeric/tensor.ts";
import { fileOfPart } from "../run/run-folder.node.ts";
import { runHash } from "../run/run-hash.node.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { SOFTWARE } from "../version.ts";
import { superpositionShift } from "./explain-superposition.ts";
import { type SuperposeOptions, superposeInto } from "./superpose.ts";
import type { DisplacementRest, DisplacementSink, Superposition } from "./superposition.ts";
import {
  decodeSuperpositionManifest,
  encodeSuperpositionManifest,
  type SuperpositionManifest,
} from "./superposition-manifest.ts";
import type { Query, Shift } from "./types.ts";

export interface StoredSuperposition extends Superposition {
  readonly path: string;
  /** Bytes on disk. */
  readonly bytes: number;
  /** Closes its file; `rows` must not be called any more. */
  close(): void;
}

/** Where the superposition of a run is kept: in its folder, or beside it where the run is a file. */
export function superpositionPath({ path }: Pick<Run, "path">): string {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return folder ? join(path, "superposition") : `${path}.superposition`;
}

/** SHA-256 over what a superposition depends on: model, data, first parameters, and what training did (`runHash`). */
export async function fingerprintOf(run: Run): Promise<string> {
  const { model, data } = run.manifest;
  return sha256(model.sha256, data.sha256, (await run.checkpoint(0)).params, await runHash(run));
}

export interface StoreOptions extends SuperposeOptions {
  /** Default: `superpositionPath`. */
  readonly path?: string | undefined;
  /** Replaces one that is there. */
  readonly force?: boolean | undefined;
  /** One that was booked while training; else it is built by replay. */
  readonly superposition?: Superposition | undefined;
  /** Queries, with a readout, on which the shift against the steps' own lines is measured and kept; none: not measured. */
  readonly measure?: { readonly queries: readonly Query[]; readonly readout?: string | undefined } | undefined;
}

/** FileError where something stands at the path that must not be replaced. */
function requireFree(path: string, force: boolean): void {
  if (!pathExists(path)) return;
  if (!pathExists(join(path, "displacements.npy")))
    throw new FileError(`cannot make ${path}: something else has that name`, path);
  if (force) return;
  const hint = "replace it with --force";
  throw new FileError(`cannot make ${path}: a superposition is there`, path, { hint });
}

/** Hands every displacement of a superposition to a sink, a few at a time. */
function copyInto({ examples, parameters, rows, ...rest }: Superposition, sink: DisplacementSink): DisplacementRest {
  const tile = Math.max(1, Math.floor(2 ** 24 / Math.max(1, parameters)));
  for (let start = 0; start < examples; start += tile) sink(start, rows(start, Math.min(examples, start + tile)));
  return { examples, parameters, ...rest };
}

/**
 * Writes the superposition of a run to a folder, whole or not at all: it is written beside and then takes the name. FileError where it
 * cannot be written or one is there; rejects with the signal's reason when aborted.
 */
export async function storeSuperposition(
  task: Task,
  run: Run,
  { path = superpositionPath(run), force = false, superposition, measure, ...options }: StoreOptions = {},
): Promise<StoredSuperposition> {
  requireFree(path, force);
  const made = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  try {
    rmSync(made, { recursive: true, force: true });
    mkdirSync(made, { recursive: true });
    const rest = await writeDisplacements(join(made, "displacements.npy"), task, (sink) =>
      superposition ? copyInto(superposition, sink) : superposeInto(task, run, sink, options),
    );
    await writeRest(made, run, rest);
    if (measure) {
      const { signal, onProgress } = options;
      const stored = await openSuperposition(run, made);
      const shift = await superpositionShift(task, run, stored, { ...measure, signal, onProgress }).finally(
        stored.close,
      );
      await writeRest(made, run, { ...rest, shift });
    }
    if (force) rmSync(path, { recursive: true, force: true });
    renameSync(made, path);
  } catch (cause) {
    rmSync(made, { recursive: true, force: true });
    throw fileErrorFrom("make", path, cause);
  }
  return openSuperposition(run, path);
}

async function writeDisplacements<T>(
  path: string,
  task: Task,
  fill: (sink: DisplacementSink) => T,
): Promise<Awaited<T>> {
  const { layout, dataset, engine } = task;
  const shape = [dataset.train.x.shape[0], layout.size];
  const file = createNpyFile(path, { dtype: engine.dtype, shape });
  try {
    const result = await fill((first, rows) => file.write(first * layout.size, rows));
    file.flush();
    return result;
  } finally {
    file.close();
  }
}

async function writeRest(
  folder: string,
  run: Run,
  { terms, ...rest }: DisplacementRest & { readonly shift?: Shift | undefined },
): Promise<void> {
  const data = new Float64Array(terms.length * rest.parameters);
  terms.forEach(({ values }, k) => {
    data.set(values, k * rest.parameters);
  });
  writeFileAtomic(join(folder, "terms.npy"), encodeNpy(reals([terms.length, rest.parameters], data)));
  const manifest: SuperpositionManifest = {
    software: SOFTWARE,
    run: await fingerprintOf(run),
    ...rest,
    shift: rest.shift && { ...rest.shift, queries: [...rest.shift.queries] },
    terms: terms.map(({ name }) => name),
  };
  writeFileAtomic(join(folder, "manifest.json"), encodeSuperpositionManifest(manifest));
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/**
 * Opens the superposition of a run; its displacements are read when they are asked for. FileError with how to make one where there is none;
 * InvalidDataError where a part is broken, or where it belongs to another run.
 */
export async function openSuperposition(run: Run, path = superpositionPath(run)): Promise<StoredSuperposition> {
  const [file, array] = [join(path, "manifest.json"), join(path, "terms.npy")];
  const known = partOf(run, path, "manifest.json");
  if (known === undefined) {
    const hint = `make one with pathkernel superposition ${run.path}`;
    throw new FileError(`no superposition at ${path}`, path, { hint });
  }
  const manifest = decodeSuperpositionManifest(textOf(readFileBytes(known)), file);
  const actual = await fingerprintOf(run);
  if (manifest.run !== actual) {
    const [must, got] = [actual, manifest.run].map((hash) => `${hash.slice(0, 12)}...`);
    throw new InvalidDataError(`${path} must belong to the run ${run.path} (${must}), got one of ${got}`, {
      hint: "build it again",
    });
  }
  const { terms: names, parameters: p, ...rest } = manifest;
  if (manifest.examples !== run.manifest.data.trainExamples || p !== run.layout.size) {
    const must = `${run.manifest.data.trainExamples} examples and ${run.layout.size} parameters`;
    throw new InvalidDataError(`${file}: must have ${must}, as the run, got ${manifest.examples} and ${p}`);
  }
  const terms = decodeNpy(readFileBytes(partOf(run, path, "terms.npy") ?? array), array);
  if (terms.dtype !== "float64" || terms.shape.join() !== [names.length, p].join())
    throw new InvalidDataError(`${path}: terms.npy must be float64 (${names.length}, ${p}), got (${terms.shape})`);
  const values = (k: number): Float64Array => (terms.data as Float64Array).subarray(k * p, (k + 1) * p);
  const shape = [manifest.examples, p];
  const place = partOf(run, path, "displacements.npy") ?? join(path, "displacements.npy");
  const displacements = openRows(place, manifest.dtype, shape);
  return {
    ...rest,
    parameters: p,
    shift: manifest.shift,
    path,
    terms: names.map((name, k) => ({ name, values: values(k) })),
    ...displacements,
  };
}

/** Where a part lies: within the run where the superposition is in its folder, else within the superposition's; undefined where there is none. */
function partOf(run: Run, path: string, part: string): string | undefined {
  if (!pathExists(path)) return undefined;
  const isInside = path === join(run.path, "superposition");
  return isInside ? fileOfPart(run.path, `superposition/${part}`) : fileOfPart(path, part);
}

/** Reads rows of a NPY file that must be of that dtype and shape. */
function openRows(
  path: string,
  dtype: SuperpositionManifest["dtype"],
  shape: readonly number[],
): Pick<StoredSuperposition, "rows" | "close" | "bytes"> {
  const header = npyHeader(dtype, shape);
  const width = allocate(dtype, 0).BYTES_PER_ELEMENT;
  const [count, size] = shape;
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    throw fileErrorFrom("read", path, cause);
  }
  const found = new Uint8Array(header.length);
  const read = readSync(descriptor, found, 0, found.length, 0);
  const bytes = fstatSync(descriptor).size;
  const whole = read === header.length && found.every((byte, i) => byte === header[i]);
  if (!whole || bytes !== header.length + count * size * width) {
    closeSync(descriptor);
    throw new InvalidDataError(`${path}: must hold ${dtype} (${count}, ${size}), got ${bytes} bytes of something else`);
  }
  return {
    bytes,
    close: () => closeSync(descriptor),
    rows: (start, end) => {
      const rows = allocate(dtype, (end - start) * size) as RealArray;
      const target = bytesOf(rows);
      let done = 0;
      while (done < target.length) {
        const more = readSync(
          descriptor,
          target,
          done,
          target.length - done,
          header.length + start * size * width + done,
        );
        if (more === 0) throw new InvalidDataError(`${path}: must hold example ${end - 1}, got its end (truncated)`);
        done += more;
      }
      return rows;
    },
  };
}

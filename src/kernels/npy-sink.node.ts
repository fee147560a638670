// Kernels streamed to a .npy file: finished tiles are kept when the work is broken off, and not computed again when it is resumed.

import { realpathSync, renameSync, statSync } from "node:fs";
import { FileError } from "../errors.ts";
import { fileErrorFrom } from "../numeric/files.node.ts";
import { createNpyFile, type NpyFile, reopenNpyFile } from "../numeric/npy-file.node.ts";
import { differencesOf, fingerprintOf, fingerprintOfParams } from "./fingerprint.node.ts";
import { type PartialState, partialFiles, readState, removePartial, writeState } from "./partial-state.node.ts";
import { eachRow, type KernelSink, type KernelSpec, type KernelTile } from "./sink.ts";

export interface NpyKernelOptions {
  /** Kernels of one shape, one after another along a first axis of the file; default: one kernel, without that axis. */
  readonly kernels?: number;
  /** Goes on with what an earlier call left; from the start where it left nothing. */
  readonly resume?: boolean;
  /** Drops what an earlier call left. */
  readonly restart?: boolean;
}

/** Finished tiles are recorded this often (ms): a flush takes some, and as much work as this is lost when the process is killed. */
const FLUSH_INTERVAL = 1000;

/**
 * A .npy file of one or several kernels. Until all are finished, `PATH.partial` holds what there is and `PATH.partial.json` says what
 * that is: a tile is recorded there after it has reached the device. Then the file takes its name, in place of one that has it.
 *
 * Resumed, it has the bytes that it would have had. FileError where something is there and neither `resume` nor `restart` is asked for,
 * where what is there is of another kernel (the message says in what), and for what the system refuses.
 */
export class NpyKernelFile {
  /** Tiles that are there, those of them that an earlier call left, and all. */
  done = 0;
  found = 0;
  total = 0;
  readonly path: string;
  private readonly options: NpyKernelOptions;
  private state: PartialState = { fingerprint: {}, params: [], done: 0 };
  private file: NpyFile | undefined;
  private flushed = 0;

  constructor(path: string, options: NpyKernelOptions = {}) {
    this.path = targetOf(path);
    this.options = options;
  }

  /** Takes the kernel at that place of the first axis; they must come in order. */
  sink(index = 0): KernelSink {
    let spec: KernelSpec;
    const offsetOf = () => index * spec.shape.reduce((size, axis) => size * axis, 1);
    const place = (tile: KernelTile): void =>
      eachRow(tile, spec, (at, numbers) => this.file?.write(offsetOf() + at, numbers));
    return {
      start: (given) => {
        spec = given;
        if (index === 0) this.begin(given);
        this.own(index, given);
        return Math.max(0, Math.min(given.tiles, this.done - index * given.tiles));
      },
      write: (tile, mirror) => {
        place(tile);
        if (mirror) place(mirror);
        this.done++;
        if (performance.now() - this.flushed > FLUSH_INTERVAL) this.flush();
      },
      finish: () => {
        if (index === (this.options.kernels ?? 1) - 1) this.complete();
      },
      abandon: () => this.abandon(),
    };
  }

  /** Keeps what is there for another time, or removes everything where there is nothing. Safe to call twice, or after the end. */
  abandon(): void {
    const { file } = this;
    if (!file) return;
    this.file = undefined;
    try {
      if (this.done > 0) this.flush(file);
    } finally {
      file.close();
      if (this.done === 0) removePartial(this.path, "both");
    }
  }

  private begin(spec: KernelSpec): void {
    const { kernels, resume = false, restart = false } = this.options;
    const shape = kernels === undefined ? spec.shape : [kernels, ...spec.shape];
    const fingerprint = fingerprintOf({ ...spec, shape });
    const extent = { dtype: spec.dtype, shape };
    const { data } = partialFiles(this.path);
    this.total = (kernels ?? 1) * spec.tiles;
    const known = restart ? undefined : readState(this.path);
    if (!known) {
      removePartial(this.path, "state");
      this.file = createNpyFile(data, extent);
      this.state = { fingerprint, params: [], done: 0 };
      return;
    }
    if (!resume) {
      const hint = "go on with --resume, or start again with --force";
      throw new FileError(`cannot write ${this.path}: ${data} holds a part of a kernel`, this.path, { hint });
    }
    const differences = differencesOf(known.fingerprint, fingerprint);
    if (differences !== "") this.refuse(differences);
    const file = known.done <= this.total ? reopenNpyFile(data, extent) : undefined;
    if (!file) this.refuse("the file is cut off");
    this.file = file;
    this.state = known;
    this.done = known.done;
    this.found = known.done;
  }

  /** Checks the parameters of a kernel that was begun before, records those of a new one. */
  private own(index: number, spec: KernelSpec): void {
    const { params } = this.state;
    const own = fingerprintOfParams(spec);
    if (index < params.length) {
      if (own === params[index]) return;
      this.file?.close();
      this.file = undefined;
      this.refuse("params differ");
    }
    this.state = { ...this.state, params: [...params, own] };
    this.flush();
  }

  private refuse(why: string): never {
    const hint = "ask for the same again, or start again with --force";
    throw new FileError(`cannot resume ${partialFiles(this.path).data}: ${why}`, this.path, { hint });
  }

  /** First the numbers, then the record of them. */
  private flush(file = this.file): void {
    file?.flush();
    writeState(this.path, { ...this.state, done: this.done });
    this.flushed = performance.now();
  }

  private complete(): void {
    this.flush();
    this.file?.close();
    this.file = undefined;
    try {
      renameSync(partialFiles(this.path).data, this.path);
    } catch (cause) {
      throw fileErrorFrom("write", this.path, cause);
    }
    removePartial(this.path, "state");
  }
}

/** The file behind a symbolic link, which stays. FileError for a folder or a device: rows are put in place, not written in a row. */
function targetOf(path: string): string {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return path;
    if (stat.isFile()) return realpathSync(path);
    if (stat.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" });
  } catch (cause) {
    throw fileErrorFrom("write", path, cause);
  }
  throw new FileError(`cannot write ${path}: it must be a file`, path);
}

/** A sink that writes a kernel to a .npy file tile by tile, in the memory of a few tiles. See `NpyKernelFile` for what is kept. */
export function npyKernelSink(path: string, options: Omit<NpyKernelOptions, "kernels"> = {}): KernelSink {
  return new NpyKernelFile(path, options).sink();
}

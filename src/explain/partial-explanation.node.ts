// An explanation that is not finished, kept in a folder beside the file that it will become, for another call to go on from.

import { mkdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { FileError, isPathkernelError } from "../errors.ts";
import { differencesOf, type Fingerprint } from "../kernels/fingerprint.node.ts";
import { bytesOf } from "../numeric/bytes.ts";
import { fileErrorFrom, pathExists, readFileBytes, writeFileAtomic } from "../numeric/files.node.ts";
import { decodeSafetensors, encodeSafetensors } from "../numeric/safetensors.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import type { Tensor } from "../numeric/tensor.ts";
import { runHash } from "../run/run-hash.node.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { SOFTWARE } from "../version.ts";
import type { ExplainOptions } from "./explain.ts";
import type { SavedSweep, SweepKeeper } from "./saved-sweep.ts";

const SCHEMA = "pathkernel.partial-explanation/1";
const STATE_FILE = "state.json";

const stateSchema = z.object({ schema: z.literal(SCHEMA), fingerprint: z.record(z.string(), z.string()) });

/** Milliseconds between two times that something is kept; more where that takes long: so many times as long as the last. */
const KEEP_INTERVAL = 5000;
const KEEP_SHARE = 20;

/** Everything that the numbers of an explanation depend on, in words or as hashes. */
export async function fingerprintOfExplanation(
  { engine }: Task,
  run: Run,
  options: Pick<ExplainOptions, "queries" | "readout" | "rule" | "tolerance" | "chord" | "pulls" | "memoryBudget">,
): Promise<Fingerprint> {
  const { queries, readout, rule, tolerance, chord, pulls, memoryBudget } = options;
  const { name, version, threads } = engine.info;
  const hashed = (tensor: Tensor | undefined) =>
    tensor === undefined ? ["none"] : [`${tensor.dtype} [${tensor.shape}]`, bytesOf(tensor.data)];
  const inputs = queries.flatMap(({ id, x, target }) => [id, ...hashed(x), ...hashed(target)]);
  return {
    run: `sha256 ${await runHash(run)}`,
    model: `sha256 ${run.manifest.model.sha256}`,
    checkpoints: `sha256 ${sha256(run.checkpoints.join())}`,
    queries: `sha256 ${sha256(...inputs)}`,
    readout: readout ?? "default",
    rule: rule ?? "default",
    tolerance: String(tolerance ?? "default"),
    chord: String(chord ?? 1),
    pulls: pulls ?? "auto",
    memory: String(memoryBudget ?? "default"),
    software: SOFTWARE,
    engine: `${name} ${version}, ${threads} threads`,
    processor: cpus()[0]?.model ?? "unknown",
  };
}

export interface PartialOptions {
  readonly fingerprint: Fingerprint;
  /** Goes on with what an earlier call left; from the start where it left nothing. */
  readonly resume?: boolean;
  /** Drops what an earlier call left. */
  readonly restart?: boolean;
}

/**
 * Keeps sweeps in `PATH.partial/`. FileError where something is there and neither `resume` nor `restart` is asked for, where what is there is of
 * another explanation (the message says in what), and for what the system refuses.
 */
export class PartialExplanation implements SweepKeeper {
  /** Whether an earlier call left something. */
  readonly isResumed: boolean;
  /** Whether anything is kept. */
  hasKept = false;
  readonly folder: string;
  private due = performance.now() + KEEP_INTERVAL;

  constructor(path: string, { fingerprint, resume = false, restart = false }: PartialOptions) {
    this.folder = `${path}.partial`;
    const known = restart ? undefined : this.known();
    if (known !== undefined && !resume) {
      const hint = "go on with --resume, or start again with --force";
      throw new FileError(`cannot write ${path}: ${this.folder} holds a part of an explanation`, path, { hint });
    }
    const differences = known === undefined ? "" : differencesOf(known, fingerprint);
    if (differences !== "") {
      const hint = "ask for the same again, or start again with --force";
      throw new FileError(`cannot resume ${this.folder}: ${differences}`, path, { hint });
    }
    this.isResumed = known !== undefined;
    this.hasKept = this.isResumed;
    if (this.isResumed) return;
    try {
      rmSync(this.folder, { recursive: true, force: true });
      mkdirSync(this.folder);
    } catch (cause) {
      throw fileErrorFrom("make", this.folder, cause);
    }
    writeFileAtomic(join(this.folder, STATE_FILE), `${JSON.stringify({ schema: SCHEMA, fingerprint })}\n`);
  }

  found(sweep: number): SavedSweep | undefined {
    const file = this.fileOf(sweep);
    if (!this.isResumed || !pathExists(file)) return undefined;
    try {
      const { tensors, metadata } = decodeSafetensors(readFileBytes(file), file);
      return { step: Number(metadata.step), arrays: tensors };
    } catch (cause) {
      if (!isPathkernelError(cause)) throw cause;
      const hint = "start again with --force";
      throw new FileError(`cannot resume ${this.folder}: ${cause.message}`, file, { hint, cause });
    }
  }

  isDue(): boolean {
    return performance.now() > this.due;
  }

  keep(sweep: number, { step, arrays }: SavedSweep): void {
    const started = performance.now();
    writeFileAtomic(this.fileOf(sweep), encodeSafetensors(arrays, { step: String(step) }));
    this.hasKept = true;
    const now = performance.now();
    this.due = now + Math.max(KEEP_INTERVAL, KEEP_SHARE * (now - started));
  }

  /** Removes everything: the explanation is finished, or nothing of it is worth keeping. */
  remove(): void {
    try {
      rmSync(this.folder, { recursive: true, force: true });
    } catch (cause) {
      throw fileErrorFrom("write", this.folder, cause);
    }
  }

  private fileOf(sweep: number): string {
    return join(this.folder, `sweep-${sweep}.safetensors`);
  }

  private known(): Fingerprint | undefined {
    const file = join(this.folder, STATE_FILE);
    if (!pathExists(file)) return undefined;
    try {
      return stateSchema.parse(JSON.parse(new TextDecoder().decode(readFileBytes(file)))).fingerprint;
    } catch (cause) {
      const hint = "it is cut off or not of this version; start again with --force";
      throw new FileError(`cannot resume ${this.folder}: ${file} must say what is done`, file, { hint, cause });
    }
  }
}

// What has been recorded of a run so far, checked as it comes: the order that every store of runs keeps to.

import { faultOfCheckpoint } from "./checkpoint-format.ts";
import { batchesOf, type Columns, GrowingColumns, scalarsOf } from "./columns.ts";
import type { Batch, Checkpoint, NewRun, RunManifest, RunStatus, StepScalars } from "./types.ts";

/** How far a run can be read. */
export interface Extent {
  readonly steps: number;
  /** Stored checkpoints that stay, ascending, from 0 to `steps`. */
  readonly checkpoints: readonly number[];
}

/**
 * A finished run reads to its end; one that is being written, or whose writer was killed, to its last checkpoint. Of those that a writer
 * adds beside the plan, so that what is flushed can be read, only the last counts: the others are about to go.
 */
export function extentOf(
  { steps: recorded, status, checkpointEvery }: Pick<RunManifest, "steps" | "status" | "checkpointEvery">,
  stored: Iterable<number>,
): Extent {
  const within = [...stored].filter((step) => step <= recorded).sort((a, b) => a - b);
  const steps = status === "running" ? (within.at(-1) ?? 0) : recorded;
  const stays = (step: number) => status !== "running" || step === steps || step % checkpointEvery === 0;
  return { steps, checkpoints: within.filter(stays) };
}

const namesOf = (values: object = {}): string => Object.keys(values).sort().join(", ");

/** The record in memory. Every method throws RangeError where the caller breaks the order or hands over a broken value. */
export class Recorder {
  private readonly record: GrowingColumns;
  private readonly run: NewRun;
  private lastCheckpoint = -1;
  private status: RunStatus = "running";

  /** `before`: what is recorded already, up to a checkpoint. */
  constructor(run: NewRun, before?: Columns) {
    const { layout, manifest } = run;
    const names = layout.entries.map(({ name }) => name);
    if (names.join("\n") !== manifest.model.trainable.join("\n")) {
      throw new RangeError(`new run: layout must list ${manifest.model.trainable.join(", ")}, got ${names.join(", ")}`);
    }
    if (!Number.isInteger(manifest.checkpointEvery) || manifest.checkpointEvery < 1) {
      throw new RangeError(`new run: checkpointEvery must be a positive integer, got ${manifest.checkpointEvery}`);
    }
    this.run = run;
    this.record = new GrowingColumns(manifest.random !== undefined);
    if (before === undefined) return;
    const batches = batchesOf(before, before.loss.length);
    scalarsOf(before, batches.length).forEach((scalars, s) => {
      this.record.append(batches[s], scalars);
    });
    this.lastCheckpoint = batches.length;
  }

  /** Steps appended. */
  get steps(): number {
    return this.record.steps;
  }

  /** All steps so far; what is appended later is not in these arrays. */
  get columns(): Columns {
    return this.record.data;
  }

  /** The manifest as it now stands. */
  manifest(): RunManifest {
    return { ...this.run.manifest, steps: this.steps, status: this.status };
  }

  appendStep({ indices, weights, keys, lossInputs: others }: Batch, scalars: StepScalars): void {
    this.requireOpen("appendStep");
    const { checkpointEvery, data, random, lossInputs } = this.run.manifest;
    const step = this.steps;
    if (scalars.step !== step) throw new RangeError(`appendStep: step must be ${step}, got ${scalars.step}`);
    if (step % checkpointEvery === 0 && this.lastCheckpoint !== step) {
      throw new RangeError(`appendStep: the checkpoint before step ${step} must be written first`);
    }
    if (indices.length !== weights.length) {
      const got = `${indices.length} indices and ${weights.length} weights`;
      throw new RangeError(`appendStep: a batch must have one weight an index, got ${got}`);
    }
    const wanted = random ? indices.length : 0;
    if ((keys?.length ?? 0) !== wanted) {
      const must = random ? "one key an index where training is random" : "no keys where nothing is random";
      throw new RangeError(`appendStep: a batch must have ${must}, got ${keys?.length ?? 0} for ${indices.length}`);
    }
    const read = namesOf(lossInputs);
    if (namesOf(others) !== read)
      throw new RangeError(
        `appendStep: a batch must have what the loss reads, ${read || "nothing"}, got ${namesOf(others) || "nothing"}`,
      );
    const stray = indices.find((index) => index < 0 || index >= data.trainExamples);
    if (stray !== undefined) {
      throw new RangeError(`appendStep: indices must be 0..${data.trainExamples - 1}, got ${stray} at step ${step}`);
    }
    const wild = weights.find((weight) => !Number.isFinite(weight));
    if (wild !== undefined) throw new RangeError(`appendStep: weights must be finite, got ${wild} at step ${step}`);
    this.record.append({ indices, weights, keys }, scalars);
  }

  /** Checks a checkpoint, stores it, and takes note of it when that succeeded; the same step may be written again. */
  addCheckpoint(checkpoint: Checkpoint, store: (checkpoint: Checkpoint) => void): void {
    this.requireOpen("writeCheckpoint");
    const done = this.steps;
    const { step } = checkpoint;
    if (step !== done) throw new RangeError(`writeCheckpoint: step must be ${done}, the steps appended, got ${step}`);
    const fault = faultOfCheckpoint(checkpoint, { step, layout: this.run.layout, dtype: this.run.manifest.dtype });
    if (fault !== undefined) throw new RangeError(`writeCheckpoint: ${fault}`);
    store(checkpoint);
    this.lastCheckpoint = step;
  }

  /** Closes the record; it stays open where `store` throws. */
  finish(status: Exclude<RunStatus, "running">, store: (manifest: RunManifest) => void): void {
    this.requireOpen("finish");
    const { steps } = this;
    if (this.lastCheckpoint !== steps) {
      const got = this.lastCheckpoint < 0 ? "none" : `the last one before step ${this.lastCheckpoint}`;
      throw new RangeError(`finish: the checkpoint after all ${steps} steps must be written first, got ${got}`);
    }
    store({ ...this.manifest(), status });
    this.status = status;
  }

  private requireOpen(where: string): void {
    if (this.status !== "running") throw new RangeError(`${where}: the run must not be finished, got ${this.status}`);
  }
}

// A run that is kept in memory: for the library's users and for tests, with the same writer and reader as one on disk.

import type { Tensor } from "../numeric/tensor.ts";
import { copyOf } from "./checkpoint-format.ts";
import { requireStored } from "./checkpoint-plan.ts";
import { batchesOf, scalarsOf } from "./columns.ts";
import { extentOf, Recorder } from "./recorder.ts";
import type { Batch, Checkpoint, NewRun, Run, RunManifest, RunWriter } from "./types.ts";

export interface MemoryRunWriter extends RunWriter {
  /** The run as it was last flushed; later steps are not in it. Undefined after `abort` of a run without a readable step. */
  open(): Run | undefined;
}

const copied = (inputs: NonNullable<Batch["lossInputs"]>): Batch["lossInputs"] =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() } as Tensor]),
  );

/** Starts a run in memory; `path` is only a name. Cost: all batches and all checkpoints stay in memory. */
export function createMemoryRun(run: NewRun, path = "memory.pkrun"): MemoryRunWriter {
  const recorder = new Recorder(run);
  const stored = new Map<number, Checkpoint>();
  const modelBytes = run.modelBytes.slice();
  const lossInputs: Batch["lossInputs"][] = [];
  let flushed: RunManifest | undefined = recorder.manifest();

  /** Checkpoints that only served to read the run that far. */
  const dropSuperseded = ({ steps, checkpointEvery }: RunManifest): void => {
    const last = extentOf({ steps, checkpointEvery, status: "running" }, stored.keys()).steps;
    for (const step of stored.keys()) if (step < last && step % checkpointEvery !== 0) stored.delete(step);
  };

  const openFlushed = (manifest: RunManifest): Run => {
    const { steps, checkpoints } = extentOf(manifest, stored.keys());
    return {
      path,
      manifest: { ...manifest, steps },
      modelBytes,
      ...(run.lossBytes && { lossBytes: run.lossBytes }),
      layout: run.layout,
      batches: batchesOf(recorder.columns, steps).map((batch, s) =>
        lossInputs[s] ? { ...batch, lossInputs: lossInputs[s] } : batch,
      ),
      scalars: scalarsOf(recorder.columns, steps),
      checkpoints,
      checkpoint: async (step) => {
        requireStored(checkpoints, step);
        return copyOf(stored.get(step) as Checkpoint);
      },
    };
  };

  return {
    path,
    appendStep(batch, scalars) {
      recorder.appendStep(batch, scalars);
      if (batch.lossInputs) lossInputs.push(copied(batch.lossInputs));
    },
    writeCheckpoint: async (checkpoint) => recorder.addCheckpoint(checkpoint, (c) => stored.set(c.step, copyOf(c))),
    flush: async () => {
      flushed = recorder.manifest();
      dropSuperseded(flushed);
    },
    finish: async (status) =>
      recorder.finish(status, (manifest) => {
        flushed = manifest;
        dropSuperseded(manifest);
      }),
    abort: async () => {
      if (flushed?.status === "running" && extentOf(flushed, stored.keys()).steps === 0) flushed = undefined;
    },
    open: () => flushed && openFlushed(flushed),
  };
}

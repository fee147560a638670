// What every store of runs must do: one suite, run on each of them.

import { describe, expect, it } from "vitest";
import type { NewRun, Run, RunWriter } from "../../src/run/types.ts";
import { errorOf } from "../helpers/errors.ts";
import { recordSteps, SMALL_SIZE, smallBatch, smallCheckpoint, smallRun, smallScalars } from "../helpers/small-run.ts";

/** A store under test: starts a run, and opens what was stored of it (undefined when the store holds nothing any more). */
export interface RunStore {
  create(run: NewRun): Promise<RunWriter>;
  open(writer: RunWriter): Promise<Run | undefined>;
}

async function openOrFail(store: RunStore, writer: RunWriter): Promise<Run> {
  const run = await store.open(writer);
  if (run === undefined) throw new Error("the store holds no run");
  return run;
}

export function testRunStore(name: string, store: RunStore): void {
  describe(`${name}: a run that was recorded`, () => {
    it.each([
      { dtype: "float32", checkpointEvery: 1, steps: 6 },
      { dtype: "float64", checkpointEvery: 1, steps: 6 },
      { dtype: "float64", checkpointEvery: 4, steps: 6 },
      { dtype: "float32", checkpointEvery: 100, steps: 6 },
      { dtype: "float64", checkpointEvery: 3, steps: 6 },
    ] as const)(
      "reads back bit for bit: $dtype, a checkpoint every $checkpointEvery",
      async ({ steps, ...options }) => {
        const input = smallRun(options);
        const writer = await store.create(input);
        await recordSteps(writer, input, { steps, status: "complete" });
        const run = await openOrFail(store, writer);
        expect(run.manifest).toEqual({ ...input.manifest, steps, status: "complete" });
        expect(run.modelBytes).toEqual(input.modelBytes);
        expect(run.layout).toEqual(input.layout);
        expect(run.batches).toEqual([0, 1, 2, 3, 4, 5].map(smallBatch));
        expect(run.scalars).toEqual([0, 1, 2, 3, 4, 5].map(smallScalars));
        const stored = [0, 1, 2, 3, 4, 5, 6].filter((step) => step % options.checkpointEvery === 0 || step === 6);
        expect(run.checkpoints).toEqual(stored);
        for (const step of stored) expect(await run.checkpoint(step)).toEqual(smallCheckpoint(step, options.dtype));
      },
    );

    it("keeps a loss and a gradient that were not finite: they say how a run diverged", async () => {
      const input = smallRun({ checkpointEvery: 1 });
      const writer = await store.create(input);
      await recordSteps(writer, input, { steps: 1 });
      await writer.writeCheckpoint(smallCheckpoint(1));
      const wild = { step: 1, loss: Number.NaN, stepSize: 5e-324, gradientNorm: Number.POSITIVE_INFINITY };
      writer.appendStep(smallBatch(1), wild);
      await writer.writeCheckpoint(smallCheckpoint(2));
      await writer.finish("diverged");
      const run = await openOrFail(store, writer);
      expect(run.manifest.status).toBe("diverged");
      expect(run.scalars[1]).toEqual(wild);
    });

    it("has no steps and one checkpoint when it stopped before the first step", async () => {
      const input = smallRun({ checkpointEvery: 3 });
      const writer = await store.create(input);
      await recordSteps(writer, input, { steps: 0, status: "interrupted" });
      const run = await openOrFail(store, writer);
      expect([run.manifest.steps, run.batches.length, run.checkpoints]).toEqual([0, 0, [0]]);
    });

    it("gives arrays of its own: what the trainer or a reader writes into them later changes nothing", async () => {
      const input = smallRun({ checkpointEvery: 1 });
      const writer = await store.create(input);
      const [batch, first] = [smallBatch(0), smallCheckpoint(0)];
      await writer.writeCheckpoint(first);
      writer.appendStep(batch, smallScalars(0));
      batch.indices.fill(6);
      batch.weights.fill(9);
      first.params.fill(9);
      first.buffers.m.fill(9);
      await writer.writeCheckpoint(smallCheckpoint(1));
      await writer.finish("complete");
      const run = await openOrFail(store, writer);
      (await run.checkpoint(0)).params.fill(7);
      expect(run.batches[0]).toEqual(smallBatch(0));
      expect(await run.checkpoint(0)).toEqual(smallCheckpoint(0));
    });

    it("refuses to read a checkpoint that is not stored, and names those that are", async () => {
      const input = smallRun({ checkpointEvery: 2 });
      const writer = await store.create(input);
      await recordSteps(writer, input, { steps: 5, status: "complete" });
      const run = await openOrFail(store, writer);
      await expect(run.checkpoint(3)).rejects.toThrow(
        new RangeError("checkpoint: step must be one of 0, 2, 4, 5, got 3"),
      );
    });
  });

  describe(`${name}: a run that is being recorded`, () => {
    it("reads as it was last flushed, up to its last checkpoint, as running", async () => {
      const input = smallRun({ checkpointEvery: 3 });
      const writer = await store.create(input);
      await recordSteps(writer, input, { steps: 5 });
      await writer.flush();
      writer.appendStep(smallBatch(5), smallScalars(5));
      await writer.writeCheckpoint(smallCheckpoint(6));
      const run = await openOrFail(store, writer);
      expect(run.manifest).toMatchObject({ steps: 3, status: "running", plannedSteps: 6 });
      expect([run.batches.length, run.scalars.length, run.checkpoints]).toEqual([3, 3, [0, 3]]);
      await writer.flush();
      expect((await openOrFail(store, writer)).checkpoints).toEqual([0, 3, 6]);
    });

    it("is gone after abort when no step can be read, and stays when one can", async () => {
      const input = smallRun({ checkpointEvery: 2 });
      const useless = await store.create(input);
      await recordSteps(useless, input, { steps: 2 });
      await useless.flush();
      await useless.abort();
      expect(await store.open(useless)).toBeUndefined();
      const useful = await store.create(input);
      await recordSteps(useful, input, { steps: 3 });
      await useful.flush();
      await useful.abort();
      expect((await openOrFail(store, useful)).manifest.steps).toBe(2);
      const finished = await store.create(input);
      await recordSteps(finished, input, { steps: 0, status: "interrupted" });
      await finished.abort();
      expect((await openOrFail(store, finished)).manifest.steps).toBe(0);
    });

    it("refuses what breaks the order or cannot be read back, and names it", async () => {
      const writer = await store.create(smallRun({ checkpointEvery: 2 }));
      const start = smallCheckpoint(0);
      const messages = [await errorOf(() => writer.appendStep(smallBatch(0), smallScalars(0)))];
      messages.push(await errorOf(() => writer.writeCheckpoint(smallCheckpoint(1))));
      messages.push(await errorOf(() => writer.writeCheckpoint(smallCheckpoint(0, "float32"))));
      messages.push(await errorOf(() => writer.writeCheckpoint({ ...start, params: start.params.slice(1) })));
      const broken = smallCheckpoint(0);
      broken.buffers.v[SMALL_SIZE - 1] = Number.NaN;
      messages.push(await errorOf(() => writer.writeCheckpoint(broken)));
      messages.push(await errorOf(() => writer.finish("complete")));
      await writer.writeCheckpoint(start);
      messages.push(await errorOf(() => writer.appendStep(smallBatch(1), smallScalars(1))));
      const [indices, weights] = [Int32Array.of(7), Float64Array.of(1)];
      messages.push(await errorOf(() => writer.appendStep({ indices, weights }, smallScalars(0))));
      messages.push(await errorOf(() => writer.appendStep({ ...smallBatch(0), weights }, smallScalars(0))));
      const nan = { indices: Int32Array.of(1), weights: Float64Array.of(Number.NaN) };
      messages.push(await errorOf(() => writer.appendStep(nan, smallScalars(0))));
      writer.appendStep(smallBatch(0), smallScalars(0));
      messages.push(await errorOf(() => writer.finish("complete")));
      await writer.writeCheckpoint(smallCheckpoint(1));
      await writer.finish("complete");
      messages.push(await errorOf(() => writer.appendStep(smallBatch(1), smallScalars(1))));
      expect(messages).toEqual([
        "RangeError: appendStep: the checkpoint before step 0 must be written first",
        "RangeError: writeCheckpoint: step must be 0, the steps appended, got 1",
        "RangeError: writeCheckpoint: params must be a flat float64 array of 5 elements, got float32 [5]",
        "RangeError: writeCheckpoint: params must be a flat float64 array of 5 elements, got float64 [4]",
        'RangeError: writeCheckpoint: buffer.v must be finite, got NaN in "layer.bias" at step 0',
        "RangeError: finish: the checkpoint after all 0 steps must be written first, got none",
        "RangeError: appendStep: step must be 0, got 1",
        "RangeError: appendStep: indices must be 0..6, got 7 at step 0",
        "RangeError: appendStep: a batch must have one weight an index, got 3 indices and 1 weights",
        "RangeError: appendStep: weights must be finite, got NaN at step 0",
        "RangeError: finish: the checkpoint after all 1 steps must be written first, got the last one before step 0",
        "RangeError: appendStep: the run must not be finished, got complete",
      ]);
    });
  });
}

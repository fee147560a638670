// Training again without examples, against a training that never had them.

import { describe, expect, it } from "vitest";
import { DivergedError } from "../../src/errors.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import type { Batch, Run } from "../../src/run/types.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { batchWithout, retrainWithout } from "../../src/train/retrain.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

const WITHOUT = [3, 11];

async function recorded(options: SmallTaskOptions = {}) {
  const small = await smallTask({ steps: 12, ...options });
  return { ...small, run: await trainInMemory(small.task, { ...small, checkpointEvery: 5 }) };
}

/** What a trainer does whose batches are drawn in the same order from data that lack them. */
const filtered = (batches: readonly Batch[]): Batch[] =>
  batches
    .map(({ indices }) => indices.filter((i) => !WITHOUT.includes(i)))
    .filter((indices) => indices.length > 0)
    .map(meanBatch);

describe("retrainWithout(task, run, options)", () => {
  it.each<SmallTaskOptions>([
    { optimizer: optimizerChoice("sgd decay") },
    { optimizer: optimizerChoice("adam"), dtype: "float32", loss: "cross-entropy", model: "cnn" },
    { optimizer: optimizerChoice("nesterov"), dtype: "float32", model: "relu" },
    { optimizer: optimizerChoice("gd") },
    // Batches of one: those of the examples that are left out are no steps.
    { optimizer: optimizerChoice("amsgrad"), batchSize: 1, examples: 12, steps: 30 },
  ])("ends bit for bit where a training ends that never had them: $optimizer.label", async (options) => {
    const { task, params, batches, run } = await recorded(options);
    const retrained = await retrainWithout(task, run, { without: WITHOUT });
    const rest = filtered(batches);
    const other = await trainInMemory(task, { params, batches: rest });
    expect(retrained.params).toEqual((await other.checkpoint(rest.length)).params);
    const counts = batches.map(({ indices }) => indices.filter((i) => WITHOUT.includes(i)).length);
    expect(retrained).toMatchObject({
      weights: "mean",
      firstStep: counts.findIndex((count) => count > 0),
      occurrences: counts.reduce((a, b) => a + b),
      skippedSteps: batches.length - rest.length,
    });
  });

  it("with kept weights ends where a training ends in which their losses count 0", async () => {
    const { task, params, batches, run } = await recorded({ optimizer: optimizerChoice("momentum decay") });
    const silenced = batches.map(({ indices, weights }) => ({
      indices,
      weights: weights.map((c, n) => (WITHOUT.includes(indices[n]) ? 0 : c)),
    }));
    const other = await trainInMemory(task, { params, batches: silenced });
    const { params: ended } = await retrainWithout(task, run, { without: WITHOUT, weights: "kept" });
    // Adding zeros in between changes the order of sums.
    expect(ended).toBeAllclose((await other.checkpoint(12)).params, { rtol: 1e-12, atol: 1e-14 });
  });

  it("keeps the weights of the others where losses were summed", async () => {
    const { task, run } = await recorded();
    const summed: Run = { ...run, manifest: { ...run.manifest, reduction: "sum" } };
    const retrained = await retrainWithout(task, summed, { without: WITHOUT });
    expect(retrained).toEqual(await retrainWithout(task, run, { without: WITHOUT, weights: "kept" }));
    expect(retrained.weights).toBe("kept");
  });

  it("trains nothing for examples that were never in a batch", async () => {
    const { task, run } = await recorded({ steps: 2 }); // 16 of 24 examples
    const absent = Array.from({ length: 24 }, (_, i) => i).filter(
      (i) => !run.batches.some((b) => b.indices.includes(i)),
    );
    const retrained = await retrainWithout(task, run, { without: absent });
    expect(retrained).toMatchObject({ firstStep: undefined, occurrences: 0 });
    expect(retrained.params).toEqual((await run.checkpoint(2)).params);
  });

  it("begins at the checkpoint before the first step that had one", async () => {
    const { task, run } = await recorded({ batchSize: 1, steps: 12 });
    const late = run.batches[11].indices[0];
    const seen: string[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }): unknown => seen.push(`${done}/${total}`);
    await retrainWithout(task, run, { without: [late], onProgress });
    expect(seen).toEqual(["1/2", "2/2"]);
  });

  it("says so where the other training diverges, and stops when aborted", async () => {
    const { task, run } = await recorded();
    const wild: Run = { ...run, scalars: run.scalars.map((row) => ({ ...row, stepSize: 1e200 })) };
    await expect(retrainWithout(task, wild, { without: [run.batches[0].indices[0]] })).rejects.toThrow(DivergedError);
    const signal = AbortSignal.abort(new RangeError("enough"));
    await expect(retrainWithout(task, run, { without: [1], signal })).rejects.toThrow("enough");
  });

  it.each([
    [[], "without must name an example, got none"],
    [[0, 24], "without must hold training examples 0..23, got 24"],
    [[0.5], "without must hold training examples 0..23, got 0.5"],
  ])("refuses %j", async (without, message) => {
    const { task, run } = await recorded();
    expect(await errorOf(() => retrainWithout(task, run, { without }))).toBe(`RangeError: retrain: ${message}`);
  });
});

describe("batchWithout(batch, without, weights)", () => {
  const batch = { indices: Int32Array.of(4, 2, 4, 7), weights: Float64Array.of(0.1, 0.2, 0.1, 0.4) };

  it("keeps what the batch counts as a whole, or what each of the others does", () => {
    expect(batchWithout(batch, new Set([4]), "kept")).toEqual({
      indices: Int32Array.of(2, 7),
      weights: Float64Array.of(0.2, 0.4),
    });
    const mean = batchWithout(batch, new Set([4]), "mean") as Batch;
    expect(mean.weights).toBeAllclose([0.8 / 3, 1.6 / 3], { rtol: 1e-15 });
    expect(batchWithout(batch, new Set([5]), "mean")).toBe(batch);
  });

  it("is an empty batch with kept weights, and none with a mean, where nothing remains", () => {
    const all = new Set([2, 4, 7]);
    expect(batchWithout(batch, all, "kept")).toEqual({ indices: new Int32Array(0), weights: new Float64Array(0) });
    expect(batchWithout(batch, all, "mean")).toBeUndefined();
  });

  it("refuses a mean over weights that cancel", () => {
    const odd = { indices: Int32Array.of(1, 2, 3), weights: Float64Array.of(1, -1, 2) };
    expect(() => batchWithout(odd, new Set([3]), "mean")).toThrow(
      new RangeError("retrain: weights must be kept where those that remain in a batch add up to 0"),
    );
  });
});

it("the optimizer's own count of steps is not that of the run where steps are skipped", async () => {
  // Adam divides by 1 - beta^t: a first step that is skipped must not count.
  const { task, params, batches } = await smallTask({ batchSize: 1, steps: 2, optimizer: optimizerChoice("adam") });
  const run = await trainInMemory(task, { params, batches });
  const { params: ended } = await retrainWithout(task, run, { without: [batches[0].indices[0]] });
  const start = (await run.checkpoint(0)).params;
  // The first step of Adam moves each parameter by lr times the sign of its gradient.
  const { lr } = createOptimizer("adam", task.optimizer.options as never).options;
  const largest = Math.max(...Array.from(ended, (w, k) => Math.abs(w - start[k])));
  expect(largest).toBeAllclose(Number(lr), { rtol: 1e-4 });
});

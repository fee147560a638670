// Training with dropout: masks follow from keys alone, and the path is PyTorch's with the same masks.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import { occurrenceKeys } from "../../src/numeric/keyed-masks.ts";
import type { RealArray, Tensor } from "../../src/numeric/tensor.ts";
import { createOptimizer } from "../../src/optimizers/registry.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import type { Batch } from "../../src/run/types.ts";
import { meanBatch } from "../../src/train/batches.ts";
import { ExampleGradients } from "../../src/train/example-gradients.ts";
import { keyedBatches } from "../../src/train/keys.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { partOfBatch } from "../../src/train/occurrences.ts";
import { record } from "../../src/train/record.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { replay } from "../../src/train/replay.ts";
import { resumeTraining } from "../../src/train/resume.node.ts";
import { createTask, trainableOf } from "../../src/train/task.ts";
import { runTraining, type TrainingRequest } from "../../src/train/training.node.ts";
import { errorOf } from "../helpers/errors.ts";
import { readFixture } from "../helpers/fixtures.ts";
import { ROOT } from "../helpers/sources.ts";
import { engineOf, smallTask } from "../helpers/tasks.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";
import { torchDataset } from "../helpers/torch-dataset.ts";

describe("a network of PyTorch with nn.Dropout, trained with masks drawn from given keys", () => {
  const { description, arrays, real } = readFixture("dropout");
  const { variants, parameters } = description;
  const split = { x: real("x"), y: arrays.y as Tensor<"int64"> };
  const model = modelFromOnnx(readFileSync(join(ROOT, "fixtures/dropout.onnx")), { name: "dropout.onnx" });
  const batches = Array.from({ length: 12 }, (_, s): Batch => {
    const row = (name: string) => arrays[name].data.subarray(4 * s, 4 * s + 4) as BigInt64Array;
    return { ...meanBatch(Int32Array.from(row("batches"), Number)), keys: row("keys") };
  });

  it.each(variants)(
    "ends where torch.optim does, parameters to 1e-10, and is explained exactly: $name",
    async (variant) => {
      const task = createTask({
        engine: await engineOf("float64"),
        model,
        trainable: parameters.map(({ name }) => name),
        params: real("start").data,
        loss: lossOf("cross-entropy"),
        optimizer: createOptimizer(variant.optimizer, variant.options),
        dataset: torchDataset(split),
      });
      const run = await trainInMemory(task, { params: real("start").data, batches });
      const { params } = await run.checkpoint(12);
      expect(params).toBeAllclose(real(`${variant.name}.end`), { atol: 1e-10 });
      expect(Float64Array.from(run.scalars, ({ loss }) => loss)).toBeAllclose(real(`${variant.name}.losses`), {
        atol: 1e-12,
      });
      const explanation = await explain(task, run, { queries: datasetQueries(task, "test:0-1"), tolerance: 1e-10 });
      expect(verdictOf(explanation, "float64").passed).toBe(true);
    },
  );
});

describe("masks", () => {
  const keys = occurrenceKeys(5, 0, 8);
  const whole: Batch = { ...meanBatch(Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6)), keys };

  it("of an occurrence are the same in any batch: per-example gradients are, bit for bit in tiles of their own", async () => {
    const { task, params } = await smallTask({ dropout: 0.5, model: "tanh" });
    const own = trainableOf(task, params, "float64");
    const gradients = async (batch: Batch) => {
      const rows = new Float64Array(batch.indices.length * task.layout.size);
      const positions = [...batch.indices.keys()];
      await new ExampleGradients(task).of(own, batch, positions, (n, part, { from, offset, size }) => {
        rows.set(part.subarray(from, from + size), n * task.layout.size + offset);
      });
      return rows;
    };
    const all = await gradients(whole);
    const p = task.layout.size;
    for (const [start, end] of [
      [0, 1],
      [2, 5],
      [5, 8],
    ])
      expect(await gradients(partOfBatch(whole, start, end))).toBeAllclose(all.slice(start * p, end * p), {
        atol: 1e-15,
      });
    // The same example twice, by two keys: two gradients; by one key: one.
    expect(all.slice(p, 2 * p)).not.toEqual(all.slice(3 * p, 4 * p));
    const twice = await gradients({ ...whole, keys: keys.map(() => 7n) });
    expect(twice.slice(p, 2 * p)).toBeAllclose(twice.slice(3 * p, 4 * p), { atol: 1e-16 });
  });

  it("are drawn anew at every step of gradient descent, and the same again from the same seed", async () => {
    const { task, params, batches } = await smallTask({
      dropout: 0.3,
      optimizer: { label: "", name: "gd", options: { lr: 0.1 } },
      steps: 4,
    });
    const plain = batches.map(({ indices, weights }) => ({ indices, weights }));
    const trained = (seed: number) => trainInMemory(task, { params, batches: plain, seed });
    const [first, second, other] = [await trained(4), await trained(4), await trained(5)];
    expect(await runHash(first)).toBe(await runHash(second));
    expect(await runHash(first)).not.toBe(await runHash(other));
    expect(new Set(first.batches.flatMap(({ keys: own }) => [...(own as BigInt64Array)])).size).toBe(4 * 24);
    expect(first.batches.map(({ keys: own }) => own)).toEqual([...keyedBatches(plain, 4)].map(({ keys: own }) => own));
    expect(first.manifest).toMatchObject({ seed: 4, random: { generator: "philox4x32-10", dropout: [0.3, 0.3] } });
  });

  it("are met again by a replay from two checkpoints, and where the layers before are frozen", async () => {
    for (const trainable of [undefined, ["layers.2.weight", "layers.2.bias"]]) {
      const made = await smallTask({ dropout: 0.4, steps: 6, ...(trainable && { trainable }) });
      const run = await trainInMemory(made.task, { ...made, checkpointEvery: 6 });
      const report = await replay(made.task, run);
      expect([report.exact, report.replayed]).toEqual([true, 6]);
      const whole6 = await trainInMemory((await smallTask({ dropout: 0.4, steps: 6 })).task, made);
      expect(run.scalars[0].loss).toBeCloseTo(whole6.scalars[0].loss, 14);
      const explanation = await explain(made.task, run, {
        queries: datasetQueries(made.task, "test:0-1"),
        tolerance: 1e-10,
      });
      expect(verdictOf(explanation, "float64").passed).toBe(true);
    }
  });

  it("cannot be made of a batch without keys", async () => {
    const { task, params } = await smallTask({ dropout: 0.4 });
    const batch = meanBatch(Int32Array.of(0, 1));
    const gradients = new ExampleGradients(task).of(trainableOf(task, params, "float64"), batch, [0, 1], () => {});
    expect(await errorOf(() => gradients)).toBe(
      "RangeError: a batch must have one key an index for a model with dropout, got 0 for 2",
    );
  });
});

describe("a loop of its own", () => {
  it("is recorded with the keys of its masks, and refused without them; parameters alone need none", async () => {
    const made = await smallTask({ dropout: 0.4, steps: 3 });
    const { task, params, batches } = made;
    const trained = await trainInMemory(task, made);
    const afterStep = async (s: number) => (await trained.checkpoint(s + 1)).params as RealArray;
    const recorder = await record(task, { params });
    for (const [s, batch] of batches.entries())
      await recorder.step({ batch, stepSize: 0.05, after: await afterStep(s) });
    const { run, tier, jumps } = await recorder.finish();
    expect([tier, jumps.map(({ size }) => size)]).toEqual(["steps", [0, 0, 0]]);
    expect(await runHash(run)).toBe(await runHash(trained));
    const { indices, weights } = batches[0];
    const without = await record(task, { params });
    const after = await afterStep(0);
    expect(await errorOf(() => without.step({ batch: { indices, weights }, stepSize: 0.05, after }))).toContain(
      "record: batches must have keys, by which the masks of a model with dropout are drawn, got none at step 0; a loop with masks of its own is recorded without batches",
    );
    const alone = await record(task, { params });
    await alone.step({ after });
    expect((await alone.finish()).tier).toBe("parameters");
  });
});

describe("a training on disk", () => {
  const folder = useTemporaryFolder();
  const request = (changed: Partial<TrainingRequest> = {}): TrainingRequest => ({
    data: "digits",
    limit: 40,
    model: "mlp:5:tanh:dropout=0.3",
    loss: "cross-entropy",
    optimizer: "momentum",
    optimizerOptions: { lr: 0.1 },
    batchSize: 16,
    epochs: 3,
    seed: 3,
    dtype: "float64",
    threads: 1,
    checkpointBudget: 0,
    out: folder.at("a.pkrun"),
    ...changed,
  });

  it("goes on to the bits of one that was never interrupted, opens again, and replays", async () => {
    const whole = await runTraining(request({ out: folder.at("whole.pkrun") }));
    await whole.task.engine.release();
    const stopper = new AbortController();
    const stopped = await runTraining(
      request({ signal: stopper.signal, onProgress: ({ done }) => void (done === 4 && stopper.abort()) }),
    );
    await stopped.task.engine.release();
    const { run, task } = await resumeTraining({ run: folder.at("a.pkrun") });
    await task.engine.release();
    expect(await runHash(run)).toBe(await runHash(whole.run));
    const opened = await reopenTask(run);
    expect((await replay(opened, run)).exact).toBe(true);
    const explanation = await explain(opened, run, { queries: datasetQueries(opened, "test:0"), tolerance: 1e-10 });
    expect(verdictOf(explanation, "float64").passed).toBe(true);
    await opened.engine.release();
    const { model, random } = run.manifest;
    expect([model.spec, random?.dropout]).toEqual(["mlp:5:tanh:dropout=0.3", [0.3]]);
    const foreign = { ...run, manifest: { ...run.manifest, random: { generator: "other", dropout: [0.3] } } };
    expect(await errorOf(() => reopenTask(foreign))).toContain("masks must be of philox4x32-10, got those of other");
    const changed = { ...run, manifest: { ...run.manifest, random: { generator: "philox4x32-10", dropout: [0.4] } } };
    expect(await errorOf(() => reopenTask(changed))).toContain("must have the dropout 0.4 of the manifest, got 0.3");
  });
});

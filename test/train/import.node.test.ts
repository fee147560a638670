import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { recordingOf } from "../../src/run/recording.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import type { Run } from "../../src/run/types.ts";
import { type ImportRequest, importRun } from "../../src/train/import.node.ts";
import { planImport } from "../../src/train/import-plan.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { batchesFile, type LoopFolder, writeLoopFolder } from "../helpers/loop-folder.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type Loop, smallLoop } from "../helpers/recorded-loop.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();
let loop: Loop;
beforeAll(async () => {
  loop = await smallLoop({ optimizer: optimizerChoice("adamw"), loss: "cross-entropy", hidden: [5] });
});

const written = (options = {}): Promise<LoopFolder> => writeLoopFolder(folder.at("loop"), loop, options);
const imported = (more: Partial<ImportRequest> = {}) =>
  importRun({ directory: folder.at("loop"), out: folder.at("loop.pkrun"), threads: 1, ...more });

/** Contributions of three test examples, from the run as another process opens it. */
async function contributionsOf(run: Run): Promise<Float64Array> {
  const task = await reopenTask(run);
  const explanation = await explain(task, run, { queries: datasetQueries(task, "test:0-2"), tolerance: 1e-8 });
  await task.engine.release();
  expect(verdictOf(explanation, run.manifest.dtype).passed).toBe(true);
  return explanation.contributions;
}

const trainedHere = async (): Promise<Float64Array> =>
  (await explain(loop.task, loop.run, { queries: datasetQueries(loop.task, "test:0-2"), tolerance: 1e-8 }))
    .contributions;

describe("importRun(request)", () => {
  it.each([
    ["derived", {}],
    ["recorded", { withState: true }],
  ])("makes a run that explains as the training did, the optimizer's state %s", async (state, options) => {
    await written(options);
    const { tier, jumps, ...own } = await imported();
    expect({ tier, state: own.state, by: own.by }).toEqual({ tier: "steps", state, by: "a test" });
    expect(jumps.every(({ size }) => size === 0)).toBe(true);
    const run = await openRun(folder.at("loop.pkrun"));
    expect(run.manifest).toMatchObject({
      status: "complete",
      steps: 8,
      optimizer: { name: "adamw", options: loop.task.optimizer.options },
      model: { trainable: loop.run.manifest.model.trainable },
      recording: { by: "a test", state },
    });
    expect((await run.checkpoint(8)).buffers).toEqual((await loop.run.checkpoint(8)).buffers);
    expect(await contributionsOf(run)).toBeAllclose(await trainedHere(), { atol: 1e-14 });
  });

  it.each([
    ["norm 0.4", { norm: 0.4 }, ["l1:0.01"]],
    ["value 0.05", { value: 0.05 }, ["distance:0.2", "elastic:0.01,0.02"]],
  ])("takes a loop that clips by %s and adds regularisers to its loss as it was", async (_, clipping, regularisers) => {
    const optimizer = { label: "", name: "adam", options: { lr: 0.02, weightDecay: 0.1 }, clipping, regularisers };
    const clipped = await smallLoop({ optimizer, loss: "cross-entropy", hidden: [5] });
    const { write } = await writeLoopFolder(folder.at("loop"), clipped, { withState: true });
    const { jumps } = await imported();
    expect(jumps.every(({ size }) => size === 0)).toBe(true);
    const run = await openRun(folder.at("loop.pkrun"));
    expect(run.manifest.clipping).toEqual(clipped.run.manifest.clipping);
    expect(run.manifest.regularisers).toEqual(clipped.run.manifest.regularisers);
    const queries = datasetQueries(clipped.task, "test:0-2");
    const { contributions } = await explain(clipped.task, clipped.run, { queries, tolerance: 1e-8 });
    expect(await contributionsOf(run)).toBeAllclose(contributions, { atol: 1e-14 });
    write("run.json", JSON.stringify({ schema: "pathkernel.import/1", loss: { name: "mse" }, regularisers: ["l3:1"] }));
    await expect(imported({ force: true })).rejects.toThrow("run.json: name must be one of l2, l1");
  });

  it("takes parameters at some steps, regular ones, and says which are left out", async () => {
    await written({ states: [0, 2, 3, 4, 6, 8], withState: true });
    const notes: string[] = [];
    const { tier, run } = await imported({ note: (line) => notes.push(line) });
    expect([tier, run.checkpoints]).toEqual(["intervals", [0, 2, 4, 6, 8]]);
    expect(notes).toEqual(["states before steps 3 are left out: those before every 2 steps are taken"]);
    expect(await contributionsOf(run)).toBeAllclose(await trainedHere(), { atol: 1e-14 });
  });

  it("takes parameters alone where batches are missing; the run knows the loop's own steps", async () => {
    const { write } = await written({ states: [0, 3, 8] });
    write("batches.npz", undefined);
    write("optimizer.json", undefined);
    const { run } = await imported();
    expect(recordingOf(run)).toMatchObject({ tier: "parameters", loopSteps: [0, 3, 8] });
    expect(run.manifest.optimizer).toEqual({ name: "unrecorded", options: {} });
    const task = await reopenTask(run);
    expect((await run.checkpoint(1)).params).toEqual((await loop.run.checkpoint(3)).params);
    await expect(contributionsOf(run)).rejects.toThrow("explain: the run must have its batches");
    await task.engine.release();
  });

  it("reads batches from tables and flat arrays, and weights as they are given or as the reduction says", async () => {
    const { write } = await written();
    const indices = loop.run.batches.flatMap((batch) => [...batch.indices]);
    const offsets = Array.from({ length: 9 }, (_, s) => 4 * s);
    write(
      "batches.npz",
      batchesFile(
        indices,
        offsets,
        indices.map(() => 0.25),
      ),
    );
    const given = (await imported()).run.batches;
    expect(given).toEqual(loop.run.batches);
    write("batches.npz", undefined);
    write("batches.npy", encodeNpy(integers([8, 4], indices)));
    expect((await imported({ force: true })).run.batches).toEqual(given);
    write("batches.npy", undefined);
    write("indices.npy", encodeNpy(integers([32], indices)));
    write("offsets.npy", encodeNpy(integers([9], offsets)));
    const about = { schema: "pathkernel.import/1", loss: { name: "CrossEntropyLoss", reduction: "sum" } };
    write("run.json", JSON.stringify(about));
    const summed = await imported({ force: true });
    expect(summed.run.batches[0].weights).toEqual(Float64Array.of(1, 1, 1, 1));
    // The loop took the mean: four times the gradient is another step for adamw only by its decay and eps, but another first moment.
    expect(summed.run.scalars[0].loss).toBeAllclose(4 * loop.run.scalars[0].loss, { rtol: 1e-12 });
  });

  it("widens to float64, and refuses to narrow", async () => {
    const single = await smallLoop({ dtype: "float32", hidden: [4], steps: 3 });
    await writeLoopFolder(folder.at("loop"), single);
    const { run } = await imported({ dtype: "float64" });
    expect((await run.checkpoint(2)).params).toEqual(Float64Array.from((await single.run.checkpoint(2)).params));
    expect(run.manifest.dtype).toBe("float64");
    await contributionsOf(run);
    await written();
    await expect(imported({ dtype: "float32" })).rejects.toThrow(
      "dtype must be float64 for parameters that were recorded in it",
    );
  });

  it("tells of recorded parameters that do not reach the output, and takes labels of which some do not occur", async () => {
    const { write } = await written({ states: [0, 8] });
    for (const step of [0, 8]) {
      const { params } = await loop.run.checkpoint(step);
      const own = Object.fromEntries(
        loop.task.layout.entries.map(({ name, shape, offset, size }) => [
          name,
          reals(shape, params.subarray(offset, offset + size)),
        ]),
      );
      write(`checkpoints/0000000${step}.safetensors`, encodeSafetensors({ ...own, unused: reals([2], [1, 2]) }));
    }
    const { x } = loop.task.dataset.train;
    write("data.npz", encodeNpz({ x_train: x, y_train: integers([12], new Array(12).fill(2)) }));
    const notes: string[] = [];
    const { run } = await imported({ note: (line) => notes.push(line) });
    expect(notes).toEqual(["recorded parameters that do not reach the output: unused"]);
    expect(run.manifest.data.classes).toEqual(["0", "1", "2"]);
    await (await reopenTask(run)).engine.release();
  });

  it("refuses a model with dropout where batches are known, and takes its parameters where they are not", async () => {
    const dropping = await smallLoop({ dropout: 0.5, hidden: [5], loss: "cross-entropy" });
    const { write } = await writeLoopFolder(folder.at("loop"), dropping);
    await expect(imported()).rejects.toThrow(
      "loop/model.onnx must have no dropout in training mode: the masks of another program are not recorded",
    );
    write("batches.npz", undefined);
    expect((await imported()).tier).toBe("parameters");
    expect((await openRun(folder.at("loop.pkrun"))).manifest.random?.dropout).toEqual([0.5]);
  });

  it("is broken off by its signal and leaves no run", async () => {
    await written();
    await expect(imported({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    await expect(openRun(folder.at("loop.pkrun"))).rejects.toThrow("no run at");
  });

  const json = (value: unknown) => JSON.stringify(value);
  const about = (loss: unknown) => json({ schema: "pathkernel.import/1", loss });
  const adamw = (more: object) => json({ name: "AdamW", options: {}, lr: 0.01, ...more });

  it.each<[string, string, string | Uint8Array | undefined, RegExp]>([
    ["no run.json", "run.json", undefined, /cannot read .*run.json: no such file/],
    ["no model", "model.onnx", undefined, /cannot read .*model.onnx: no such file/],
    ["no JSON", "run.json", "{", /run.json must be JSON, got 1 characters that are not/],
    ["another schema", "run.json", json({ schema: "x" }), /run.json: schema must be "pathkernel.import\/1", got "x"/],
    [
      "no loss",
      "run.json",
      json({ schema: "pathkernel.import/1" }),
      /run.json: loss must be an object with its name and reduction, got none/,
    ],
    [
      "another loss",
      "run.json",
      about({ name: "TripletMarginLoss" }),
      /the loss must be one of MSELoss, .*, got TripletMarginLoss/,
    ],
    [
      "another reduction",
      "run.json",
      about({ name: "mse", reduction: "max" }),
      /loss.reduction must be mean, sum or none, got "max"/,
    ],
    [
      "no weights where there is no reduction",
      "run.json",
      about({ name: "cross-entropy", reduction: "none" }),
      /batches must have weights/,
    ],
    [
      "another optimizer",
      "optimizer.json",
      adamw({ name: "LBFGS" }),
      /optimizer.json: name must be one of gd, sgd, .*, got LBFGS/,
    ],
    [
      "an unknown option",
      "optimizer.json",
      adamw({ options: { trust: 1 } }),
      /options of adamw must be among .*, got trust/,
    ],
    [
      "an option of another kind",
      "optimizer.json",
      adamw({ options: { eps: "small" } }),
      /options.eps must be a number, a list of them, true or false, got "small"/,
    ],
    ["ascent", "optimizer.json", adamw({ options: { maximize: true } }), /maximize must be false, got true/],
    ["too few rates", "optimizer.json", adamw({ lr: [0.1] }), /must have an lr for each of 8 steps, got 1/],
    ["a negative rate", "optimizer.json", adamw({ lr: -1 }), /lr must be a number >= 0, or one for each step, got -1/],
    [
      "stray examples",
      "batches.npz",
      batchesFile([99], [0, ...new Array(8).fill(1)]),
      /training examples 0..11, got 99 at step 0/,
    ],
    [
      "offsets that fall",
      "batches.npz",
      batchesFile([1, 2], [0, 2, 1, 2]),
      /offsets must rise from 0 to the 2 indices/,
    ],
    [
      "too few weights",
      "batches.npz",
      batchesFile([1, 2], [0, 2], [1]),
      /weights must be one for each of 2 indices, got 1/,
    ],
    [
      "batches of fewer steps",
      "batches.npz",
      batchesFile([1, 2], [0, 1, 2]),
      /within the 2 steps that have a batch, got one after 8/,
    ],
    [
      "fractions",
      "batches.npz",
      encodeNpz({ indices: reals([1], [0]), offsets: integers([2], [0, 1]) }),
      /indices must be whole numbers, got float64/,
    ],
    [
      "no first state",
      "checkpoints/00000000.safetensors",
      undefined,
      /must hold the parameters before step 0 .*, got 8 from step 1 on/,
    ],
    ["a damaged state", "checkpoints/00000003.safetensors", "text", /00000003.safetensors: a safetensors file must/],
    [
      "a state of other shapes",
      "checkpoints/00000003.safetensors",
      encodeSafetensors({ "layers.0.weight": reals([1], [1]) }),
      /the state before step 3 must hold layers.0.weight, floats of shape \[5,2\], got float64 \[1\]/,
    ],
    [
      "a state that is not finite",
      "checkpoints/00000003.safetensors",
      encodeSafetensors({ w: reals([1], [Number.NaN]) }),
      /w must be finite, got NaN at 0/,
    ],
    [
      "other outputs",
      "probe.npz",
      encodeNpz({ x: reals([1, 2], [0, 1]), y: reals([1, 3], [9, 9, 9]) }),
      /must give the 3 outputs of probe.npz at the first state, got .* away/,
    ],
    ["half a probe", "probe.npz", encodeNpz({ x: reals([1, 2], [0, 1]) }), /probe.npz must hold x and y, got x/],
    ["no data", "data.npz", undefined, /loop must hold data.npz, or x.npy and y.npy, got none of them/],
  ])("refuses a folder with %s, by name", async (_, name, content, message) => {
    (await written()).write(name, content);
    // No time passes: what was read before the fault is kept where reading it took longer than a flush is waited for.
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now());
    onTestFinished(() => clock.mockRestore());
    await expect(imported()).rejects.toThrow(message);
    await expect(openRun(folder.at("loop.pkrun"))).rejects.toThrow("no run at");
  });

  it("refuses a folder that is none", async () => {
    await expect(imported()).rejects.toThrow(/cannot read .*loop: no such file or folder/);
    folder.write("loop", "");
    await expect(imported()).rejects.toThrow(/loop/);
  });
});

describe("planImport(contents)", () => {
  const plan = (states: readonly number[], steps: number) =>
    planImport({ path: "p", states, batches: { offsets: new Int32Array(steps + 1) }, optimizer: { lr: 0.1 } });

  it("takes states at the smallest interval that has all of its own, and the last", () => {
    expect(plan([0, 1, 2, 3], 3)).toMatchObject({ steps: 3, checkpointEvery: 1, notes: [] });
    expect(plan([0, 10, 20, 25], 25)).toMatchObject({ steps: 25, checkpointEvery: 10, notes: [] });
    expect(plan([0, 3, 7], 7).checkpointEvery).toBe(7);
  });

  it("ends at the last state", () => {
    const { steps, rates, notes } = plan([0, 1, 2], 5);
    expect({ steps, rates }).toEqual({ steps: 2, rates: [0.1, 0.1] });
    expect(notes).toEqual(["steps after 1 are left out, since no later state of the parameters is recorded"]);
  });
});

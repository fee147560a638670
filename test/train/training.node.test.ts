// From a request to a record on disk: on a few of the bundled digits, and on tables made here.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cpuOf } from "../../src/engine/cpu.node.ts";
import { DivergedError } from "../../src/errors.ts";
import { writeOnnx } from "../../src/graph/onnx/writer.ts";
import { mlp } from "../../src/models/mlp.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { encodeNpz } from "../../src/numeric/npz.ts";
import { generatorName, randomFrom } from "../../src/numeric/random.ts";
import { sha256 } from "../../src/numeric/sha256.node.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { meanBatch, shuffledBatches } from "../../src/train/batches.ts";
import { runTraining, type TrainingRequest } from "../../src/train/training.node.ts";
import { SOFTWARE } from "../../src/version.ts";
import { errorOf } from "../helpers/errors.ts";
import { startOf } from "../helpers/tasks.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();

const request = (changed: Partial<TrainingRequest> = {}): TrainingRequest => ({
  data: "digits",
  limit: 40,
  model: "mlp:4:tanh",
  loss: "cross-entropy",
  optimizer: "sgd",
  optimizerOptions: { lr: 0.1 },
  batchSize: 16,
  epochs: 1,
  seed: 3,
  dtype: "float64",
  threads: 1,
  out: folder.at("a.pkrun"),
  ...changed,
});

async function trained(changed: Partial<TrainingRequest> = {}) {
  const result = await runTraining(request(changed));
  await result.task.engine.release();
  return result;
}

/** Runs a request that must be refused before anything is written; what it says, without the folder. */
async function refusal(changed: Partial<TrainingRequest>): Promise<string> {
  const before = readdirSync(folder.at());
  const message = await errorOf(() => runTraining(request(changed)), folder.at());
  expect(readdirSync(folder.at())).toEqual(before);
  return message;
}

/** Every file of a run by its name, the date of its manifest taken out. */
function record(name: string): Record<string, string> {
  const files = readdirSync(folder.at(name), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      const bytes = readFileSync(path).toString("latin1");
      return [path.slice(folder.at(name).length), bytes.replace(/("createdAt": *)"[^"]*"/, '$1""')];
    }),
  );
}

/** Six rows in two classes, or with two numbers as targets. */
function table(targets: "classes" | "numbers"): string {
  const x = reals([6, 2], [0.1, 1, 0.2, -1, 0.3, 1, -0.1, -1, -0.2, 1, -0.3, -1]);
  const y =
    targets === "classes" ? integers([6], [0, 1, 0, 1, 0, 1]) : reals([6, 2], [1, 0, 0, 1, 1, 1, 0, 0, 2, 1, 1, 2]);
  return folder.write(`${targets}.npz`, encodeNpz({ x_train: x, y_train: y, x_test: x, y_test: y }));
}

describe("runTraining(request)", () => {
  it("trains, records to disk, and says how good the model is", async () => {
    const { result, run, task, accuracy } = await trained({ epochs: 20 });
    expect(result).toMatchObject({ steps: 60, status: "complete" });
    expect(result.loss).toBeLessThan(run.scalars[0].loss);
    expect(run.path).toBe(folder.at("a.pkrun"));
    expect(run.batches.slice(0, 3).map(({ indices }) => indices.length)).toEqual([16, 16, 8]);
    expect(task.outputs).toBe(10);
    expect(accuracy!.train).toBeGreaterThan(0.5);
    expect(accuracy!.test).toBeGreaterThan(0.1);
    expect(await openRun(folder.at("a.pkrun"))).toMatchObject({ manifest: run.manifest, checkpoints: run.checkpoints });
  });

  it("writes down all that a reader must know", async () => {
    const { run, task } = await trained({ model: "cnn:2:0", optimizer: "adam", optimizerOptions: {}, steps: 2 });
    expect(run.manifest).toMatchObject({
      schema: "pathkernel.run/1",
      software: SOFTWARE,
      dtype: "float64",
      seed: 3,
      generator: generatorName,
      engine: { ...task.engine.info, cpu: cpuOf() },
      model: { spec: "cnn:2:0", parameters: run.layout.entries.map(({ name }) => name) },
      loss: "cross-entropy",
      reduction: "mean",
      schedule: { name: "constant", options: { stepSize: 1e-3 } },
      sampling: { name: "shuffled", file: null, sha256: null },
      optimizer: { name: "adam", options: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 } },
      data: { source: "digits", limit: 40, sha256: task.dataset.sha256, task: "classification", trainExamples: 40 },
      batchSize: 16,
      plannedSteps: 2,
      steps: 2,
      status: "complete",
      checkpointEvery: 1,
    });
    expect(Math.abs(Date.now() - Date.parse(run.manifest.createdAt))).toBeLessThan(60_000);
  });

  it("writes the same bytes for the same request, but for the date; other bytes for another seed", async () => {
    for (const out of ["a.pkrun", "b.pkrun"]) await trained({ out: folder.at(out), dtype: "float32" });
    await trained({ out: folder.at("c.pkrun"), dtype: "float32", seed: 4 });
    const [a, b, c] = ["a.pkrun", "b.pkrun", "c.pkrun"].map(record);
    expect(Object.keys(a).length).toBeGreaterThan(5);
    expect(b).toEqual(a);
    const alike = Object.keys(a).filter((file) => c[file] === a[file]);
    expect(alike.sort()).toEqual(["/batches/ranges.npy", "/batches/weights.npy", "/scalars/step-size.npy"]);
  });

  it("draws parameters and batches from streams of the seed with these names", async () => {
    const first = await trained();
    const { model } = first.task;
    const [forParameters, forBatches] = [randomFrom(3, "parameters"), randomFrom(3, "batches")];
    const params = new Float64Array(model.parameters.size);
    model.initialise(params, () => forParameters.uniform());
    expect((await first.run.checkpoint(0)).params).toEqual(params);
    expect(first.run.batches).toEqual([...shuffledBatches({ examples: 40, batchSize: 16, epochs: 1 }, forBatches)]);
    const second = await trained({ out: folder.at("b.pkrun"), batchSize: 7 });
    expect((await second.run.checkpoint(0)).params).toEqual((await first.run.checkpoint(0)).params);
  });

  it("keeps fewer checkpoints where the budget says so", async () => {
    const { run } = await trained({ steps: 9, checkpointBudget: 3 * 4096 });
    expect(run.manifest.checkpointEvery).toBe(5);
    expect(run.checkpoints).toEqual([0, 5, 9]);
  });

  it("takes the batches of a file, 64 examples where nothing is said, and all of them under gd", async () => {
    const batches = folder.write("b.npy", encodeNpy(integers([2, 3], [5, 5, 39, 0, 1, 2])));
    const given = await trained({ batches, batchSize: undefined, epochs: undefined });
    expect(given.run.batches).toEqual([meanBatch(Int32Array.of(5, 5, 39)), meanBatch(Int32Array.of(0, 1, 2))]);
    const sampling = { name: "file", file: batches, sha256: sha256(readFileSync(batches)) };
    expect(given.run.manifest).toMatchObject({ batchSize: 3, plannedSteps: 2, sampling });
    const out = folder.at("b.pkrun");
    const usual = await trained({ out, limit: 70, batchSize: undefined });
    expect(usual.run.batches.map(({ indices }) => indices.length)).toEqual([64, 6]);
    const all = await trained({ out: folder.at("c.pkrun"), optimizer: "gd", batchSize: undefined, steps: 2 });
    const everything = meanBatch(Int32Array.from({ length: 40 }, (_, n) => n));
    expect(all.run.batches).toEqual([everything, everything]);
    expect(all.run.manifest.sampling?.name).toBe("full");
  });

  it("trains the parameters that match, and leaves the others", async () => {
    const { run, task } = await trained({ trainable: ["layers.1.*"] });
    expect(run.manifest.model.trainable).toEqual(["layers.1.weight", "layers.1.bias"]);
    expect(run.layout.size).toBe(4 * 10 + 10);
    expect(Object.keys(task.frozen)).toEqual(["layers.0.weight", "layers.0.bias"]);
  });

  it("gives a model one output for two classes under binary cross-entropy, and a target's width under regression", async () => {
    const classes = { data: table("classes"), limit: undefined, batchSize: 2 };
    const one = await trained({ ...classes, loss: "binary-cross-entropy" });
    expect([one.task.outputs, one.accuracy!.train]).toEqual([1, expect.any(Number)]);
    const two = await trained({ ...classes, out: folder.at("b.pkrun"), loss: "mse" });
    expect(two.task.outputs).toBe(2);
    const numbers = { ...classes, data: table("numbers"), out: folder.at("c.pkrun"), loss: "mse" };
    const regression = await trained(numbers);
    expect([regression.task.outputs, regression.accuracy]).toEqual([2, undefined]);
  });

  it("starts a model from the parameters in its file", async () => {
    const model = mlp({ inputShape: [2], outputs: 2, hidden: [3], activation: "tanh" });
    const params = startOf(model, "float64", 9);
    const bytes = writeOnnx(model.graph, { real: "float64", initializers: viewsOf(model.parameters, params) });
    const file = folder.write("m.onnx", bytes);
    const { run } = await trained({ data: table("classes"), limit: undefined, model: file });
    expect(run.manifest.model).toMatchObject({
      spec: file,
      trainable: model.parameters.entries.map(({ name }) => name),
    });
    expect((await run.checkpoint(0)).params).toEqual(params);
    const some = { model: file, parameters: "layers\\.1", out: folder.at("b.pkrun") };
    const { run: part } = await trained({ data: table("classes"), limit: undefined, ...some });
    expect(part.layout.entries.map(({ name }) => name)).toEqual(["layers.1.weight", "layers.1.bias"]);
    expect((await part.checkpoint(0)).params).toEqual(params.slice(9));
  });

  it("stops when it is aborted, with a run that can be read", async () => {
    const stopper = new AbortController();
    const stop = ({ done }: { done: number }) => done === 2 && stopper.abort();
    const { result, run } = await trained({ epochs: 5, signal: stopper.signal, onProgress: stop });
    expect(result).toMatchObject({ status: "interrupted", steps: 2 });
    const read = await openRun(folder.at("a.pkrun"));
    expect(read.manifest).toMatchObject({ status: "interrupted", steps: 2, plannedSteps: 15 });
    expect(await read.checkpoint(2)).toEqual(await run.checkpoint(2));
  });

  it("stops where training diverges, and keeps the finite record", async () => {
    const diverging = request({ loss: "mse", optimizerOptions: { lr: 1e6 }, epochs: 200, dtype: "float32" });
    const error: unknown = await runTraining(diverging).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DivergedError);
    const { step } = error as DivergedError;
    const run = await openRun(folder.at("a.pkrun"));
    expect(run.manifest).toMatchObject({ status: "diverged", steps: step });
    const { params } = await run.checkpoint(step);
    expect(params.every(Number.isFinite)).toBe(true);
  });
});

describe("what runTraining refuses, leaving nothing behind", () => {
  it.each<[string, Partial<TrainingRequest>, RegExp]>([
    ["a missing data file", { data: "none.npz" }, /^FileError: cannot read none\.npz: no such file/],
    ["an unknown data source", { data: "digit" }, /^RangeError: .*got digit \(did you mean digits\?\)$/],
    ["a missing model file", { model: "none.onnx" }, /^FileError: cannot read none\.onnx: no such file/],
    ["a missing batches file", { batches: "none.npy" }, /^FileError: cannot read none\.npy: no such file/],
    ["an unknown model", { model: "lenet" }, /^RangeError: model must be .*, got "lenet"$/],
    ["an unknown loss", { loss: "zero-one" }, /^RangeError: loss must be one of .*, got "zero-one"$/],
    ["an unknown optimizer", { optimizer: "lion" }, /^RangeError: createOptimizer: name must be one of .*, got lion$/],
    [
      "a pattern that matches nothing",
      { trainable: ["head.*"] },
      /^RangeError: trainable: pattern head\.\* must match/,
    ],
    [
      "a batch size under gd",
      { optimizer: "gd" },
      /^RangeError: gd takes all examples at every step: a batch size must not be given \(use sgd\)$/,
    ],
    ["a batch size of 0", { batchSize: 0 }, /^RangeError: batches: batchSize must be a positive integer, got 0$/],
    ["no step", { steps: 0 }, /^RangeError: batches: steps must be a positive integer, got 0$/],
    ["an image too small for the model", { model: "cnn:2,2,2,2" }, /^RangeError: cnn: images must have at least 16/],
    [
      "a loss that does not fit the outputs",
      { data: "numbers.npz" },
      /^InvalidDataError: loss cross-entropy needs class labels/,
    ],
  ])("%s", async (_what, changed, message) => {
    const numbers = table("numbers");
    const data = changed.data === "numbers.npz" ? numbers : (changed.data ?? "digits");
    expect(await refusal({ ...changed, data })).toMatch(message);
  });

  it("batches with an index that is no example", async () => {
    const batches = folder.write("b.npy", encodeNpy(integers([1, 2], [0, 40])));
    expect(await refusal({ batches })).toBe(
      "InvalidDataError: b.npy: training indices must lie in 0..39, got 40 at step 0",
    );
  });

  it("a model file that is fed something else", async () => {
    const model = mlp({ inputShape: [3], outputs: 10, hidden: [], activation: "tanh" });
    const initializers = viewsOf(model.parameters, startOf(model, "float64", 1));
    const file = folder.write("m.onnx", writeOnnx(model.graph, { real: "float64", initializers }));
    expect(await refusal({ model: file })).toBe(
      "InvalidDataError: m.onnx must be fed examples of shape [3], got [1,8,8] from digits",
    );
  });

  it("a name that is taken, unless it is forced, and then only by a run", async () => {
    await trained();
    const before = record("a.pkrun");
    expect(await refusal({ seed: 4 })).toMatch(/^FileError: cannot make the run a\.pkrun: a run has that name/);
    expect(record("a.pkrun")).toEqual(before);
    await trained({ seed: 4, force: true });
    expect(record("a.pkrun")).not.toEqual(before);
    const file = folder.write("file", "mine");
    expect(await refusal({ out: file, force: true })).toMatch(/^FileError: cannot make the run file: a file has that/);
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(existsSync(folder.at("a.pkrun"))).toBe(true);
  });
});

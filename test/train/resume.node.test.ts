// Going on with a training: the end is that of one that was never interrupted, and what would make it another is said before.

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { integers } from "../../src/numeric/tensor.ts";
import { runHash } from "../../src/run/run-hash.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { type ResumeRequest, resumeTraining } from "../../src/train/resume.node.ts";
import { runTraining, type TrainingRequest } from "../../src/train/training.node.ts";
import { errorOf } from "../helpers/errors.ts";
import { ROOT } from "../helpers/sources.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();

const request = (changed: Partial<TrainingRequest> = {}): TrainingRequest => ({
  data: "digits",
  limit: 40,
  model: "mlp:4:tanh",
  loss: "cross-entropy",
  optimizer: "momentum",
  optimizerOptions: { lr: 0.1 },
  batchSize: 16,
  epochs: 4, // 12 steps
  seed: 3,
  dtype: "float64",
  threads: 1,
  checkpointBudget: 8 * 4096, // not one a step
  out: folder.at("a.pkrun"),
  ...changed,
});

async function trained(changed: Partial<TrainingRequest> = {}) {
  const { run, task } = await runTraining(request(changed));
  await task.engine.release();
  return run;
}

async function resumed(changed: Partial<ResumeRequest> = {}) {
  const { run, task, result } = await resumeTraining({ run: folder.at("a.pkrun"), ...changed });
  await task.engine.release();
  return { run, result };
}

/** Stops after so many steps. */
function stopAfter(steps: number) {
  const stopper = new AbortController();
  return { signal: stopper.signal, onProgress: ({ done }: { done: number }) => done === steps && stopper.abort() };
}

const GONE = "the process is gone";
/** Fails after so many steps, with all of them flushed, as a process that is killed leaves it. */
const dieAfter = (steps: number) => ({
  flushEvery: -1,
  onProgress: ({ done }: { done: number }) => {
    if (done === steps) throw new Error(GONE);
  },
});

describe("resumeTraining(run)", () => {
  it.each<Partial<TrainingRequest>>([
    { optimizer: "momentum", dtype: "float64" },
    { optimizer: "adam", dtype: "float32", optimizerOptions: { lr: 0.01 } },
    { optimizer: "sgd", dtype: "float32" }, // its steps are taken in the engine
    { optimizer: "gd", dtype: "float64", batchSize: undefined, epochs: undefined, steps: 12 },
    { optimizer: "adam", schedule: "cosine:warmup=3", optimizerOptions: { lr: 0.01 } },
  ])("ends as a training that was never interrupted: $optimizer, $dtype", async (changed) => {
    const whole = await trained({ ...changed, out: folder.at("whole.pkrun") });
    await trained({ ...changed, ...stopAfter(5) });
    expect((await openRun(folder.at("a.pkrun"))).manifest).toMatchObject({ status: "interrupted", steps: 5 });
    const stopped = await resumed(stopAfter(7));
    expect(stopped.result).toMatchObject({ status: "interrupted", steps: 7 });
    await expect(resumed(dieAfter(8))).rejects.toThrow(GONE);
    const { manifest } = await openRun(folder.at("a.pkrun"));
    expect(manifest).toMatchObject({ status: "running", steps: 8 });
    const { run, result } = await resumed();
    expect(result).toMatchObject({ status: "complete", steps: 12, loss: run.scalars[11].loss });
    expect(await runHash(run)).toBe(await runHash(whole));
    expect(whole.checkpoints.length).toBeLessThan(8);
    expect(run.checkpoints).toEqual(whole.checkpoints);
    expect(run.manifest.resumed?.map(({ step }) => step)).toEqual([5, 7, 8]);
  });

  it("goes on with several batches a step and with weights of examples, and refuses other weights", async () => {
    const weights = (of: (i: number) => number) =>
      folder.write("w.csv", `name,weight\n${Array.from({ length: 40 }, (_, i) => `${i},${of(i)}`).join("\n")}\n`);
    weights((i) => i % 4);
    const given = { accumulate: 2, exampleWeights: `${folder.at("w.csv")}:weight`, batchSize: 9, epochs: 3 };
    const whole = await trained({ ...given, out: folder.at("whole.pkrun") });
    // 15 batches of at most 9: the last one fills no step.
    expect(whole.manifest).toMatchObject({ steps: 7, plannedSteps: 7, batchSize: 18, reduction: "weighted" });
    const [{ indices, weights: first }] = whole.batches;
    expect(first).toEqual(Float64Array.from(indices, (i) => (i % 4) / 18));
    await trained({ ...given, ...stopAfter(3) });
    cpSync(folder.at("a.pkrun"), folder.at("b.pkrun"), { recursive: true });
    expect(await runHash((await resumed()).run)).toBe(await runHash(whole));
    weights((i) => i % 5);
    expect(await errorOf(() => resumed({ run: folder.at("b.pkrun") }), folder.at())).toBe(
      "InvalidDataError: w.csv:weight: must be the example weights of b.pkrun, got another file of that name (put back the file that it was begun with)",
    );
  });

  it("goes on with a schedule that is a function when it is given it again, and says so when not", async () => {
    const schedule = (step: number) => 0.1 / (1 + step);
    const whole = await trained({ schedule, out: folder.at("whole.pkrun") });
    expect(whole.manifest.schedule).toEqual({ name: "function", options: {} });
    await trained({ schedule, ...stopAfter(5) });
    expect(await errorOf(() => resumed(), folder.at())).toBe(
      "UnsupportedError: cannot go on with a.pkrun: its step sizes were a function of the program's (give the same function to resumeTraining({ schedule }))",
    );
    expect(await runHash((await resumed({ schedule })).run)).toBe(await runHash(whole));
  });

  it("goes on with the batches of a file, and refuses another file of that name", async () => {
    const rows = [0, 1, 2, 3, 4, 5, 6, 7];
    const batches = folder.write("b.npy", encodeNpy(integers([8, 2], [...rows, ...rows])));
    const given = { batches, epochs: undefined, batchSize: undefined };
    const hash = await runHash(await trained({ ...given, out: folder.at("whole.pkrun") }));
    await trained({ ...given, ...stopAfter(3) });
    cpSync(folder.at("a.pkrun"), folder.at("b.pkrun"), { recursive: true });
    expect(await runHash((await resumed()).run)).toBe(hash);
    folder.write("b.npy", encodeNpy(integers([8, 2], [...rows, ...rows.reverse()])));
    expect(await errorOf(() => resumed({ run: folder.at("b.pkrun") }), folder.at())).toMatchInlineSnapshot(
      `"InvalidDataError: b.npy: must be the batches of b.pkrun, got another file of that name (put back the file that it was begun with)"`,
    );
    expect((await openRun(folder.at("b.pkrun"))).manifest).toMatchObject({ steps: 3, status: "interrupted" });
  });

  it("goes on after a failed write, from what was flushed", async () => {
    const hash = await runHash(await trained({ out: folder.at("whole.pkrun") }));
    await expect(trained(dieAfter(4))).rejects.toThrow(GONE);
    // What a disk that was full leaves: a later array longer than the manifest knows, a checkpoint of a step that was never flushed.
    const path = folder.at("a.pkrun");
    for (const part of ["batches/indices.npy", "batches/weights.npy", "scalars/loss.npy"])
      cpSync(folder.at(`whole.pkrun/${part}`), join(path, part));
    writeFileSync(join(path, "checkpoints/00000008.safetensors"), "cut off");
    expect((await openRun(path)).manifest.steps).toBe(4);
    expect(await runHash((await resumed()).run)).toBe(hash);
  });

  it("says in what the engine differs before it starts, and goes on all the same when it is forced", async () => {
    await trained(stopAfter(5));
    const before = readFileSync(folder.at("a.pkrun/manifest.json"), "utf8");
    expect(await errorOf(() => resumed({ threads: 2 }), folder.at())).toMatchInlineSnapshot(
      `"UnsupportedError: cannot go on with a.pkrun bit for bit: threads: 1 recorded, 2 here (go on where it was begun, or use --force: the rest of the training would be another in its last bits)"`,
    );
    const other = before
      .replace("onnxruntime-node", "onnxruntime-web")
      .replace(/"avx2?",/, "")
      .replace("sse4_1", "amx_int8");
    writeFileSync(folder.at("a.pkrun/manifest.json"), other);
    const failure = await errorOf(() => resumed(), folder.at());
    expect(failure).toMatch(
      /^UnsupportedError: cannot go on with a.pkrun bit for bit: engine: onnxruntime-web recorded/,
    );
    if (before.includes("sse4_1"))
      expect(failure).toMatch(/; processor: .* with amx_int8 recorded, .* with sse4_1, avx/);
    expect((await openRun(folder.at("a.pkrun"))).manifest).toMatchObject({ status: "interrupted", steps: 5 });
    writeFileSync(folder.at("a.pkrun/manifest.json"), before);
    const warnings: string[] = [];
    const { run } = await resumed({ threads: 2, force: true, warn: (message) => warnings.push(message) });
    expect(warnings).toEqual(["threads: 1 recorded, 2 here: the rest of the training is another in its last bits"]);
    expect(run.manifest).toMatchObject({
      status: "complete",
      engine: { threads: 1 },
      resumed: [{ engine: { threads: 2 } }],
    });
  });

  it("leaves a run that is complete as it is", async () => {
    await trained();
    const before = readFileSync(folder.at("a.pkrun/manifest.json"));
    const { result } = await resumed({ threads: 2 });
    expect(result).toMatchObject({ status: "complete", steps: 12 });
    expect(readFileSync(folder.at("a.pkrun/manifest.json"))).toEqual(before);
  });

  it("refuses runs that cannot go on", async () => {
    const diverging = { loss: "mse", optimizerOptions: { lr: 1e6 }, epochs: 200, dtype: "float32" } as const;
    await expect(trained(diverging)).rejects.toThrow("diverged");
    const told = [await errorOf(() => resumed(), folder.at())];
    const change = (from: string | RegExp, to: string) => {
      const file = folder.at("b.pkrun/manifest.json");
      writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
    };
    const broken = async (from: string | RegExp, to: string) => {
      await trained({ out: folder.at("b.pkrun"), force: true, ...stopAfter(5) });
      change(from, to);
      told.push(await errorOf(() => resumed({ run: folder.at("b.pkrun") }), folder.at()));
    };
    await broken('"seed": 3', '"seed": 4');
    await broken('"generator": "philox4x32-10"', '"generator": "mt19937"');
    await broken(/"sampling": \{[^}]*\},/, "");
    await broken(/"sha256": "[0-9a-f]{12}([^"]*",\s*"task")/, '"sha256": "000000000000$1');
    cpSync(join(ROOT, "fixtures/runs/first-momentum.pkrun"), folder.at("c.pkrun"), { recursive: true });
    cpSync(join(ROOT, "fixtures/runs/points.csv"), folder.at("points.csv"));
    const manifest = readFileSync(folder.at("c.pkrun/manifest.json"), "utf8");
    writeFileSync(folder.at("c.pkrun/manifest.json"), manifest.replace('"complete"', '"interrupted"'));
    told.push(await errorOf(() => resumed({ run: folder.at("c.pkrun") }), folder.at()));
    expect(told).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun: a run that goes on must not have diverged, got one that did after 4 steps (train again with a smaller learning rate)",
        "InvalidRunError: b.pkrun: batches must be those that its seed and data give, got others at step 0",
        "UnsupportedError: cannot go on with b.pkrun: its batches were drawn by mt19937, here is philox4x32-10",
        "UnsupportedError: cannot go on with b.pkrun: where its batches come from is not recorded",
        "InvalidDataError: digits must be the data of the run (sha256 000000000000...), got 16aad1c0f7f0... (explain it where the data are as they were)",
        "UnsupportedError: cannot go on with c.pkrun: where its batches come from is not recorded",
      ]
    `);
  });
});

// Runs that released and earlier versions recorded, kept in fixtures/runs: they must stay readable, with the same numbers.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeNpz, encodeNpz } from "../../src/numeric/npz.ts";
import { type Tensor, tensor } from "../../src/numeric/tensor.ts";
import { inspectRun } from "../../src/run/inspect-run.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { cli } from "../helpers/cli.ts";
import { errorOf } from "../helpers/errors.ts";
import { ROOT } from "../helpers/sources.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const fixture = (name: string) => join(ROOT, "fixtures/runs", name);

describe("runs of the first layout, with batches.npz and steps.csv", () => {
  it.each([
    ["first-sgd.pkrun", "float32", 7, [0, 1, 2, 3, 4, 5, 6, 7], 5, 0.07802744607906789],
    ["first-momentum.pkrun", "float64", 10, [0, 4, 8, 10], 8, 0.2726181410359531],
  ] as const)("%s reads as it was recorded", async (name, dtype, steps, checkpoints, batchSize, loss) => {
    const run = await openRun(fixture(name));
    expect(run.manifest).toMatchObject({ dtype, steps, status: "complete", batchSize });
    expect(run.checkpoints).toEqual(checkpoints);
    expect(run.batches.map(({ indices }) => indices.length).slice(0, 2)).toEqual([batchSize, batchSize]);
    expect(run.batches[0].weights).toEqual(new Float64Array(batchSize).fill(1 / batchSize));
    expect(run.scalars.at(-1)).toMatchObject({ step: steps - 1, loss });
    expect((await run.checkpoint(steps)).params.length).toBe(17);
  });

  it("reads up to its last checkpoint where its process was killed", async () => {
    const path = temporary.at("killed.pkrun");
    cpSync(fixture("first-momentum.pkrun"), path, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
    writeFileSync(join(path, "manifest.json"), JSON.stringify({ ...manifest, steps: 9, status: "running" }));
    const run = await openRun(path);
    expect([run.manifest.steps, run.batches.length, run.checkpoints]).toEqual([8, 8, [0, 4, 8]]);
  });

  const temporary = useTemporaryFolder();
  const broken = async (change: (path: string) => void): Promise<string> => {
    const path = temporary.at("a.pkrun");
    rmSync(path, { recursive: true, force: true });
    cpSync(fixture("first-momentum.pkrun"), path, { recursive: true });
    change(path);
    return errorOf(() => openRun(path), temporary.at());
  };

  it("name what is wrong with batches.npz", async () => {
    const bytes = readFileSync(join(fixture("first-momentum.pkrun"), "batches.npz"));
    const arrays = decodeNpz(bytes, "batches.npz");
    const changed = (source: Tensor, at: number, value: number) => {
      const copy = { ...source, data: source.data.slice() };
      copy.data[at] = value;
      return copy;
    };
    const failures = [];
    for (const parts of [
      { weights: undefined },
      { weights: tensor("float32", [3], new Float32Array(3)) },
      { offsets: changed(arrays.offsets, 0, 1) },
      { offsets: tensor("int32", [0], new Int32Array(0)) },
      { weights: tensor("float64", [2], Float64Array.of(1, 1)) },
      { indices: changed(arrays.indices, 2, 20) },
      { weights: changed(arrays.weights, 3, Number.NaN) },
      { offsets: tensor("int32", [2], Int32Array.of(0, arrays.indices.data.length)) },
    ]) {
      const kept = Object.entries({ ...arrays, ...parts }).filter((entry): entry is [string, Tensor] => !!entry[1]);
      failures.push(
        await broken((path) => writeFileSync(join(path, "batches.npz"), encodeNpz(Object.fromEntries(kept)))),
      );
    }
    const half = bytes.subarray(0, bytes.length >> 1);
    failures.push(await broken((path) => writeFileSync(join(path, "batches.npz"), half)));
    failures.push(await broken((path) => rmSync(join(path, "batches.npz"))));
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/batches.npz: must hold a flat float64 array "weights", got none",
        "InvalidRunError: a.pkrun/batches.npz: must hold a flat float64 array "weights", got float32 [3]",
        "InvalidRunError: a.pkrun/batches.npz: offsets must begin with 0 and never fall, got 1, 8, 16, 20, 28, 36, ...",
        "InvalidRunError: a.pkrun/batches.npz: offsets must begin with 0 and never fall, got none",
        "InvalidRunError: a.pkrun/batches.npz: must hold the 68 occurrences that its offsets count, got 68 indices and 2 weights",
        "InvalidRunError: a.pkrun/batches.npz: must be training examples 0..19, got 20 at occurrence 2",
        "InvalidRunError: a.pkrun/batches.npz: must be finite, got NaN at occurrence 3",
        "InvalidRunError: a.pkrun/batches.npz: must hold the 10 steps of the manifest, got 1",
        "InvalidRunError: a.pkrun/batches.npz: an NPZ file must be a whole zip archive, got 341 bytes that do not end as one; it may be truncated",
        "InvalidRunError: a.pkrun: a run must hold batches.npz, got no such file (the folder must be copied whole, or the run trained again)",
      ]
    `);
  });

  it("name the line of steps.csv that is wrong", async () => {
    const whole = readFileSync(join(fixture("first-momentum.pkrun"), "steps.csv"), "utf8");
    const failures = [];
    for (const text of [
      whole.slice(0, -20),
      whole.split("\n").slice(0, 4).join("\n").concat("\n"),
      whole.replace("0.05,", "0.05,,"),
      whole.replace("\n1,", "\n2,"),
      whole.replace("0.05,", "ouch,"),
      "",
      whole.slice(5),
    ])
      failures.push(await broken((path) => writeFileSync(join(path, "steps.csv"), text)));
    failures.push(await broken((path) => rmSync(join(path, "steps.csv"))));
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/steps.csv: must end with a line break, got "9,0.2726181410359531,0.0"; it may be truncated",
        "InvalidRunError: a.pkrun/steps.csv: must hold the 10 steps of the manifest, got 3",
        "InvalidRunError: a.pkrun/steps.csv: line 2 must be 0 and three numbers, got "0,0.41703473594347823,0.05,,1.258085199090725"",
        "InvalidRunError: a.pkrun/steps.csv: line 3 must be 1 and three numbers, got "2,0.129587895990605,0.05,0.7809599643703022"",
        "InvalidRunError: a.pkrun/steps.csv: line 2 must be 0 and three numbers, got "0,0.41703473594347823,ouch,1.258085199090725"",
        "InvalidRunError: a.pkrun/steps.csv: line 1 must be step,loss,stepSize,gradientNorm, got """,
        "InvalidRunError: a.pkrun/steps.csv: line 1 must be step,loss,stepSize,gradientNorm, got "loss,stepSize,gradientNorm"",
        "InvalidRunError: a.pkrun: a run must hold steps.csv, got no such file (the folder must be copied whole, or the run trained again)",
      ]
    `);
  });
});

describe("every run that is kept", () => {
  // Before the layout changed and after: the same trainings.
  const sgd = "55d318fd919b958d382ccead2da5a4f6358252f41aadc633c7a496664cef881c";
  const momentum = "2c280cf54f0a35bb0c4c6ec9d5e5fc96a59c91508d263653f747fe56ed54cbab";
  const kept = [
    ["first-sgd.pkrun", sgd],
    ["first-momentum.pkrun", momentum],
    ["0.1-sgd.pkrun", sgd],
    ["0.1-momentum.pkrun", momentum],
    ["0.1-gd.pkrun.zip", "6f04ff84290ebfc9f32240be48be7bab5fb0c3fd07bb1354eb88671973da2c56"],
  ] as const;

  it.each(kept)("%s has no fault, and the hash that it had", async (name, hash) => {
    expect(await inspectRun(fixture(name), { deep: true })).toMatchObject({ faults: [], hash });
  });

  it.each(kept)("%s explains its data, which lie beside it", async (name) => {
    const { code, stderr } = await cli(["verify", fixture(name), "--query", "test:0,1"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

it("a run of version 0.1 says how it was trained", async () => {
  const { manifest, batches } = await openRun(fixture("0.1-gd.pkrun.zip"));
  expect(manifest).toMatchObject({
    schema: "pathkernel.run/1",
    software: "pathkernel 0.1.0",
    reduction: "mean",
    optimizer: { name: "gd", options: { lr: 0.05 } },
    schedule: { name: "constant", options: { stepSize: 0.05 } },
    sampling: { name: "full", file: null, sha256: null },
    engine: { name: "onnxruntime-node", threads: 2, cpu: { features: expect.arrayContaining(["avx2"]) } },
    data: { source: "points.csv", targetColumn: "y", trainExamples: 20 },
  });
  expect(batches.map(({ indices }) => indices.length)).toEqual([20, 20, 20, 20, 20, 20]);
});

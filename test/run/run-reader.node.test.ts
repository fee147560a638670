// Opening runs that lack a part or hold a broken one: each failure names the part, what must hold and what was there.

import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { decodeNpz, encodeNpz } from "../../src/numeric/npz.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { reals, type Tensor, tensor } from "../../src/numeric/tensor.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import { errorOf } from "../helpers/errors.ts";
import { recordSteps, smallRun } from "../helpers/small-run.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const temporary = useTemporaryFolder();
let folder: string;
let path: string;
beforeEach(async () => {
  folder = temporary.at();
  path = temporary.at("a.pkrun");
  const run = smallRun({ checkpointEvery: 4 });
  await recordSteps(await createRunWriter(path, run), run, { steps: 6, status: "complete" });
});

const openFailure = (name = "a.pkrun") => errorOf(() => openRun(join(folder, name)), folder);
const rewrite = (part: string, change: (text: string) => string) =>
  writeFileSync(join(path, part), change(readFileSync(join(path, part), "utf8")));
const rewriteManifest = (change: (manifest: Record<string, unknown>) => unknown) =>
  rewrite("manifest.json", (text) => JSON.stringify(change(JSON.parse(text))));

/** Puts `parts` into batches.npz in place of those of the same name; undefined takes one out. */
function rewriteBatches(parts: Record<string, Tensor | undefined>): void {
  const file = join(path, "batches.npz");
  const arrays = Object.entries({ ...decodeNpz(readFileSync(file), file), ...parts });
  const kept = arrays.filter((entry): entry is [string, Tensor] => entry[1] !== undefined);
  writeFileSync(file, encodeNpz(Object.fromEntries(kept)));
}

describe("openRun(path)", () => {
  it("names the runs of that folder that may have been meant", async () => {
    rmSync(path, { recursive: true });
    for (const name of ["circle.pkrun", "mnist-adam.pkrun", "mnist-sgd.pkrun", "empty"]) mkdirSync(join(folder, name));
    const failures = [];
    for (const name of ["mnist-adma.pkrun", "cirle", "zebra.pkrun", "empty/a.pkrun", "nowhere/a.pkrun"])
      failures.push(await openFailure(name));
    expect(failures).toMatchInlineSnapshot(`
      [
        "RunNotFoundError: no run at mnist-adma.pkrun (did you mean mnist-adam.pkrun?)",
        "RunNotFoundError: no run at cirle (did you mean circle.pkrun?)",
        "RunNotFoundError: no run at zebra.pkrun (runs in that folder: circle.pkrun, mnist-adam.pkrun, mnist-sgd.pkrun)",
        "RunNotFoundError: no run at empty/a.pkrun (make one with pathkernel train ... -o NAME.pkrun)",
        "RunNotFoundError: no run at nowhere/a.pkrun: the folder nowhere does not exist",
      ]
    `);
  });

  it("names the part that is missing", async () => {
    const failures = [];
    for (const part of [
      "checkpoints/00000004.safetensors",
      "checkpoints",
      "steps.csv",
      "batches.npz",
      "model.onnx",
      "manifest.json",
    ]) {
      rmSync(join(path, part), { recursive: true });
      failures.push(await openFailure());
    }
    rmSync(path, { recursive: true });
    writeFileSync(path, "a file");
    failures.push(await openFailure());
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun: a run must hold checkpoints/00000004.safetensors, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold checkpoints/00000000.safetensors and 2 more, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold steps.csv, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold batches.npz, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold model.onnx, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold manifest.json, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must be a folder, got a file",
      ]
    `);
  });

  it("names what is wrong with the manifest", async () => {
    const whole = readFileSync(join(path, "manifest.json"), "utf8");
    const changes: ((manifest: Record<string, any>) => unknown)[] = [
      (manifest) => ({ ...manifest, schema: "pathkernel.run/2" }),
      ({ schema: _, ...manifest }) => manifest,
      () => [1],
      (manifest) => ({ ...manifest, dtype: "float16" }),
      ({ batchSize: _, ...manifest }) => manifest,
      (manifest) => ({ ...manifest, model: { ...manifest.model, sha256: "abc" } }),
      (manifest) => ({ ...manifest, checkpointEvery: 0 }),
      (manifest) => ({ ...manifest, layout: manifest.layout.slice(1) }),
      (manifest) => ({ ...manifest, steps: 7 }),
    ];
    const failures = [];
    for (const change of changes) {
      rewrite("manifest.json", () => whole);
      rewriteManifest(change);
      failures.push(await openFailure());
    }
    rewrite("manifest.json", () => whole.slice(0, 90));
    failures.push(await openFailure());
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/manifest.json: schema must be "pathkernel.run/1", got "pathkernel.run/2" (another version of pathkernel wrote this run: open it with that one)",
        "InvalidRunError: a.pkrun/manifest.json: schema must be "pathkernel.run/1", got none",
        "InvalidRunError: a.pkrun/manifest.json: schema must be "pathkernel.run/1", got none",
        "InvalidRunError: a.pkrun/manifest.json: dtype: invalid option: expected one of "float32"|"float64", got "float16"",
        "InvalidRunError: a.pkrun/manifest.json: batchSize: invalid input: expected number, got none",
        "InvalidRunError: a.pkrun/manifest.json: model.sha256: invalid string: must match pattern /^[0-9a-f]{64}$/, got "abc"",
        "InvalidRunError: a.pkrun/manifest.json: checkpointEvery: too small: expected number to be >0, got 0",
        "InvalidRunError: a.pkrun/manifest.json: layout must list the trainable parameters in their order, got 1 shapes for 2 parameters, or other names",
        "InvalidRunError: a.pkrun/batches.npz: must hold the 7 steps of the manifest, got 6 (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun/manifest.json: must be JSON, got 90 characters that are not; it may be truncated",
      ]
    `);
  });

  it("passes over keys of the manifest that it does not know, so that later versions can add some", async () => {
    rewriteManifest((manifest) => ({ ...manifest, mood: "good" }));
    expect((await openRun(path)).manifest).not.toHaveProperty("mood");
  });

  it("names the hash of a model that is not the one that was trained", async () => {
    writeFileSync(join(path, "model.onnx"), "another model");
    expect(await openFailure()).toMatchInlineSnapshot(
      `"InvalidRunError: a.pkrun/model.onnx: must have the SHA-256 87adbd2a143a... of the manifest, got 93dc44381b52... (the file was changed after training: put back the one that was trained)"`,
    );
  });

  it("names what is wrong with the batches", async () => {
    const file = join(path, "batches.npz");
    const bytes = readFileSync(file);
    const failures = [];
    const { indices, offsets, weights } = decodeNpz(bytes, file);
    const changed = (source: Tensor, at: number, value: number) => {
      const copy = { ...source, data: source.data.slice() };
      copy.data[at] = value;
      return copy;
    };
    for (const parts of [
      { weights: undefined },
      { weights: tensor("float32", [3], new Float32Array(3)) },
      { offsets: changed(offsets, 0, 1) },
      { offsets: tensor("int32", [0], new Int32Array(0)) },
      { weights: reals([2], [1, 1]) },
      { indices: changed(indices, 2, 7) },
      { weights: changed(weights, 3, Number.NaN) },
      { offsets: tensor("int32", [2], Int32Array.of(0, 14)) },
    ]) {
      writeFileSync(file, bytes);
      rewriteBatches(parts);
      failures.push(await openFailure());
    }
    writeFileSync(file, bytes.subarray(0, bytes.length >> 1));
    failures.push((await openFailure()).replace(/ \(.*\)/, "")); // without the engine's own words
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/batches.npz: must hold a flat float64 array "weights", got none",
        "InvalidRunError: a.pkrun/batches.npz: must hold a flat float64 array "weights", got float32 [3]",
        "InvalidRunError: a.pkrun/batches.npz: offsets must begin with 0 and never fall, got 1, 3, 6, 7, 10, 13, ...",
        "InvalidRunError: a.pkrun/batches.npz: offsets must begin with 0 and never fall, got none",
        "InvalidRunError: a.pkrun/batches.npz: must hold the 14 occurrences that its offsets count, got 14 indices and 2 weights",
        "InvalidRunError: a.pkrun/batches.npz: indices must be training examples 0..6, got 7 at occurrence 2",
        "InvalidRunError: a.pkrun/batches.npz: weights must be finite, got NaN at occurrence 3",
        "InvalidRunError: a.pkrun/batches.npz: must hold the 6 steps of the manifest, got 1 (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun/batches.npz: an NPZ file must be a whole zip archive, got 286 bytes that are not; it may be truncated",
      ]
    `);
  });

  it("names the line of steps.csv that is wrong", async () => {
    const whole = readFileSync(join(path, "steps.csv"), "utf8");
    const failures = [];
    for (const text of [
      whole.slice(0, -20),
      whole.split("\n").slice(0, 4).join("\n").concat("\n"),
      whole.replace("2.3,", "2.3,,"),
      whole.replace("\n1,", "\n2,"),
      whole.replace("1.15,", "ouch,"),
      "",
      whole.slice(5),
    ]) {
      rewrite("steps.csv", () => text);
      failures.push(await openFailure());
    }
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/steps.csv: must end with a line break, got "5,0.3833333333333333,0.03333333333333333"; it may be truncated",
        "InvalidRunError: a.pkrun/steps.csv: must hold the 6 steps of the manifest, got 3 (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun/steps.csv: line 2 must be 0 and three numbers, got "0,2.3,,0.03333333333333333,1.4142135623730951"",
        "InvalidRunError: a.pkrun/steps.csv: line 3 must be 1 and three numbers, got "2,1.15,0.03333333333333333,1.7320508075688772"",
        "InvalidRunError: a.pkrun/steps.csv: line 3 must be 1 and three numbers, got "1,ouch,0.03333333333333333,1.7320508075688772"",
        "InvalidRunError: a.pkrun/steps.csv: line 1 must be step,loss,stepSize,gradientNorm, got """,
        "InvalidRunError: a.pkrun/steps.csv: line 1 must be step,loss,stepSize,gradientNorm, got "loss,stepSize,gradientNorm"",
      ]
    `);
  });
});

describe("a part that is cut off", () => {
  it("is an InvalidRunError that names it, wherever the cut is", async () => {
    for (const part of [
      "manifest.json",
      "batches.npz",
      "steps.csv",
      "model.onnx",
      "checkpoints/00000006.safetensors",
    ]) {
      const whole = readFileSync(join(path, part));
      for (let size = 0; size < whole.length; size += part === "manifest.json" ? 7 : 3) {
        // The break after the closing brace is all that a manifest can lose.
        if (part === "manifest.json" && size >= whole.length - 1) continue;
        writeFileSync(join(path, part), whole.subarray(0, size));
        const failure = await errorOf(async () => (await openRun(path)).checkpoint(6), folder);
        expect(failure, `${part} cut to ${size} bytes`).toMatch(`InvalidRunError: a.pkrun/${part}: `);
      }
      writeFileSync(join(path, part), whole);
    }
  });
});

describe("openRun(path).checkpoint(step)", () => {
  const file = () => join(path, "checkpoints/00000004.safetensors");
  const readFailure = async () => {
    const run = await openRun(path);
    return errorOf(() => run.checkpoint(4), folder);
  };
  const rewriteCheckpoint = (change: (tensors: Record<string, Tensor>) => Record<string, Tensor>, step = "4") =>
    writeFileSync(file(), encodeSafetensors(change(decodeSafetensors(readFileSync(file()), "").tensors), { step }));

  it("names the step and the tensor that are broken", async () => {
    const whole = readFileSync(file());
    const failures = [];
    const nan = reals([5], [0, 0, Number.POSITIVE_INFINITY, 0, 0]);
    for (const change of [
      () => rewriteCheckpoint(({ params: _, ...rest }) => rest),
      () => rewriteCheckpoint((tensors) => ({ ...tensors, params: nan })),
      () => rewriteCheckpoint((tensors) => ({ ...tensors, "buffer.m": reals([5], [1, 1, 1, Number.NaN, 1]) })),
      () => rewriteCheckpoint((tensors) => ({ ...tensors, params: reals([4], [1, 2, 3, 4]) })),
      () => rewriteCheckpoint((tensors) => ({ ...tensors, "buffer.v": tensor("float32", [5], new Float32Array(5)) })),
      () => rewriteCheckpoint((tensors) => tensors, "5"),
      () => truncateSync(file(), whole.length - 8),
      () => truncateSync(file(), 0),
    ]) {
      writeFileSync(file(), whole);
      change();
      failures.push(await readFailure());
    }
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: must hold the tensor params, got buffer.m, buffer.v",
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: params must be finite, got Infinity in "layer.weight" at step 4",
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: buffer.m must be finite, got NaN in "layer.bias" at step 4",
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: params must be a flat float64 array of 5 elements, got float64 [4]",
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: buffer.v must be a flat float64 array of 5 elements, got float32 [5]",
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: must be the checkpoint before step 4, got 5",
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: the tensors must fill 120 bytes after the header, got 112 (truncated)",
        "InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: a safetensors file must begin with 8 bytes that give the header's length, got 0 bytes",
      ]
    `);
  });

  it("names a checkpoint that went away after the run was opened", async () => {
    const run = await openRun(path);
    rmSync(file());
    expect(await errorOf(() => run.checkpoint(4), folder)).toMatchInlineSnapshot(
      `"InvalidRunError: a.pkrun: a run must hold checkpoints/00000004.safetensors, got no such file (the folder must be copied whole, or the run trained again)"`,
    );
  });

  it("passes over files in checkpoints/ that are none", async () => {
    writeFileSync(join(path, "checkpoints/.00000005.safetensors.77.tmp"), "cut off");
    writeFileSync(join(path, "checkpoints/notes.txt"), "mine");
    expect((await openRun(path)).checkpoints).toEqual([0, 4, 6]);
    expect(readdirSync(join(path, "checkpoints"))).toHaveLength(5);
  });
});

// Opening runs that lack a part or hold a broken one: each failure names the part, what must hold and what was there.

import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { decodeNpy, encodeNpy } from "../../src/numeric/npy.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/numeric/safetensors.ts";
import { sha256 } from "../../src/numeric/sha256.node.ts";
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

/** Puts an array in place of one of the run's, with its hash in the manifest: as a recorder with a fault would. */
function rewriteArray(part: string, array: Tensor): void {
  writeFileSync(join(path, part), encodeNpy(array));
  const known = { elements: array.data.length, sha256: sha256(array.data) };
  rewriteManifest((manifest) => ({ ...manifest, arrays: { ...(manifest.arrays as object), [part]: known } }));
}
const readArray = (part: string) => decodeNpy(readFileSync(join(path, part)), part);

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
      "checkpoints/00000006.safetensors",
      "checkpoints",
      "checkpoints.sha256",
      "scalars/step-size.npy",
      "batches",
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
        "InvalidRunError: a.pkrun: a run must hold checkpoints/00000006.safetensors, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold checkpoints/00000000.safetensors, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold checkpoints.sha256, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold scalars/step-size.npy, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold batches/indices.npy, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold model.onnx, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: a run must hold manifest.json, got no such file (the folder must be copied whole, or the run trained again)",
        "InvalidRunError: a.pkrun: must be a whole zip archive, got 6 bytes that do not end as one",
      ]
    `);
  });

  it("takes any name of the optimizer's state, one that no object can be given too", async () => {
    const part = "checkpoints/00000004.safetensors";
    const { tensors, metadata } = decodeSafetensors(readFileSync(join(path, part)), part);
    const renamed = Object.entries(tensors).map(([name, data]) => [
      name === "buffer.m" ? "buffer.__proto__" : name,
      data,
    ]);
    const bytes = encodeSafetensors(Object.fromEntries(renamed), metadata);
    writeFileSync(join(path, part), bytes);
    rewrite("checkpoints.sha256", (text) => text.replace(/.*00000004.*/, `${sha256(bytes)}  ${part}`));
    const { buffers } = await (await openRun(path)).checkpoint(4);
    expect(Object.keys(buffers).sort()).toEqual(["__proto__", "v"]);
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
      (manifest) => ({
        ...manifest,
        layout: manifest.layout.map((entry: object) => ({ ...entry, shape: [2 ** 30, 2 ** 30] })),
      }),
      ({ arrays: { "scalars/loss.npy": _, ...arrays }, ...manifest }) => ({ ...manifest, arrays }),
      ({ arrays, ...manifest }) => ({
        ...manifest,
        arrays: { ...arrays, "scalars/loss.npy": { elements: 2 ** 52, sha256: "0".repeat(64) } },
      }),
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
        "InvalidRunError: a.pkrun/batches/ranges.npy: must hold the 7 steps of the manifest, got 6",
        "InvalidRunError: a.pkrun/manifest.json: layout must be at most 2^40 numbers, got 2305843009213694000",
        "InvalidRunError: a.pkrun/manifest.json: arrays.scalars/loss.npy: invalid input: expected object, got none",
        "InvalidRunError: a.pkrun/scalars/loss.npy: must hold the 4503599627370496 elements of the manifest, got 6",
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

  it("names the part whose bytes are not those of its hash", async () => {
    const failures = [];
    for (const part of ["batches/indices.npy", "batches/ranges.npy", "scalars/loss.npy"]) {
      const bytes = readFileSync(join(path, part));
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(join(path, part), bytes);
      failures.push(await openFailure());
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(join(path, part), bytes);
    }
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/batches/indices.npy: must have the SHA-256 db4c4864f26f... of the manifest, got d961170cdbc6... (the file was changed or damaged after it was recorded: put back the one that was there)",
        "InvalidRunError: a.pkrun/batches/ranges.npy: must have the SHA-256 44bbcfd82546... of the manifest, got ae5d32da7f9c... (the file was changed or damaged after it was recorded: put back the one that was there)",
        "InvalidRunError: a.pkrun/scalars/loss.npy: must have the SHA-256 c7239fc46f63... of the manifest, got 0931108279c1... (the file was changed or damaged after it was recorded: put back the one that was there)",
      ]
    `);
  });

  it("names what is wrong with batches that were recorded so", async () => {
    const whole = new Map<string, Buffer>();
    for (const part of ["manifest.json", "batches/indices.npy", "batches/weights.npy", "batches/ranges.npy"])
      whole.set(part, readFileSync(join(path, part)));
    const changed = (part: string, at: number, value: number): [string, Tensor] => {
      const source = readArray(part);
      const copy = { ...source, data: source.data.slice() };
      copy.data[at] = value;
      return [part, copy];
    };
    const failures = [];
    for (const [part, array] of [
      ["batches/weights.npy", tensor("float32", [14], new Float32Array(14))],
      ["batches/weights.npy", reals([2], [1, 1])],
      ["batches/ranges.npy", tensor("int32", [12], new Int32Array(12))],
      ["batches/ranges.npy", tensor("int32", [5, 2], new Int32Array(10))],
      ["scalars/loss.npy", reals([5], [1, 1, 1, 1, 1])],
      changed("batches/ranges.npy", 0, -1),
      changed("batches/ranges.npy", 3, 1),
      changed("batches/ranges.npy", 11, 15),
      changed("batches/indices.npy", 2, 7),
      changed("batches/weights.npy", 3, Number.NaN),
    ] as [string, Tensor][]) {
      for (const [name, bytes] of whole) writeFileSync(join(path, name), bytes);
      const before = readFileSync(join(path, part));
      rewriteArray(part, array);
      failures.push(await openFailure());
      writeFileSync(join(path, part), before);
    }
    expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/batches/weights.npy: must be float64 [elements], got float32 [14]",
        "InvalidRunError: a.pkrun/batches/weights.npy: must hold one weight an index, got 2 weights for 14 indices",
        "InvalidRunError: a.pkrun/batches/ranges.npy: must be int32 [steps, 2], got int32 [12]",
        "InvalidRunError: a.pkrun/batches/ranges.npy: must hold the 6 steps of the manifest, got 5",
        "InvalidRunError: a.pkrun/scalars/loss.npy: must hold the 6 steps of the manifest, got 5",
        "InvalidRunError: a.pkrun/batches/ranges.npy: must lie within the 14 occurrences, begin before end, got -1 to 3 at step 0",
        "InvalidRunError: a.pkrun/batches/ranges.npy: must lie within the 14 occurrences, begin before end, got 3 to 1 at step 1",
        "InvalidRunError: a.pkrun/batches/ranges.npy: must lie within the 14 occurrences, begin before end, got 13 to 15 at step 5",
        "InvalidRunError: a.pkrun/batches/indices.npy: must be training examples 0..6, got 7 at occurrence 2",
        "InvalidRunError: a.pkrun/batches/weights.npy: must be finite, got NaN at occurrence 3",
      ]
    `);
  });

  it("reads as far as the manifest knows where the arrays have grown since", async () => {
    const manifest = readFileSync(join(path, "manifest.json"));
    const [run, before] = [smallRun({ checkpointEvery: 4 }), await openRun(path)];
    await recordSteps(await createRunWriter(path, { ...run, force: true }), run, { steps: 11, status: "complete" });
    writeFileSync(join(path, "manifest.json"), manifest);
    // The checkpoint after step 5 is the only part that a longer record does not have.
    expect(await openFailure()).toMatch("checkpoints.sha256: must name checkpoints/00000006.safetensors");
    rewriteManifest((known) => ({ ...known, status: "running" }));
    const after = await openRun(path);
    expect(after.checkpoints).toEqual([0, 4]);
    expect(after.batches).toEqual(before.batches.slice(0, 4));
    expect(after.scalars).toEqual(before.scalars.slice(0, 4));
  });

  it("does without checkpoints between the first and the last, missing or left short by a power failure", async () => {
    for (const size of [39, 0]) {
      truncateSync(join(path, "checkpoints/00000004.safetensors"), size); // 5 float64 need 40 bytes
      expect((await openRun(path)).checkpoints).toEqual([0, 6]);
    }
    rmSync(join(path, "checkpoints/00000004.safetensors"));
    expect((await openRun(path)).checkpoints).toEqual([0, 6]);
    truncateSync(join(path, "checkpoints/00000006.safetensors"), 0);
    expect(await openFailure()).toMatchInlineSnapshot(
      `"InvalidRunError: a.pkrun/checkpoints/00000006.safetensors: must hold all parameters, got 0 bytes; it may be truncated (the folder must be copied whole, or the run trained again)"`,
    );
  });

  it.skipIf(process.platform === "win32")(
    "reads nothing that a link leads out of the run to, and no device",
    async () => {
      const outside = join(folder, "outside");
      mkdirSync(outside);
      const failures = [];
      for (const part of ["manifest.json", "batches/indices.npy", "checkpoints"]) {
        const there = join(path, part);
        const moved = join(outside, part.replace("/", "-"));
        renameSync(there, moved);
        symlinkSync(moved, there);
        failures.push(await openFailure());
        rmSync(there);
        renameSync(moved, there);
      }
      rmSync(join(path, "model.onnx"));
      execFileSync("mkfifo", [join(path, "model.onnx")]);
      failures.push(await openFailure());
      expect(failures).toMatchInlineSnapshot(`
      [
        "InvalidRunError: a.pkrun/manifest.json: must lie in the run, got a link that leads out of it",
        "InvalidRunError: a.pkrun/batches/indices.npy: must lie in the run, got a link that leads out of it",
        "InvalidRunError: a.pkrun/checkpoints: must lie in the run, got a link that leads out of it",
        "InvalidRunError: a.pkrun/model.onnx: must be a file, got another thing",
      ]
    `);
    },
  );
});

describe("a part that is cut off", () => {
  it("is an InvalidRunError that names it, wherever the cut is", async () => {
    for (const part of [
      "manifest.json",
      "batches/indices.npy",
      "scalars/loss.npy",
      "checkpoints.sha256",
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
      ]
    `);
  });

  it("names a checkpoint whose numbers were changed", async () => {
    rewriteCheckpoint((tensors) => ({ ...tensors, params: reals([5], [1, 2, 3, 4, 5]) }));
    expect(await readFailure()).toMatchInlineSnapshot(
      `"InvalidRunError: a.pkrun/checkpoints/00000004.safetensors: must have the SHA-256 ab9999ed718e... of checkpoints.sha256, got 8fa371dbd0a7... (the file was changed or damaged after it was recorded: put back the one that was there)"`,
    );
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

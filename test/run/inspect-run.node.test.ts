// What inspectRun says of whole runs and of broken ones: every fault, not only the first, and what each disables.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { abilities, inspectRun } from "../../src/run/inspect-run.node.ts";
import { packRun } from "../../src/run/pack-run.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import type { RunStatus, RunWriter } from "../../src/run/types.ts";
import { recordSteps, smallRun } from "../helpers/small-run.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();
let path: string;
beforeEach(async () => {
  path = folder.at("a.pkrun");
  await record(12, "complete");
});

async function record(steps: number, status: RunStatus): Promise<RunWriter> {
  const run = smallRun({ checkpointEvery: 4, plannedSteps: 12 });
  const writer = await createRunWriter(path, { ...run, force: existsSync(path) });
  await recordSteps(writer, run, { steps, status });
  if (status === "running") await writer.flush();
  return writer;
}

/** Each fault in one line. */
async function faults(deep = false): Promise<string[]> {
  const inspected = await inspectRun(path, { deep });
  return inspected.faults.map(({ part, problem, effect, disables }) => {
    const off = disables.length === abilities.length ? "all" : disables.join();
    return `${part}: ${problem.replaceAll(`${folder.at()}/`, "")} [${effect ?? ""}] -${off}`;
  });
}

it("a whole run has no fault, a hash, and sizes of all its parts, in a folder and in an archive", async () => {
  const whole = await inspectRun(path, { deep: true });
  expect(whole.faults).toEqual([]);
  expect(whole.run?.manifest).toMatchObject({ steps: 12, status: "complete" });
  expect(whole.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(whole.sizes.map(({ part, files }) => [part, files])).toEqual(
    expect.arrayContaining([
      ["checkpoints", 4],
      ["batches", 3],
      ["scalars", 3],
      ["manifest.json", 1],
    ]),
  );
  await packRun(path, folder.at("a.zip"));
  const packed = await inspectRun(folder.at("a.zip"), { deep: true });
  expect(packed.hash).toBe(whole.hash);
  const bytesOf = ({ sizes }: typeof whole) => Object.fromEntries(sizes.map(({ part, bytes }) => [part, bytes]));
  expect(bytesOf(packed)).toEqual(bytesOf(whole));
});

it("names every fault of a run that lacks several parts", async () => {
  for (const part of ["model.onnx", "batches/weights.npy", "checkpoints/00000000.safetensors"])
    rmSync(join(path, part));
  writeFileSync(join(path, "scalars/loss.npy"), "cut");
  expect(await faults()).toMatchInlineSnapshot(`
    [
      "model.onnx: a.pkrun: a run must hold model.onnx, got no such file [] -all",
      "batches/weights.npy: a.pkrun: a run must hold batches/weights.npy, got no such file [] -all",
      "scalars/loss.npy: a.pkrun/scalars/loss.npy: an NPY file must begin with "\\x93NUMPY" and a header, got 3 bytes [] -all",
      "checkpoints/00000000.safetensors: there is no such file, or it is cut off [] -all",
    ]
  `);
  rmSync(join(path, "checkpoints.sha256"));
  rmSync(join(path, "manifest.json"));
  const { manifest, run, sizes } = await inspectRun(path);
  expect([manifest, run]).toEqual([undefined, undefined]);
  expect(sizes.length).toBeGreaterThan(1);
  expect(await faults()).toMatchInlineSnapshot(`
    [
      "manifest.json: a.pkrun: a run must hold manifest.json, got no such file [] -all",
    ]
  `);
});

it("says where steps are replayed because checkpoints are missing", async () => {
  rmSync(join(path, "checkpoints/00000004.safetensors"));
  expect(await faults()).toMatchInlineSnapshot(`
    [
      "checkpoints/00000004.safetensors: there is no such file, or it is cut off [the steps around 4 are replayed from the checkpoint before] -",
    ]
  `);
  rmSync(join(path, "checkpoints/00000008.safetensors"));
  expect(await faults()).toMatchInlineSnapshot(`
    [
      "2 checkpoints: there is no such file, or it is cut off [the steps around 4 and 8 are replayed from the checkpoint before] -",
    ]
  `);
  expect((await inspectRun(path)).hash).toMatch(/^[0-9a-f]{64}$/);
});

it("counts the checkpoints that a manifest claims without going through them", async () => {
  const file = join(path, "manifest.json");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/"steps": \d+/, `"steps": ${Number.MAX_SAFE_INTEGER}`));
  expect((await faults()).filter((fault) => fault.includes("checkpoints"))).toMatchInlineSnapshot(`
    [
      "checkpoints/9007199254740991.safetensors: checkpoints.sha256 does not name it [] -all",
      "2251799813685244 checkpoints: there is no such file, or it is cut off [the steps around 16, 20, ... 9007199254740988 are replayed from the checkpoint before] -",
    ]
  `);
});

it("finds a changed checkpoint: the last one always, others when it looks deep", async () => {
  const change = (part: string) => {
    const bytes = readFileSync(join(path, part));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(join(path, part), bytes);
  };
  change("checkpoints/00000004.safetensors");
  expect(await faults()).toEqual([]);
  expect(await faults(true)).toMatchInlineSnapshot(`
    [
      "checkpoints/00000004.safetensors: a.pkrun/checkpoints/00000004.safetensors: must have the SHA-256 ab9999ed718e... of checkpoints.sha256, got 2863cdd930b5... [] -all",
    ]
  `);
  change("checkpoints/00000004.safetensors");
  change("checkpoints/00000012.safetensors");
  expect(await faults()).toMatchInlineSnapshot(`
    [
      "checkpoints/00000012.safetensors: a.pkrun/checkpoints/00000012.safetensors: must have the SHA-256 602d2689e536... of checkpoints.sha256, got df953e23f5b9... [] -all",
    ]
  `);
  expect((await inspectRun(path)).hash).toBeUndefined();
});

it("says how a run that is not complete stands", async () => {
  const told = [];
  for (const status of ["running", "interrupted", "diverged"] as const) {
    const writer = await record(6, status);
    told.push(...(await faults()).map((fault) => fault.replace(String(process.pid), "PID")));
    await writer.abort();
    if (status === "running") told.push(...(await faults()));
  }
  expect(told).toMatchInlineSnapshot(`
    [
      "steps 4 to 11: process PID is training [they are to come] -resume",
      "steps 4 to 11: the process that trained was killed [where their batches would come from is not recorded] -resume",
      "steps 6 to 11: training was interrupted [where their batches would come from is not recorded] -resume",
      "steps 6 to 11: training diverged [the steps before are there] -resume",
    ]
  `);
});

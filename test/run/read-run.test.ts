// A recorded run is read without pathkernel, by numpy and Python's standard library alone: scripts/read_run.py.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openRun } from "../../src/run/run-reader.node.ts";
import { createRunWriter } from "../../src/run/run-writer.node.ts";
import { recordSteps, smallRun } from "../helpers/small-run.ts";
import { ROOT } from "../helpers/sources.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const PYTHON = "/usr/bin/python3";
const SCRIPT = join(ROOT, "scripts/read_run.py");
const hasNumpy = spawnSync(PYTHON, ["-c", "import numpy"]).status === 0;
const folder = useTemporaryFolder();

it("the script that reads runs has fewer than 40 lines", () => {
  expect(readFileSync(SCRIPT, "utf8").split("\n").length).toBeLessThan(41); // the break at the end makes one more
});

it("numpy reads a run and gets the same numbers", async ({ skip }) => {
  skip(!hasNumpy, `did not run: ${PYTHON} has no numpy (apt-get install python3-numpy)`);
  for (const dtype of ["float32", "float64"] as const) {
    const path = folder.at(`${dtype}.pkrun`);
    const small = smallRun({ dtype, checkpointEvery: 4, keyed: dtype === "float64" });
    await recordSteps(await createRunWriter(path, small), small, { steps: 6, status: "complete" });
    const run = await openRun(path);
    const told = JSON.parse(execFileSync(PYTHON, [SCRIPT, path], { encoding: "utf8" }));
    const { params } = await run.checkpoint(6);
    const batch = run.batches[5];
    expect(told).toEqual({
      steps: 6,
      loss: run.scalars[5].loss,
      checkpoints: [0, 4, 6],
      norm: expect.closeTo(Math.hypot(...params), 12),
      lastBatch: [...batch.indices],
      lastWeight: batch.weights.at(-1),
      lastKeys: dtype === "float64" ? Array.from(batch.keys as BigInt64Array, Number) : null,
    });
    for (const part of ["checkpoints/00000004.safetensors", "scalars/loss.npy"]) {
      const bytes = readFileSync(join(path, part));
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(join(path, part), bytes);
      const { status, stderr } = spawnSync(PYTHON, [SCRIPT, path], { encoding: "utf8" });
      expect(status).toBe(1);
      expect(stderr).toContain(`AssertionError: ${part}`);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(join(path, part), bytes);
    }
  }
});

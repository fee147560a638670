// A loss of the user's on disk: embedded in its run, read again for explanations, and nothing else in its place.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packRun } from "../../src/run/pack-run.node.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { resumeTraining } from "../../src/train/resume.node.ts";
import { runTraining, type TrainingRequest } from "../../src/train/training.node.ts";
import { cli } from "../helpers/cli.ts";
import { errorOf } from "../helpers/errors.ts";
import { ROOT } from "../helpers/sources.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();
const rows = Array.from({ length: 15 }, (_, i) => `${i / 15},${(i * 7) % 5},${Math.sin(i)}`);

async function trained(changed: Partial<TrainingRequest> = {}) {
  folder.write("points.csv", `a,b,target\n${rows.join("\n")}\n`);
  const result = await runTraining({
    data: folder.at("points.csv"),
    model: "mlp:4:tanh",
    loss: join(ROOT, "fixtures/losses/mse.onnx"),
    optimizer: "sgd",
    optimizerOptions: { lr: 0.1 },
    batchSize: 4,
    steps: 6,
    seed: 3,
    dtype: "float64",
    threads: 1,
    out: folder.at("a.pkrun"),
    ...changed,
  });
  await result.task.engine.release();
  return result;
}

describe("a run whose loss is a file", () => {
  it("has it as loss.onnx, names it, and is explained and verified without the file that it came from", async () => {
    await trained();
    const run = await openRun(folder.at("a.pkrun"));
    expect(run.manifest.loss).toMatch(/^mse\.onnx#[0-9a-f]{8}$/);
    expect(run.lossBytes).toEqual(new Uint8Array(readFileSync(folder.at("a.pkrun/loss.onnx"))));
    const task = await reopenTask(run);
    await task.engine.release();
    expect(task.loss).toMatchObject({ name: run.manifest.loss, target: "real" });
    await packRun(folder.at("a.pkrun"), folder.at("a.zip"));
    for (const path of ["a.pkrun", "a.zip"]) {
      const { code, stdout } = await cli(["verify", folder.at(path), "--query", "test:0", "--tolerance", "1e-9"]);
      expect([code, stdout.includes("holds") || stdout.length > 0]).toEqual([0, true]);
    }
    const { stdout } = await cli(["info", folder.at("a.pkrun")]);
    expect(stdout).toMatch(/loss +mse\.onnx#[0-9a-f]{8} \(loss\.onnx in the run, sha256 [0-9a-f]{12}\.\.\.\)/);
  });

  it("trains as our own loss of that formula does, and goes on when it was interrupted", async () => {
    const own = await trained({ loss: "mse", out: folder.at("own.pkrun") });
    const stopper = new AbortController();
    await trained({ signal: stopper.signal, onProgress: ({ done }) => done === 2 && stopper.abort() });
    const { run, task } = await resumeTraining({ run: folder.at("a.pkrun") });
    await task.engine.release();
    expect(run.manifest).toMatchObject({ status: "complete", steps: 6 });
    expect((await run.checkpoint(6)).params).toBeAllclose((await own.run.checkpoint(6)).params, {
      rtol: 1e-13,
      atol: 1e-15,
    });
  });

  it("is not opened with another file in its place, or without one", async () => {
    await trained();
    const file = folder.at("a.pkrun/loss.onnx");
    writeFileSync(file, readFileSync(join(ROOT, "fixtures/losses/nll.onnx")));
    expect(await errorOf(() => openRun(folder.at("a.pkrun")), folder.at())).toMatch(
      /^InvalidRunError: a\.pkrun\/loss\.onnx: must have the SHA-256 /,
    );
    rmSync(file);
    const { code, stdout } = await cli(["info", folder.at("a.pkrun")]);
    expect([code, stdout.includes("a run must hold loss.onnx")]).toEqual([3, true]);
  });

  it("is refused before anything is written, where the file does not fit the data", async () => {
    const nll = join(ROOT, "fixtures/losses/nll.onnx");
    expect(await errorOf(() => trained({ loss: nll }), folder.at())).toContain("needs class labels");
    expect(await errorOf(() => openRun(folder.at("a.pkrun")), folder.at())).toContain("no run at");
  });
});

describe("a loss that outputs must fit", () => {
  it("says that nll reads probabilities, where the model gives other numbers", async () => {
    const request = { data: "digits", limit: 20, loss: "nll" } as const;
    expect(await errorOf(() => trained(request), folder.at())).toMatch(
      /^DivergedError: training diverged at step 0: loss must be finite, got loss NaN .* \(nll needs outputs that are probabilities > 0\) \(end the model in Softmax or Sigmoid; /,
    );
  });
});

// Training that ends where the gradient is small enough: with the real number of steps, and the state that it ended in.

import { describe, expect, it } from "vitest";
import { openRun } from "../../src/run/run-reader.node.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { resumeTraining } from "../../src/train/resume.node.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { runTraining } from "../../src/train/training.node.ts";
import { cli } from "../helpers/cli.ts";
import { smallTask } from "../helpers/tasks.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();

describe("stopGradientNorm", () => {
  it.each([
    { name: "gd", options: { lr: 0.2 } },
    { name: "momentum", options: { lr: 0.05 } },
    { name: "adam", options: { lr: 0.02 } },
  ])("ends $name before the first step whose gradient has that norm or less", async (optimizer) => {
    for (const dtype of ["float64", "float32"] as const) {
      const { task, params, batches } = await smallTask({ optimizer, dtype, batchSize: 24, steps: 30 });
      const whole = await trainInMemory(task, { params, batches });
      const norms = whole.scalars.map(({ gradientNorm }) => gradientNorm);
      const limit = norms[17];
      const first = norms.findIndex((norm) => norm <= limit);
      const run = await trainInMemory(task, { params, batches, stopGradientNorm: limit, checkpointEvery: 4 });
      expect(run.manifest).toMatchObject({
        status: "complete",
        steps: first,
        plannedSteps: 30,
        stopGradientNorm: limit,
      });
      expect(run.scalars).toEqual(whole.scalars.slice(0, first));
      expect(await run.checkpoint(first)).toEqual(await whole.checkpoint(first));
      const stepper = new Stepper(task);
      stepper.restore(await run.checkpoint(first));
      expect((await stepper.evaluate(batches[first])).gradientNorm).toBeLessThanOrEqual(limit * (1 + 1e-6));
    }
  });

  it("ends gradient descent at once where the gradient is zero", async () => {
    // A linear model of zeros with targets of zeros: every derivative of the loss is 0.
    const { task, params, batches } = await smallTask({
      hidden: [],
      loss: "half-mse",
      optimizer: { name: "gd", options: { lr: 1 } },
    });
    task.dataset.train.y.data.fill(0 as never);
    const run = await trainInMemory(task, { params: params.fill(0), batches, stopGradientNorm: 0 });
    expect(run.manifest).toMatchObject({ status: "complete", steps: 0 });
    const moved = await trainInMemory(task, { params, batches: batches.slice(0, 2) });
    expect(moved.scalars.map(({ gradientNorm }) => gradientNorm)).toEqual([0, 0]);
  });

  it("is kept by a run that is interrupted, and its end is not gone on from", async () => {
    const path = folder.at("a.pkrun");
    const request = {
      data: "digits",
      limit: 30,
      model: "mlp:4:tanh",
      loss: "cross-entropy",
      optimizer: "gd",
      optimizerOptions: { lr: 0.5 },
      steps: 40,
      seed: 1,
      dtype: "float64",
      threads: 1,
    } as const;
    const plain = await runTraining({ ...request, out: folder.at("plain.pkrun") });
    await plain.task.engine.release();
    const limit = plain.run.scalars[20].gradientNorm;
    const stopper = new AbortController();
    const begun = await runTraining({
      ...request,
      stopGradientNorm: limit,
      out: path,
      signal: stopper.signal,
      onProgress: ({ done }) => done === 3 && stopper.abort(),
    });
    await begun.task.engine.release();
    expect(begun.result).toMatchObject({ status: "interrupted", steps: 3 });
    for (let again = 0; again < 2; again++) {
      const { result, task } = await resumeTraining({ run: path });
      await task.engine.release();
      expect(result).toMatchObject({ status: "complete" });
      expect(result.steps).toBeLessThanOrEqual(20);
    }
    const { manifest, scalars } = await openRun(path);
    const told = `complete, ${manifest.steps} of 40 steps recorded: the next gradient has a norm of at most ${limit}`;
    expect((await cli(["info", path])).stdout).toContain(told);
    expect(scalars).toEqual(plain.run.scalars.slice(0, manifest.steps));
  });
});

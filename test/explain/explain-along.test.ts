// Training points as queries at every step (001-11): each step's model is explained, and coefficients depend on the query.

import { describe, expect, it } from "vitest";
import { explainAlong } from "../../src/explain/explain-along.ts";
import { pathKernel } from "../../src/kernels/path-kernel.ts";
import { predict } from "../../src/train/accuracy.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { stateAt } from "../../src/train/trajectory.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { coefficientSpread } from "../helpers/special/coefficients.ts";
import { smallTask } from "../helpers/tasks.ts";

describe("explainAlong(task, run)", () => {
  it.each(["sgd", "adam"])("is the model after each step at every training example: %s", async (label) => {
    const optimizer = optimizerChoice(label);
    const { task, params, batches } = await smallTask({
      loss: "half-mse",
      hidden: [5],
      examples: 6,
      batchSize: 3,
      steps: 4,
      optimizer,
    });
    const run = await trainInMemory(task, { params, batches, checkpointEvery: 3 });
    const along = await explainAlong(task, run, { tolerance: 1e-9 });
    expect(along.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    for (const { step, explanation: e } of along) {
      expect(e.steps).toBe(step);
      const { params: w } = await stateAt(task, run, step);
      const values = await predict(task, w, task.dataset.train);
      const sums = e.prior.map((prior, r) => prior + e.net[r] + e.residual[r]);
      expect(sums).toBeAllclose(values, { rtol: 0, atol: 1e-13 });
      expect(largest(e.residual)).toBeLessThan(1e-9 * e.scale);
    }
    // One step's examples are its batch's alone.
    const first = along[0].explanation.contributions.subarray(0, 6);
    expect(first.filter((value) => value !== 0).length).toBe(3);
  });

  it("by the rule left is the path kernel's sum so far, each step adding its own", async () => {
    const { task, params, batches } = await smallTask({
      loss: "half-mse",
      hidden: [5],
      examples: 6,
      batchSize: 3,
      steps: 4,
    });
    const run = await trainInMemory(task, { params, batches });
    const along = await explainAlong(task, run, { steps: [2, 4], rule: "left" });
    const { contributions } = await pathKernel(task, run, task.dataset.train.x);
    expect(along[1].explanation.contributions).toBeAllclose(contributions, { rtol: 1e-12, atol: 1e-14 });
    expect(largest(along[0].explanation.contributions.map((v, k) => v - contributions.data[k]))).toBeGreaterThan(1e-4);
  });

  it("refuses steps that are not there or do not ascend", async () => {
    const { task, params, batches } = await smallTask({ steps: 3 });
    const run = await trainInMemory(task, { params, batches });
    for (const steps of [[0], [4], [2, 2], [1.5]])
      expect(await errorOf(() => explainAlong(task, run, { steps }))).toBe(
        `RangeError: explainAlong: steps must ascend within 1..3, got ${steps.at(-1)}`,
      );
  });
});

describe("Domingos' coefficients", () => {
  it("of one example differ from query to query, in a network and not in a linear model", async () => {
    const [network, linear] = [await coefficientSpread([6]), await coefficientSpread([])];
    expect(network).toBeGreaterThan(0.01);
    expect(linear).toBeLessThan(1e-12);
  });
});

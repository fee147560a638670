// Explanations of models with outputs at positions: they close, they agree with the forward sweep, for every kind of target and optimizer.

import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries, inputQueries } from "../../src/explain/queries.ts";
import { byLabel } from "../../src/explain/summary.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { verdictOf } from "../../src/explain/verdict.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { errorOf } from "../helpers/errors.ts";
import { explainForward } from "../helpers/forward-explanation.ts";
import { type SequenceTaskOptions, sequenceTask } from "../helpers/sequence-task.ts";

const sgd = { name: "sgd", options: { lr: 0.1 } };
const momentum = { name: "momentum", options: { lr: 0.05 } };
const adam = { name: "adam", options: { lr: 0.01 } };
const TOLERANCE = 1e-9;

async function explained(options: SequenceTaskOptions & { readout?: string; rule?: string } = {}) {
  const { readout, rule, ...own } = options;
  const { task, params, batches } = await sequenceTask(own);
  const run = await trainInMemory(task, { params, batches });
  const queries = datasetQueries(task, "test:0-2");
  const explanation = await explain(task, run, { queries, tolerance: TOLERANCE, readout, ...(rule && { rule }) });
  return { task, run, queries, explanation };
}

/** Largest |closure| relative to what was booked. */
const closureOf = ({ closure, gross }: Explanation): number =>
  Math.max(...closure.map((value, r) => Math.abs(value) / gross[r]));

describe("an explanation of outputs at positions", () => {
  it.each<SequenceTaskOptions & { readout?: string }>([
    { optimizer: sgd },
    { optimizer: momentum },
    { optimizer: adam },
    { optimizer: adam, readout: "logit:0/2" },
    { optimizer: sgd, readout: "probability:-2/3" },
    { optimizer: momentum, readout: "loss" },
    { spec: "mlp:5:tanh", loss: "mse", optimizer: adam, readout: "output:1/1" },
    { spec: "mlp:5:tanh", loss: "mse", classes: 3, optimizer: sgd, readout: "loss" },
    { spec: "mlp:5:tanh", loss: "binary-cross-entropy", classes: 2, ignored: false, readout: "probability:3/1" },
  ])("holds: %j", async (options) => {
    const { explanation } = await explained(options);
    expect(verdictOf(explanation, "float64").residual).toMatchObject({ holds: true, limit: TOLERANCE });
    expect(closureOf(explanation)).toBeLessThan(1e-12);
    expect(Math.min(...explanation.gross)).toBeGreaterThan(1e-4);
  });

  it("holds in float32", async () => {
    const { task, params, batches } = await sequenceTask({ dtype: "float32" });
    const run = await trainInMemory(task, { params, batches });
    const queries = datasetQueries(task, "test:0-2");
    expect(verdictOf(await explain(task, run, { queries }), "float32")).toMatchObject({ passed: true });
  });

  it.each([sgd, momentum, adam])("is what the forward sweep carries, with $name", async (optimizer) => {
    const { task, run, queries, explanation } = await explained({ optimizer, rule: "gauss3" });
    const forward = await explainForward(task, run, { queries, rule: "gauss3" });
    expect(explanation.contributions).toBeAllclose(forward.contributions, { rtol: 1e-10, atol: 1e-13 });
  });

  it.each([sgd, adam])("by factors is what forward mode gives row by row, with $name", async (optimizer) => {
    const { task, run, queries, explanation } = await explained({ optimizer });
    const slow = await explain(task, run, { queries, tolerance: TOLERANCE, pulls: "forward" });
    expect(explanation.contributions).toBeAllclose(slow.contributions, { rtol: 1e-10, atol: 1e-13 });
  });

  it("gives an example without positions that count no contribution of its own, and is at the last position", async () => {
    const { task, explanation } = await explained({ optimizer: sgd });
    for (let r = 0; r < 3; r++) {
      expect(explanation.contributions[r * 12 + 1]).toBe(0);
      expect(explanation.contributions[r * 12 + 2]).not.toBe(0);
      expect(explanation.rows[r].readout).toMatch(/^margin:3\/\d-\d$/);
    }
    // Examples with several labels are one group.
    expect(byLabel(explanation, 0, task.dataset)).toEqual([
      { label: "all examples", kind: "all", pull: expect.closeTo(explanation.net[0], 12), count: 11 },
    ]);
  });
});

describe("inputQueries(task, x, { target }) of a model with positions", () => {
  const x = reals([1, 4], [0, 1, 2, 3]);

  it("reads a class index for each position, -100 among them", async () => {
    const { task } = await sequenceTask();
    const [query] = inputQueries(task, x, { name: "x.npy", target: "3,0,-100,1" });
    expect(query.target).toEqual(integers([1, 4], [3, 0, -100, 1]));
  });

  it("reads the numbers of all outputs", async () => {
    const { task } = await sequenceTask({ spec: "mlp", loss: "mse" });
    const [query] = inputQueries(task, x, { name: "x.npy", target: "1,2,3,4,5,6,7,8" });
    expect(query.target).toEqual(reals([1, 4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
  });

  it.each(["3", "3,0,1", "3,0,1,4", "3,0,1,-1", "3,0,1,0.5"])("refuses %s", async (target) => {
    const { task } = await sequenceTask();
    expect(await errorOf(() => inputQueries(task, x, { name: "x.npy", target }))).toBe(
      `RangeError: target must be 4 class indices separated by commas, each in 0..3, got "${target}"`,
    );
  });
});

// Everything that a step may have beside its loss, at once: dropout, clip, decay, regularisers, weights, accumulated batches, a schedule.

import { expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { explainSuperposition } from "../../src/explain/explain-superposition.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { superpose } from "../../src/explain/superpose.ts";
import { pathKernel } from "../../src/kernels/path-kernel.ts";
import { createSchedule } from "../../src/schedules/registry.ts";
import { accumulatedBatches, weightedBatches } from "../../src/train/batches.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { largest } from "../helpers/kernels.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function trained(options: SmallTaskOptions) {
  const { task, params, batches } = await smallTask({ dropout: 0.3, steps: 16, hidden: [6, 5], ...options });
  const weights = Float64Array.from({ length: 24 }, (_, i) => (i % 5) / 2);
  const run = await trainInMemory(task, {
    params,
    batches: [...weightedBatches(accumulatedBatches(batches, 2), weights)],
    schedule: createSchedule("cosine:warmup=3", { stepSize: 0.2, steps: 8 }),
    checkpointEvery: 3,
  });
  return { task, run, queries: datasetQueries(task, "test:0-5"), readout: "output:1" };
}

it("contributions by the rule left are those of the path kernel, on probabilities and with a clip by norm", async () => {
  const regularisers = ["l1:0.01", "distance:0.1"];
  const optimizer = { name: "sgd", options: { lr: 0.2, weightDecay: 0.01 }, clipping: { norm: 0.4 }, regularisers };
  const { task, run, ...asked } = await trained({ optimizer, loss: "nll" });
  const { contributions, terms, closure } = await explain(task, run, { ...asked, rule: "left" });
  const kernel = await pathKernel(task, run, task.dataset.test.x);
  const ofOutput = contributions.map((_, k) => kernel.contributions.data[k * task.outputs + 1]);
  expect(ofOutput).toBeAllclose(contributions, { rtol: 1e-11, atol: 1e-14 });
  expect(terms.map(({ name }) => name)).toEqual(["coupled decay", "regulariser l1", "regulariser distance"]);
  expect(largest(closure)).toBeLessThan(1e-14);
});

it("sums close along steps, along chords and from a superposition, with momentum and a clip by value", async () => {
  const optimizer = {
    name: "nesterov",
    options: { lr: 0.2, momentum: 0.8, weightDecay: 0.01 },
    clipping: { value: 0.05 },
    regularisers: ["elastic:0.01,0.02", "distance:0.1"],
  };
  const { task, run, ...asked } = await trained({ optimizer, loss: "multi-margin:1", model: "relu" });
  for (const chord of [1, 3]) {
    const { closure, residual } = await explain(task, run, { ...asked, chord, shift: 0, tolerance: 1e-8 });
    expect(largest(closure)).toBeLessThan(1e-14);
    expect(largest(residual)).toBeLessThan(1e-7);
  }
  const { closure } = await explainSuperposition(task, run, await superpose(task, run), asked);
  expect(largest(closure)).toBeLessThan(1e-14);
});

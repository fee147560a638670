// Runs that are made to cross a chosen minimum.

import { expect, it } from "vitest";
import { startAcross } from "../../src/flows/start-across.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { smallTask, withOptimizer } from "../helpers/tasks.ts";

const GD = { label: "gd", name: "gd", options: { lr: 0.3 } };

it("startAcross(task, options) gives a start and a rate whose first step goes through the minimum", async () => {
  const { task, params, batches } = await smallTask({ hidden: [], loss: "half-mse", optimizer: GD, steps: 400 });
  const minimum = (await (await trainInMemory(task, { params, batches })).checkpoint(400)).params as Float64Array;
  const {
    params: start,
    stepSize,
    direction,
    miss,
  } = await startAcross(task, { minimum, distance: 0.5, beyond: 0.25 });
  expect(miss).toBeLessThan(1e-8);
  const run = await trainInMemory(withOptimizer(task, "gd", { lr: stepSize }), {
    params: start,
    batches: batches.slice(0, 1),
  });
  const after = (await run.checkpoint(1)).params;
  const behind = minimum.map((w, k) => w - 0.25 * direction[k]);
  expect(largest(behind.map((w, k) => w - after[k]))).toBeLessThan(1e-8);
  expect(await errorOf(() => startAcross(task, { minimum, distance: 0 }))).toContain(
    "distance must be positive, got 0",
  );
});

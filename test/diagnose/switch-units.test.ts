// Activity and kinks: signs by hand, counts against signs taken one by one, and models without kinks.

import { describe, expect, it } from "vitest";
import { kinksAlong, unitActivity } from "../../src/diagnose/switch-units.ts";
import { reals, sliceRows } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { trainableOf } from "../../src/train/task.ts";
import { smallTask } from "../helpers/tasks.ts";

describe("unitActivity", () => {
  it("has the parts of examples on which each ReLU is active, and counts the dormant and the always active", async () => {
    const { task } = await smallTask({ model: "relu", hidden: [3], loss: "half-mse" });
    // Units x_0, -x_0 and -1, whatever x is.
    const params = Float64Array.of(...[1, 0, -1, 0, 0, 0], ...[0, 0, -1], ...[1, 1, 1], 0);
    const xs = reals([4, 2], [1, 9, 2, 9, 0, 9, -1, 9]);
    const found = await unitActivity(task, params, xs);
    expect(found.active).toEqual(Float64Array.of(0.5, 0.25, 0));
    expect([found.examples, found.dormant, found.alwaysActive]).toEqual([4, 1, 0]);
    expect(found.groups).toEqual([{ operator: "Relu", value: expect.any(String), shape: [3], first: 0, units: 3 }]);
    expect(await unitActivity(task, params, sliceRows(xs, 0, 1))).toMatchObject({ dormant: 2, alwaysActive: 1 });
  });

  it("knows the units of convolutions, place by place, and those of pools", async () => {
    const { task, params } = await smallTask({ model: "cnn", loss: "cross-entropy" });
    const { groups, active } = await unitActivity(task, trainableOf(task, params, "float64"), task.dataset.train.x);
    const relus = groups.filter(({ operator }) => operator === "Relu");
    expect(relus.map(({ shape }) => shape)).toEqual([[4, 6, 6], [8]]);
    expect(groups.map(({ operator }) => operator)).toContain("MaxPool");
    const last = groups[groups.length - 1];
    expect(active.length).toBe(last.first + last.units);
    expect(Math.max(...active)).toBeLessThanOrEqual(1);
  });

  it("of a smooth model has none, and refuses no examples", async () => {
    const { task, params } = await smallTask();
    const of = (count: number) => unitActivity(task, params, sliceRows(task.dataset.train.x, 0, count));
    expect(await of(3)).toEqual({ groups: [], examples: 3, active: new Float64Array(0), dormant: 0, alwaysActive: 0 });
    await expect(of(0)).rejects.toThrow(new RangeError("unitActivity: there must be an example, got none"));
  });
});

describe("kinksAlong", () => {
  it("counts what changed sides between the steps, as the activities one by one say", async () => {
    const { task, params, batches } = await smallTask({
      model: "relu",
      hidden: [6],
      loss: "half-mse",
      steps: 8,
      optimizer: { name: "sgd", options: { lr: 0.5 } },
    });
    const run = await trainInMemory(task, { params, batches, checkpointEvery: 4 });
    const xs = sliceRows(task.dataset.train.x, 0, 5);
    const steps = [0, 1, 3, 8];
    const found = await kinksAlong(task, run, xs, { steps });
    expect(found.steps.map(({ step }) => step)).toEqual(steps);
    // Signs of each example by itself.
    const signs: number[][] = [];
    const replayed = await trainInMemory(task, { params, batches });
    for (const step of steps) {
      const own = (await replayed.checkpoint(step)).params;
      const rows = [0, 1, 2, 3, 4].map((n) => unitActivity(task, own, sliceRows(xs, n, n + 1)));
      signs.push((await Promise.all(rows)).flatMap(({ active }) => [...active]));
    }
    let total = 0;
    for (const [k, { crossings, unitsCrossed, active }] of found.steps.entries()) {
      expect(active).toBeAllclose(
        active.map((_, u) => [0, 1, 2, 3, 4].reduce((sum, n) => sum + signs[k][n * 6 + u], 0) / 5),
        { atol: 1e-15, rtol: 0 },
      );
      if (k === 0) {
        expect([crossings, unitsCrossed]).toEqual([undefined, undefined]);
        continue;
      }
      const moved = signs[k].flatMap((sign, at) => (sign === signs[k - 1][at] ? [] : [at % 6]));
      expect([crossings, unitsCrossed]).toEqual([moved.length, new Set(moved).size]);
      total += moved.length;
    }
    expect(total).toBeGreaterThan(0);
  });

  it("refuses no steps and steps that do not ascend", async () => {
    const { task, params, batches } = await smallTask({ steps: 2 });
    const run = await trainInMemory(task, { params, batches });
    const of = (steps: number[]) => kinksAlong(task, run, task.dataset.train.x, { steps });
    await expect(of([])).rejects.toThrow(new RangeError("kinksAlong: there must be a step, got none"));
    await expect(of([1, 1])).rejects.toThrow(new RangeError("kinksAlong: steps must ascend, got 1,1"));
    await expect(of([3])).rejects.toThrow(new RangeError("stateAt: step must lie in 0..2, got 3"));
  });
});

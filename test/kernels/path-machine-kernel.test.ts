// The path kernel as one symmetric kernel: the sum of its steps' kernels, near it by a few of them, and pathKernel's where all are in each batch.

import { describe, expect, it } from "vitest";
import { tangentMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { pathKernel } from "../../src/kernels/path-kernel.ts";
import { earlySteps, pathMachineKernel, pathNodes } from "../../src/kernels/path-machine-kernel.ts";
import { sliceRows } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest, smallestPivot } from "../helpers/kernels.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const STEPS = 24;
const { task, params, batches } = await smallTask({
  hidden: [6],
  steps: STEPS,
  examples: 10,
  optimizer: optimizerChoice("gd"),
});
// Some states are replayed.
const run = await trainInMemory(task, { params, batches, checkpointEvery: 5 });
const points = task.dataset.train.x;
const queries = sliceRows(task.dataset.test.x, 0, 3);
const path = (steps?: readonly number[]) => pathMachineKernel(task, run, points, steps ? { steps } : {});

describe("pathMachineKernel", () => {
  it("is N times the trace of pathKernel's where every batch holds all examples with the weight 1 / N", async () => {
    const { unweighted } = await pathKernel(task, run, queries);
    const C = task.outputs;
    const expected = Float64Array.from({ length: 30 }, (_, pair) => {
      let trace = 0;
      for (let c = 0; c < C; c++) trace += unweighted.data[pair * C * C + c * C + c];
      return 10 * trace;
    });
    expect(await path().between(queries)).toBeAllclose(expected, { rtol: 1e-11, atol: 1e-12 });
  });

  it("is symmetric and positive semidefinite, and agrees between matrix, queries and diagonal", async () => {
    const matrix = await path().matrix();
    expect(smallestPivot(matrix.data, 10, 1e-10 * largest(matrix.data))).toBeGreaterThan(0);
    expect(await path().between(points)).toBeAllclose(matrix, { rtol: 1e-11, atol: 1e-12 });
    const diagonal = Array.from({ length: 10 }, (_, i) => matrix.data[i * 11]);
    expect(await path().diagonal(points)).toBeAllclose(diagonal, { rtol: 1e-11, atol: 1e-12 });
    for (let i = 0; i < 10; i++)
      for (let j = 0; j < i; j++) expect(matrix.data[i * 10 + j]).toBe(matrix.data[j * 10 + i]);
  });

  it("at all steps by name is the sum over all, at one it is that step's kernel times the sum of the step sizes", async () => {
    const every = Array.from({ length: STEPS }, (_, s) => s);
    expect(await path(every).matrix()).toBeAllclose(await path().matrix(), { rtol: 1e-12, atol: 1e-13 });
    const total = run.scalars.reduce((sum, { stepSize }) => sum + stepSize, 0);
    const { params: w } = await run.checkpoint(STEPS);
    const last = await tangentMachineKernel(task, w, points).matrix();
    expect(await path([STEPS]).matrix()).toBeAllclose(
      last.data.map((value) => total * value),
      { rtol: 1e-12, atol: 1e-13 },
    );
  });

  it("comes nearer the more steps are computed", async () => {
    const whole = (await path().matrix()).data;
    const apart = async (count: number) => {
      const { data } = await path(earlySteps(STEPS, count)).matrix();
      return largest(data.map((value, at) => value - whole[at])) / largest(whole);
    };
    const [three, six] = [await apart(3), await apart(6)];
    expect(six).toBeLessThan(three / 2);
    expect(six).toBeLessThan(0.01);
  });

  it("tells of each step and stops when aborted", async () => {
    const seen: number[] = [];
    await path([0, 10, 20]).matrix({ onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([1 / 3, 2 / 3, 1]);
    await expect(path().matrix({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});

describe("pathNodes", () => {
  it("have weights that add up to the training time, whatever the steps", () => {
    const total = run.scalars.reduce((sum, { stepSize }) => sum + stepSize, 0);
    for (const steps of [undefined, [0], [3, 7], earlySteps(STEPS, 7), [0, STEPS]]) {
      const sum = pathNodes(task, run, steps).reduce((all, { weight }) => all + weight, 0);
      expect(sum).toBeCloseTo(total, 12);
    }
    expect(earlySteps(101, 5)).toEqual([0, 6, 25, 56, 100]);
    expect(earlySteps(1, 5)).toEqual([0]);
  });

  it("refuse steps that are none", async () => {
    for (const [steps, got] of [
      [[4, 4], "4"],
      [[25], "25"],
      [[], "none"],
    ] as const)
      expect(await errorOf(() => pathNodes(task, run, steps))).toBe(
        `RangeError: pathNodes: steps must ascend and lie in 0..24, got ${got}`,
      );
  });
});

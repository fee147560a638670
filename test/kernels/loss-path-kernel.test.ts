// The loss path kernel against finite differences of the loss, against the explanation of the loss, and what Chen et al. say of it.

import { describe, expect, it } from "vitest";
import { lossPathNorm } from "../../src/diagnose/loss-path-bound.ts";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { lossPathKernel } from "../../src/kernels/loss-path-kernel.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { type RealArray, reals, sliceRows, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { objectiveOf } from "../../src/train/gradient-graph.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { targetsOf } from "../../src/train/task.ts";
import { largest, smallestPivot } from "../helpers/kernels.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

async function recorded(options: SmallTaskOptions = {}, checkpointEvery = 3) {
  const { task, params, batches } = await smallTask({
    hidden: [5],
    steps: 8,
    examples: 10,
    optimizer: optimizerChoice("gd"),
    ...options,
  });
  return { task, run: await trainInMemory(task, { params, batches, checkpointEvery }) };
}

const { task, run } = await recorded({ loss: "cross-entropy" });
const { train, test } = task.dataset;
const N = 10;

/** l(w, z) of each point, by the engine. */
async function losses(params: RealArray, split = train): Promise<number[]> {
  const { b, losses: l } = objectiveOf(task.split.head, task.loss);
  const rows = Array.from({ length: split.x.shape[0] }, (_, k) => k);
  const feeds = { ...viewsOf(task.layout, params), x: split.x, target: targetsOf(task, split, rows) };
  const ones = reals([rows.length], new Float64Array(rows.length).fill(1));
  const found = await task.engine.compile(b.build({ l })).run({ ...feeds, "example.weights": ones });
  return Array.from(found.l.data as RealArray);
}

describe("lossPathKernel", () => {
  it("of one step is eta <∇l, ∇l'>, by central differences of the losses", async () => {
    const { params } = await run.checkpoint(0);
    const gradients = Array.from({ length: N }, () => new Float64Array(params.length));
    const h = 1e-5;
    for (let k = 0; k < params.length; k++) {
      const moved = async (by: number) => losses(Float64Array.from(params, (w, j) => (j === k ? w + by : w)));
      const [up, down] = [await moved(h), await moved(-h)];
      for (const [i, own] of gradients.entries()) own[k] = (up[i] - down[i]) / (2 * h);
    }
    const expected = gradients.flatMap((a) =>
      gradients.map((b) => run.scalars[0].stepSize * a.reduce((sum, value, k) => sum + value * b[k], 0)),
    );
    const [{ step, matrix }] = await lossPathKernel(task, run, { steps: [1] });
    expect(step).toBe(1);
    expect(matrix.shape).toEqual([N, N]);
    expect(matrix).toBeAllclose(expected, { rtol: 0, atol: 1e-8 * largest(expected) });
  });

  it.each(["left", "trapezoid", "gauss3"])(
    "over n is minus what the examples contributed to a point's loss, by the rule %s",
    async (rule) => {
      const e = await explain(task, run, { queries: datasetQueries(task, "test:0-5"), readout: "loss", rule });
      const [{ matrix }] = await lossPathKernel(task, run, { points: test, rule });
      const own = matrix.data.map((value) => -value / N);
      expect(own).toBeAllclose(e.contributions, { rtol: 0, atol: 1e-12 * largest(e.contributions) });
    },
  );

  it("leaves of l(w_T, z) = l(w_0, z) - 1/n sum_i K_T(z, z_i) the residual of the rule alone", async () => {
    const [{ matrix }] = await lossPathKernel(task, run, { points: test, rule: "gauss4" });
    const [before, after] = [
      await losses((await run.checkpoint(0)).params, test),
      await losses((await run.checkpoint(8)).params, test),
    ];
    const predicted = before.map(
      (value, q) => value - matrix.data.subarray(q * N, (q + 1) * N).reduce((sum, k) => sum + k, 0) / N,
    );
    expect(largest(after.map((value, q) => value - before[q]))).toBeGreaterThan(1e-3);
    expect(predicted).toBeAllclose(after, { rtol: 0, atol: 1e-11 });
  });

  it("is symmetric and positive semidefinite by the rule left, grows with T, and is 0 at T = 0", async () => {
    const all = await lossPathKernel(task, run, { steps: [0, 2, 5, 8] });
    expect(all.map(({ step }) => step)).toEqual([0, 2, 5, 8]);
    expect(largest(all[0].matrix.data)).toBe(0);
    const [{ matrix: alone }] = await lossPathKernel(task, run, { steps: [5] });
    expect(all[2].matrix).toBeAllclose(alone, { rtol: 1e-12, atol: 1e-15 });
    const { data } = all[3].matrix;
    expect(smallestPivot(data, N, 1e-9 * largest(data))).toBeGreaterThan(0);
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < i; j++) expect(Math.abs(data[i * N + j] - data[j * N + i])).toBeLessThan(1e-15);
      expect(data[i * (N + 1)]).toBeGreaterThan(all[2].matrix.data[i * (N + 1)]);
    }
  });

  it("has in B² what the recorded gradients say: sum_s eta_s |∇L|²", async () => {
    const [{ matrix }] = await lossPathKernel(task, run);
    const expected = run.scalars.reduce((sum, { stepSize, gradientNorm }) => sum + stepSize * gradientNorm ** 2, 0);
    expect(lossPathNorm(matrix) ** 2).toBeAllclose(expected, { rtol: 1e-11, atol: 0 });
  });

  it("takes other points on either side, duplicates and a single one, in float32 and of minibatches too", async () => {
    const single = await recorded({ loss: "cross-entropy", dtype: "float32" });
    const [{ matrix: rounded }] = await lossPathKernel(single.task, single.run, { points: test, others: train });
    const [{ matrix }] = await lossPathKernel(task, run, { points: test });
    expect(rounded).toBeAllclose(matrix, { rtol: 0, atol: 1e-4 * largest(matrix.data) });
    const twice = { x: takeRows(test.x, [1, 1]), y: takeRows(test.y as Tensor<"int64">, [1, 1]) };
    const [{ matrix: same }] = await lossPathKernel(task, run, { points: twice, others: twice });
    expect(new Set(same.data).size).toBe(1);
    const one = { x: sliceRows(test.x, 1, 2), y: sliceRows(test.y as Tensor<"int64">, 1, 2) };
    const [{ matrix: alone }] = await lossPathKernel(task, run, { points: one, others: one });
    expect(alone).toBeAllclose([same.data[0]], { rtol: 1e-12, atol: 0 });
    const sgd = await recorded({ optimizer: optimizerChoice("sgd") });
    const [{ matrix: every }] = await lossPathKernel(sgd.task, sgd.run);
    expect(smallestPivot(every.data, N, 1e-9 * largest(every.data))).toBeGreaterThan(0);
  });

  it("refuses optimizers with state, steps that the run does not have, and rules without nodes", async () => {
    const adam = await recorded({ optimizer: optimizerChoice("adam") });
    await expect(lossPathKernel(adam.task, adam.run)).rejects.toThrow(/needs an optimizer without state/);
    for (const steps of [[], [3, 3], [9], [0.5]])
      await expect(lossPathKernel(task, run, { steps })).rejects.toThrow(
        /^lossPathKernel: steps must ascend and lie in 0..8/,
      );
    await expect(lossPathKernel(task, run, { rule: "auto" })).rejects.toThrow(/^lossPathKernel: rule must be one of/);
  });

  it("tells of its steps and stops with the signal's reason", async () => {
    const controller = new AbortController();
    const told: number[] = [];
    const stop = lossPathKernel(task, run, {
      signal: controller.signal,
      onProgress: ({ done }) => {
        told.push(done);
        if (done === 3) controller.abort(new Error("enough"));
      },
    });
    await expect(stop).rejects.toThrow("enough");
    expect(told).toEqual([1, 2, 3]);
  });
});

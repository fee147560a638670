// The noise of minibatches by enumeration of all of them, and the numbers that batches and Brownian motion share.

import { describe, expect, it } from "vitest";
import { GradientField, meanRow } from "../../src/flows/field.ts";
import { Noise, noiseFactor } from "../../src/flows/noise.ts";
import { errorOf } from "../helpers/errors.ts";
import { smallTask } from "../helpers/tasks.ts";

const small = () => smallTask({ hidden: [3], examples: 6, loss: "half-mse" });

/** All subsets of b of n. */
function subsets(n: number, b: number): number[][] {
  if (b === 0) return [[]];
  return Array.from({ length: n }, (_, first) => first).flatMap((first) =>
    subsets(n - first - 1, b - 1).map((rest) => [first, ...rest.map((i) => i + first + 1)]),
  );
}

describe("noiseFactor(task, { params, batchSize })", () => {
  it("has F^T F equal to the covariance of all minibatches, whose mean is the gradient", async () => {
    const { task, params } = await small();
    const b = 2;
    const field = await GradientField.of(task);
    const gradients = await field.at(params as Float64Array);
    const [n, p] = [field.examples, field.size];
    const mean = meanRow(gradients, p);
    const all = subsets(n, b).map((batch) =>
      mean.map((_, k) => batch.reduce((total, i) => total + gradients[i * p + k] / b, 0)),
    );
    expect(all).toHaveLength(15);
    expect(mean.map((_, k) => all.reduce((total, g) => total + g[k] / all.length, 0))).toBeAllclose(mean, {
      atol: 1e-14,
    });
    const factor = await noiseFactor(task, { params, batchSize: b });
    for (const [k, l] of [
      [0, 0],
      [1, 4],
      [p - 1, 2],
    ]) {
      const covariance = all.reduce((total, g) => total + ((g[k] - mean[k]) * (g[l] - mean[l])) / all.length, 0);
      let sigma = 0;
      for (let i = 0; i < n; i++) sigma += factor[i * p + k] * factor[i * p + l];
      expect(sigma).toBeAllclose(covariance, { rtol: 1e-12, atol: 1e-15 });
    }
  });

  it("is zero for batches of all examples, and refuses others than 1 to n", async () => {
    const { task, params } = await small();
    expect((await noiseFactor(task, { params, batchSize: 6 })).every((value) => value === 0)).toBe(true);
    expect(await errorOf(() => noiseFactor(task, { params, batchSize: 7 }))).toBe(
      "RangeError: noiseFactor: batchSize must be an integer in 1..6, got 7",
    );
  });
});

describe("Noise", () => {
  it("gives pairs of runs opposite numbers, and batches that are the largest of them", () => {
    const noise = new Noise({ seed: 3, examples: 4, pieces: 2 });
    const [first, second, third] = [0, 1, 2].map((run) => noise.of(run).next().value);
    expect(second).toEqual(first.map((value) => -value));
    expect(third).not.toEqual(first);
    expect(noise.batch(Float64Array.of(0, 1, 2, 3, 0, 5, 0, 0), 2)).toEqual(Int32Array.of(1, 3));
  });
});

// Approximate kernels: exact where they must be, within the bounds that they state, and the errors that they measure are the errors.

import { describe, expect, it } from "vitest";
import type { FeatureKernel } from "../../src/kernels/feature-kernel.ts";
import { gaussian } from "../../src/kernels/input-kernels.ts";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { inputMachineKernel, tangentMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { nystromKernel } from "../../src/kernels/nystrom.ts";
import { fourierKernel, tangentSketch } from "../../src/kernels/random-features.ts";
import { featureRidge } from "../../src/machines/feature-ridge.ts";
import { ridgeCurves } from "../../src/machines/ridge-curves.ts";
import { ridgeMachine } from "../../src/machines/ridge-machine.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { smallTask } from "../helpers/tasks.ts";

const N = 40;
const { task, params } = await smallTask({ examples: N, queries: 3, hidden: [6] });
const { train, test } = task.dataset;
const [x, y] = [train.x, train.y as Tensor<"float64">];
const rbf = (points: Tensor) => inputMachineKernel(points, gaussian(0.5), "Gaussian");
const tangent = (points: Tensor) => tangentMachineKernel(task, params, points);

const frobenius = ({ data }: Matrix) => Math.hypot(...data);
const less = (a: Matrix, b: Matrix): Matrix => ({ ...a, data: a.data.map((value, at) => value - b.data[at]) });
const most = ({ data }: Matrix) => Math.max(...data.map(Math.abs));

/** Everything that a kernel of features says, from its features. */
async function holdsTogether(kernel: FeatureKernel, exact: Matrix): Promise<Matrix> {
  const [matrix, between] = [await kernel.matrix(), await kernel.between(test.x)];
  expect([matrix.shape, between.shape]).toEqual([
    [N, N],
    [3, N],
  ]);
  expect(await kernel.between(x)).toBeAllclose(matrix, { rtol: 1e-9, atol: 1e-9 });
  const diagonal = Array.from({ length: N }, (_, i) => matrix.data[i * N + i]);
  expect(await kernel.diagonal(x)).toBeAllclose(diagonal, { rtol: 1e-9, atol: 1e-9 });
  const apart = less(exact, matrix);
  const { error } = kernel;
  expect(error.points).toBe(N);
  expect(error.relativeFrobenius).toBeCloseTo(frobenius(apart) / frobenius(exact), 10);
  expect(error.largestEntry).toBeCloseTo(most(apart), 10);
  return apart;
}

describe("nystromKernel", () => {
  it("through all points is the kernel", async () => {
    for (const choice of ["uniform", "pivoted"] as const) {
      const kernel = await nystromKernel(tangent, x, { landmarks: N, choice, tolerance: 1e-14 });
      const exact = await tangent(x).matrix();
      expect(most(await holdsTogether(kernel, exact)) / most(exact)).toBeLessThan(1e-9);
      await expect(kernel.between(test.x)).resolves.toBeAllclose(await tangent(x).between(test.x), {
        rtol: 1e-7,
        atol: 1e-7,
      });
    }
  });

  it.each(["uniform", "pivoted"] as const)(
    "by %s landmarks leaves a positive semidefinite rest within its bound",
    async (choice) => {
      const kernel = await nystromKernel(rbf, x, { landmarks: 8, choice, seed: 3 });
      expect(new Set(kernel.landmarks).size).toBe(8);
      const apart = await holdsTogether(kernel, await rbf(x).matrix());
      const rest = Array.from({ length: N }, (_, i) => apart.data[i * N + i]);
      expect(kernel.left).toBeAllclose(rest, { rtol: 1e-9, atol: 1e-12 });
      const trace = rest.reduce((total, value) => total + value, 0);
      expect(kernel.error.relativeTrace).toBeCloseTo(trace / N, 10);
      expect(frobenius(apart)).toBeLessThanOrEqual(trace);
      expect(most(apart)).toBeLessThanOrEqual(kernel.error.bound.value + 1e-12);
      // Landmarks themselves are met.
      for (const i of kernel.landmarks) expect(Math.abs(rest[i])).toBeLessThan(1e-6);
    },
  );

  it("has a smaller error the more landmarks there are, and pivots that beat uniform ones where points lie in clusters", async () => {
    const frob = async (landmarks: number, choice: "uniform" | "pivoted", points: Tensor, seed: number) =>
      (await nystromKernel(rbf, points, { landmarks, choice, seed })).error.relativeTrace;
    expect(await frob(16, "pivoted", x, 1)).toBeLessThan(await frob(4, "pivoted", x, 1));
    // 36 points at one place, four far away.
    const clustered = reals(
      [N, 2],
      Float64Array.from({ length: 2 * N }, (_, at) => (at < 8 ? 10 * (at + 1) : 0.01 * Math.sin(at))),
    );
    const mean = async (choice: "uniform" | "pivoted") =>
      ((await frob(6, choice, clustered, 1)) + (await frob(6, choice, clustered, 2))) / 2;
    expect(await mean("pivoted")).toBeLessThan(0.5 * (await mean("uniform")));
  });

  it("draws the same landmarks for the same seed, and others for another", async () => {
    const of = async (seed: number) => [...(await nystromKernel(rbf, x, { landmarks: 5, seed })).landmarks];
    expect(await of(1)).toEqual(await of(1));
    expect(await of(1)).not.toEqual(await of(2));
  });

  it("of duplicate points, of one point and of a kernel that is zero is defined", async () => {
    const twice = takeRows(x, [0, 0, 0, 1]);
    for (const choice of ["uniform", "pivoted"] as const) {
      const kernel = await nystromKernel(rbf, twice, { landmarks: 4, choice });
      expect(kernel.width).toBe(2);
      expect(kernel.error.largestEntry).toBeLessThan(1e-6);
      const zero = await nystromKernel((points) => inputMachineKernel(points, () => 0, "zero"), x, {
        landmarks: 3,
        choice,
      });
      expect([zero.width, zero.error.relativeFrobenius, zero.error.relativeTrace]).toEqual([0, 0, 0]);
      expect(await zero.between(test.x)).toEqual(reals([3, N], new Float64Array(3 * N)));
      const one = await nystromKernel(rbf, takeRows(x, [0]), { landmarks: 9, choice });
      expect([one.width, [...one.left]]).toEqual([1, [0]]);
    }
  });

  it("refuses what does not fit", async () => {
    expect(await errorOf(() => nystromKernel(rbf, x, { landmarks: 0 }))).toBe(
      "RangeError: nystromKernel: landmarks must be a whole number >= 1, got 0",
    );
    expect(await errorOf(() => nystromKernel(rbf, x, { landmarks: 2, choice: "best" as "uniform" }))).toBe(
      "RangeError: nystromKernel: choice must be one of uniform, pivoted, got best",
    );
    expect(await errorOf(() => nystromKernel(rbf, x, { landmarks: 2, tolerance: 1 }))).toBe(
      "RangeError: nystromKernel: tolerance must lie in (0, 1), got 1",
    );
  });
});

describe("random features", () => {
  it("by Fourier frequencies near the Gaussian kernel within the bound, as 1 / sqrt(D), with 1 on the diagonal", async () => {
    const of = (frequencies: number, seed: number) => fourierKernel(x, { gamma: 0.5, frequencies, seed });
    const kernel = await of(400, 1);
    expect(kernel.width).toBe(800);
    const apart = await holdsTogether(kernel, await rbf(x).matrix());
    expect(most(apart)).toBeLessThan(kernel.error.bound.value);
    expect(kernel.error.relativeTrace).toBeCloseTo(0, 12);
    const mean = async (frequencies: number) => {
      const errors = await Promise.all([1, 2, 3, 4].map((seed) => of(frequencies, seed)));
      return errors.reduce((total, { error }) => total + error.relativeFrobenius / 4, 0);
    };
    // Sixteen times as many: a quarter of the error, to the spread of four seeds.
    const ratio = (await mean(100)) / (await mean(1600));
    expect(ratio).toBeGreaterThan(2.5);
    expect(ratio).toBeLessThan(6.5);
  });

  it("by random directions are the Jacobians in them: unbiased, with no larger spread than stated", async () => {
    const exact = await tangent(x).matrix();
    const kernels = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => tangentSketch(task, params, x, { directions: 25, seed })),
    );
    await holdsTogether(kernels[0], exact);
    expect(kernels[0].width).toBe(50);
    const all = await Promise.all(kernels.map((kernel) => kernel.matrix()));
    const [mean, spread] = [new Float64Array(N * N), new Float64Array(N * N)];
    for (const { data } of all)
      for (const [at, value] of data.entries()) {
        mean[at] += value / 8;
        spread[at] += (value - exact.data[at]) ** 2 / 8;
      }
    const root = Math.sqrt(spread.reduce((total, value) => total + value, 0) / spread.length);
    expect(root).toBeLessThan(kernels[0].error.bound.value);
    // The mean of eight is closer by about sqrt(8).
    const off = Math.hypot(...mean.map((value, at) => value - exact.data[at])) / N;
    expect(off).toBeLessThan(0.6 * root);
  });

  it("refuse what does not fit", async () => {
    expect(await errorOf(() => fourierKernel(x, { gamma: 0, frequencies: 5 }))).toBe(
      "RangeError: fourierKernel: gamma must be a number > 0, got 0",
    );
    expect(await errorOf(() => fourierKernel(x, { gamma: 1, frequencies: 2.5 }))).toBe(
      "RangeError: fourierKernel: frequencies must be a whole number >= 1, got 2.5",
    );
    expect(await errorOf(() => tangentSketch(task, params, x, { directions: 0 }))).toBe(
      "RangeError: tangentSketch: directions must be a whole number >= 1, got 0",
    );
  });
});

describe("featureRidge", () => {
  it("is ridge regression over the approximate kernel, with its cross-validation, from the features alone", async () => {
    const kernel = await nystromKernel(rbf, x, { landmarks: 10 });
    const ridges = [0.01, 0.1, 1];
    const small = await featureRidge(kernel, y, { ridges, prior: "mean" });
    const mean = [0, 1].map((c) => y.data.reduce((total, own, at) => (at % 2 === c ? total + own / N : total), 0));
    const left = reals(
      [N, 2],
      y.data.map((value, at) => value - mean[at % 2]),
    );
    const curves = await ridgeCurves(kernel, left, { ridges });
    expect(small.curves.leaveOneOut).toBeAllclose(curves.leaveOneOut, { rtol: 1e-8, atol: 0 });
    expect(small.curves.gcv).toBeAllclose(curves.gcv, { rtol: 1e-8, atol: 0 });
    expect(small.ridge).toBe(curves.best["leave-one-out"].ridge);
    expect(small.leaveOneOut).toBeAllclose(curves.best["leave-one-out"].leaveOneOut, { rtol: 1e-7, atol: 1e-9 });
    const large = await ridgeMachine(kernel, y, { ridge: small.ridge, prior: "mean" });
    const expected = (await evaluateMachine(large, test.x)).value;
    expect(await small.predict(test.x)).toBeAllclose(expected, { rtol: 1e-7, atol: 1e-9 });
    expect((await evaluateMachine(small, test.x)).value).toBeAllclose(expected, { rtol: 1e-7, atol: 1e-9 });
  });

  it("of no features says the prior", async () => {
    const zero = await nystromKernel((points) => inputMachineKernel(points, () => 0, "zero"), x, { landmarks: 3 });
    const machine = await featureRidge(zero, y);
    expect(await machine.predict(test.x)).toEqual(reals([3, 2], new Float64Array(6)));
  });

  it("refuses targets and ridges that do not fit", async () => {
    const kernel = await nystromKernel(rbf, x, { landmarks: 4 });
    expect(await errorOf(() => featureRidge(kernel, reals([3, 1], [1, 2, 3])))).toBe(
      "RangeError: featureRidge: targets must have shape [40,C], got [3,1]",
    );
    expect(await errorOf(() => featureRidge(kernel, y, { ridge: 0 }))).toBe(
      "RangeError: featureRidge: ridges must be finite numbers > 0, got 0",
    );
  });
});

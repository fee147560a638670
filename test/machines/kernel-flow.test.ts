// The linearised model along gradient flow and gradient descent in closed form, against its derivative, its steps and its end.

import { describe, expect, it } from "vitest";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { type KernelFlow, kernelGradientFlow, type Moment } from "../../src/machines/kernel-flow.ts";
import { kernelRidge } from "../../src/machines/kernel-ridge.ts";
import { type RealArray, reals, sliceRows, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { smallTask } from "../helpers/tasks.ts";

const { task, params } = await smallTask({ examples: 8, queries: 3, hidden: [10] });
const { train, test } = task.dataset;
const [x, y, queries] = [train.x, train.y as Tensor<"float64">, test.x];
const flow = await kernelGradientFlow(task, params, x, y);
const faster = await kernelGradientFlow(task, params, x, y, { rate: 2 });

const at = async (of: KernelFlow, moment: Moment, xs: Tensor = queries) =>
  (await evaluateMachine(of.machine(moment), xs)).value.data;

describe("kernelGradientFlow", () => {
  it("begins at the model, and ends at kernel regression, by flow and by descent", async () => {
    const start = await evaluateMachine(flow.machine({ time: 0 }), queries);
    expect(start.value).toEqual(start.prior);
    const { value } = await evaluateMachine(await kernelRidge(task, params, x, y), queries);
    const within = { rtol: 1e-8, atol: 1e-8 };
    expect(await at(flow, { time: 1e9 })).toBeAllclose(value, within);
    expect(await at(flow, { time: Number.POSITIVE_INFINITY })).toBeAllclose(value, within);
    expect(await at(flow, { steps: Number.POSITIVE_INFINITY, stepSize: 0.1 })).toBeAllclose(value, within);
  });

  it("moves as the gradient says, -r K (f - y) / (N C) at the points", async () => {
    const h = 1e-4;
    const [before, now, after] = [
      await at(faster, { time: 1 - h }, x),
      await at(faster, { time: 1 }, x),
      await at(faster, { time: 1 + h }, x),
    ];
    const velocity = after.map((value, k) => (value - before[k]) / (2 * h));
    const kernel = (await faster.machine({ time: 1 }).kernel(x)).data as RealArray;
    const expected = velocity.map((_, r) => {
      const [i, c] = [Math.floor(r / 2), r % 2];
      let total = 0;
      for (let j = 0; j < 8; j++)
        for (let d = 0; d < 2; d++)
          total -= (2 / 16) * kernel[((i * 8 + j) * 2 + c) * 2 + d] * (now[2 * j + d] - y.data[2 * j + d]);
      return total;
    });
    // A central difference of h = 1e-4.
    expect(velocity).toBeAllclose(expected, { rtol: 1e-6, atol: 1e-7 });
  });

  it("by descent is the recursion f <- f - eta r K (f - y) / (N C), step by step, at a step size near stability too", async () => {
    const all = reals([11, 2], [...(x.data as RealArray), ...(queries.data as RealArray)]);
    const kernel = (await flow.machine({ time: 1 }).kernel(all)).data as RealArray;
    for (const stepSize of [0.05, 1.9 / flow.rates[0]]) {
      const f = Float64Array.from(await at(flow, { time: 0 }, all));
      for (let step = 1; step <= 25; step++) {
        const left = y.data.map((value, k) => f[k] - value);
        for (let r = 0; r < f.length; r++)
          for (let k = 0; k < 16; k++) {
            const entry = ((Math.floor(r / 2) * 8 + Math.floor(k / 2)) * 2 + (r % 2)) * 2 + (k % 2);
            f[r] -= (stepSize / 16) * kernel[entry] * left[k];
          }
        if (step === 1 || step === 25)
          expect(await at(flow, { steps: step, stepSize }, all)).toBeAllclose(f, { rtol: 1e-10, atol: 1e-10 });
      }
    }
  });

  it("predicts queries at many times from one kernel, as its machines do", async () => {
    const moments: Moment[] = [
      { time: 0 },
      { time: 0.7 },
      { steps: 12, stepSize: 0.3 },
      { time: Number.POSITIVE_INFINITY },
    ];
    const { shape, data } = await flow.predict(queries, moments);
    expect(shape).toEqual([4, 3, 2]);
    for (const [t, moment] of moments.entries())
      expect(data.slice(6 * t, 6 * t + 6)).toBeAllclose(await at(flow, moment), { rtol: 1e-12, atol: 1e-12 });
  });

  it("lets each mode of the residual decay by its own rate (004-17)", async () => {
    const time = 3;
    const [start, now] = [await at(flow, { time: 0 }, x), await at(flow, { time }, x)];
    const kernel = (await flow.machine({ time: 0 }).kernel(x)).data as RealArray;
    // v' K r(t) = e^(-rate t) v' K r(0) for the top eigenvector, found by the power method.
    let v = Float64Array.from({ length: 16 }, () => 1);
    const multiply = (from: Float64Array) =>
      from.map((_, r) =>
        from.reduce(
          (total, value, k) =>
            total + kernel[((Math.floor(r / 2) * 8 + Math.floor(k / 2)) * 2 + (r % 2)) * 2 + (k % 2)] * value,
          0,
        ),
      );
    for (let k = 0; k < 400; k++) {
      v = multiply(v);
      const size = Math.hypot(...v);
      v = v.map((value) => value / size);
    }
    const part = (f: ArrayLike<number>) => v.reduce((total, value, k) => total + value * (y.data[k] - f[k]), 0);
    expect(part(now) / part(start)).toBeCloseTo(Math.exp(-flow.rates[0] * time), 8);
  });

  it("is nearest to ridge regression with the ridge N C / (r t), within 0.204 of a mode", async () => {
    const moment = { time: 2 };
    const ridge = flow.equivalentRidge(moment);
    expect([ridge, faster.equivalentRidge({ steps: 4, stepSize: 0.5 })]).toEqual([8, 4]);
    expect(flow.equivalentRidge({ time: 0 })).toBe(Number.POSITIVE_INFINITY);
    const regression = (await evaluateMachine(await kernelRidge(task, params, x, y, { ridge }), x)).value.data;
    const [start, stopped] = [await at(flow, { time: 0 }, x), await at(flow, moment, x)];
    const size = Math.hypot(...y.data.map((value, k) => value - start[k]));
    const apart = Math.hypot(...stopped.map((value, k) => value - regression[k]));
    expect(apart / size).toBeLessThan(0.2041);
    expect(apart / size).toBeGreaterThan(0.001);
  });

  it("of duplicate points, whose kernel has no full rank, ends finite at their mean", async () => {
    const twice = takeRows(x, [0, 0, 1]);
    const targets = reals([3, 2], [1, 0, 3, 2, 5, 5]);
    const ended = await kernelGradientFlow(task, params, twice, targets);
    const values = await at(ended, { time: Number.POSITIVE_INFINITY }, sliceRows(twice, 1, 3));
    expect(values).toBeAllclose([2, 1, 5, 5], { rtol: 1e-8, atol: 1e-8 });
    expect(largest(await at(ended, { time: 1e6 }))).toBeLessThan(100);
  });

  it("refuses moments and rates that are none, and descent that does not end", async () => {
    const refused = (moment: Moment) => errorOf(() => flow.machine(moment));
    expect(await refused({ time: -1 })).toBe("RangeError: kernelGradientFlow: time must be a number >= 0, got -1");
    expect(await refused({ steps: 1.5, stepSize: 1 })).toBe(
      "RangeError: kernelGradientFlow: steps must be a whole number >= 0 or infinity, got 1.5",
    );
    expect(await refused({ steps: 1, stepSize: 0 })).toBe(
      "RangeError: kernelGradientFlow: stepSize must be a number > 0, got 0",
    );
    expect(await refused({ steps: Number.POSITIVE_INFINITY, stepSize: 1e6 })).toMatch(
      /^NumericalError: kernelGradientFlow: stepSize must be below \S+ for descent without end, got 1000000$/,
    );
    expect(await refused({ steps: 1e6, stepSize: 1e6 })).toMatch(/^NumericalError: .* must stay finite, got/);
    expect(await errorOf(() => kernelGradientFlow(task, params, x, y, { rate: 0 }))).toBe(
      "RangeError: kernelGradientFlow: rate must be a number > 0, got 0",
    );
    expect(await errorOf(() => kernelGradientFlow(task, params, x, reals([8], new Float64Array(8))))).toBe(
      "RangeError: kernelGradientFlow: targets must have shape [8,2], got [8]",
    );
  });
});

// Simulations against moments in closed form: one example, one weight, and what is odd in the noise.

import { describe, expect, it } from "vitest";
import { flowFields } from "../../src/flows/field.ts";
import { gradientFlow } from "../../src/flows/gradient-flow.ts";
import { pairStatistics, simulateDescent, simulateDiffusion } from "../../src/flows/simulate.ts";
import { errorOf } from "../helpers/errors.ts";
import { largest } from "../helpers/kernels.ts";
import { smallTask } from "../helpers/tasks.ts";

async function small(hidden: readonly number[] = [3]) {
  const { task, params } = await smallTask({ hidden, examples: 4, queries: 2, loss: "half-mse" });
  return { fields: await flowFields(task, task.dataset.test.x), params };
}
const settings = { stepSize: 0.1, steps: 10, batchSize: 2, runs: 4, seed: 1 } as const;

describe("simulateDescent and simulateDiffusion", () => {
  it.each([
    { kind: "gradient" },
    { kind: "momentum", lambda: 5 },
    { kind: "rmsprop", rho: 2, epsilon: 0.1 },
    { kind: "adam", c1: 5, c2: 2, epsilon: 0.1 },
  ] as const)("by whole batches have no noise, and tend to the flow: $kind", async (dynamics) => {
    const { fields, params } = await small();
    const flow = await gradientFlow(fields, { params, time: 1, pieces: 50, dynamics });
    for (const simulate of [simulateDescent, simulateDiffusion]) {
      const away: number[] = [];
      for (const steps of [25, 50]) {
        const given = { params, dynamics, ...settings, batchSize: 4, steps, stepSize: 1 / steps, substeps: 1 };
        const { mean, standardError } = await simulate(fields, given);
        expect(largest(standardError)).toBeLessThan(1e-14);
        away.push(largest(mean.map((value, r) => value - flow.output[r])));
      }
      expect(Math.abs(Math.log2(away[0] / away[1]) - 1)).toBeLessThan(0.3);
    }
  });

  it("of a linear model have the mean of gradient descent and of Euler's method, to the rounding: noise cancels in pairs", async () => {
    const { fields, params } = await small([]);
    const given = { params, ...settings, substeps: 1 };
    const whole = await simulateDescent(fields, { ...given, batchSize: 4 });
    const diffusion = await simulateDiffusion(fields, given);
    // The drift is linear, and the noise of a step depends on the noise before it: only its first order is odd.
    expect(diffusion.mean).toBeAllclose(whole.mean, { atol: 5 * largest(diffusion.standardError) + 1e-3 });
    expect(largest(diffusion.standardError)).toBeGreaterThan(0);
  });

  it("say what is left of the kernel integrals, with its error", async () => {
    const { fields, params } = await small();
    const given = { params, ...settings, runs: 8 };
    const { mean, prior, contributions, residual, residualError } = await simulateDiffusion(fields, given);
    for (const r of [0, 1]) {
      const sum = contributions.subarray(4 * r, 4 * r + 4).reduce((total, value) => total + value, 0);
      expect(residual[r]).toBeAllclose(mean[r] - prior[r] - sum, { atol: 1e-14 });
    }
    expect(largest(residual)).toBeLessThan(0.1 * largest(mean.map((value, r) => value - prior[r])));
    expect(residualError.every((value) => value > 0)).toBe(true);
  });

  it("take means and errors over pairs", () => {
    const { mean, standardError } = pairStatistics(Float64Array.of(1, 3, 4, 8), 1);
    // Means of pairs 2 and 6: standard deviation sqrt(8), over sqrt(2).
    expect(mean).toEqual(Float64Array.of(4));
    expect(standardError[0]).toBeCloseTo(2, 14);
  });

  it("refuse what does not fit", async () => {
    const { fields, params } = await small();
    const given = { params, ...settings };
    expect(await errorOf(() => simulateDescent(fields, { ...given, runs: 5 }))).toContain(
      "runs must be an even number",
    );
    expect(await errorOf(() => simulateDescent(fields, { ...given, batchSize: 0 }))).toContain("batchSize must be");
    const fast = { ...given, dynamics: { kind: "momentum", lambda: 20 } as const };
    expect(await errorOf(() => simulateDiffusion(fields, fast))).toContain("must be at most 1, got 20 0.1");
  });
});

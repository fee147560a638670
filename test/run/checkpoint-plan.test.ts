// The plan of checkpoints, against counting them one by one.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { farthestReplay, missingCheckpoints, planCheckpoints } from "../../src/run/checkpoint-plan.ts";
import { checkpointSteps } from "../helpers/checkpoint-steps.ts";

const MNIST_MLP = 784 * 128 + 128 + 128 * 10 + 10;

describe("planCheckpoints(options)", () => {
  it("keeps every step where all fit the budget", () => {
    // 101,770 float32 are 407,080 bytes, with the headers 100 blocks of 4,096; 401 of them are 157 MiB.
    const plan = planCheckpoints({ steps: 400, parameterCount: MNIST_MLP, bufferCount: 0, dtype: "float32" });
    expect(plan).toEqual({ every: 1, count: 401, bytes: 401 * 100 * 4096, replaySteps: 0 });
  });

  it("counts the optimizer's state and the dtype", () => {
    // Adam in float64: 3 x 101,770 x 8 = 2,442,480 bytes, 597 blocks; 109 fit 256 MiB; every 4th step makes 101.
    const plan = planCheckpoints({ steps: 400, parameterCount: MNIST_MLP, bufferCount: 2, dtype: "float64" });
    expect(plan).toEqual({ every: 4, count: 101, bytes: 101 * 597 * 4096, replaySteps: 3 });
  });

  it("takes the smallest interval that fits, or keeps the first and the last alone", () => {
    const sizes = { steps: fc.nat(300), parameterCount: fc.nat(3000), bufferCount: fc.nat(2) };
    const options = fc.record({
      ...sizes,
      dtype: fc.constantFrom("float32", "float64"),
      budgetBytes: fc.nat(2_000_000),
    });
    fc.assert(
      fc.property(options, (input) => {
        const plan = planCheckpoints({ ...input, dtype: input.dtype as "float32" | "float64" });
        const { every, count, bytes, replaySteps } = plan;
        expect(count).toBe(checkpointSteps(input.steps, every).length);
        const fileBytes = bytes / count;
        const fits = (interval: number) =>
          checkpointSteps(input.steps, interval).length * fileBytes <= input.budgetBytes;
        const intervals = Array.from({ length: Math.max(1, input.steps) }, (_, k) => k + 1);
        expect(every).toBe(intervals.find(fits) ?? intervals.length);
        // The farthest state from the checkpoint before it, step by step.
        const kept = checkpointSteps(input.steps, every);
        const away = Array.from({ length: input.steps + 1 }, (_, s) => s - (kept.findLast((k) => k <= s) as number));
        expect(replaySteps).toBe(Math.max(...away));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("keeps the first and the last alone for a budget of 0, and every step for one without end", () => {
    const options = { steps: 400, parameterCount: MNIST_MLP, bufferCount: 0, dtype: "float32" } as const;
    expect(planCheckpoints({ ...options, budgetBytes: 0 })).toMatchObject({ every: 400, count: 2, replaySteps: 399 });
    expect(planCheckpoints({ ...options, budgetBytes: Infinity })).toMatchObject({ every: 1, count: 401 });
  });

  it("refuses negative sizes", () => {
    const options = { steps: -1, parameterCount: 1, bufferCount: 0, dtype: "float32" } as const;
    expect(() => planCheckpoints(options)).toThrow(
      new RangeError("planCheckpoints: steps must not be negative, got -1"),
    );
  });
});

it("farthestReplay(checkpoints) is the widest gap, less the step that is stored at its end", () => {
  expect(farthestReplay([0, 4, 14, 15])).toBe(9);
  expect(farthestReplay([0, 1, 2])).toBe(0);
  expect(farthestReplay([0])).toBe(0);
});

describe("missingCheckpoints(stored, steps, every)", () => {
  it("counts those between the first and the last that are not stored, as one by one", () => {
    const options = fc.record({
      steps: fc.nat(40),
      every: fc.integer({ min: 1, max: 12 }),
      stored: fc.uniqueArray(fc.nat(45), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(options, ({ steps, every, stored }) => {
        const between = checkpointSteps(steps, every).slice(1, -1);
        const missing = between.filter((step) => !stored.includes(step));
        expect(missingCheckpoints(stored, steps, every)).toEqual({
          count: missing.length,
          first: missing.slice(0, 3),
          last: missing.at(-1),
        });
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("takes no longer for the steps that a manifest only claims", () => {
    const { MAX_SAFE_INTEGER } = Number;
    expect(missingCheckpoints([0, 1, 3], MAX_SAFE_INTEGER, 1)).toEqual({
      count: MAX_SAFE_INTEGER - 3,
      first: [2, 4, 5],
      last: MAX_SAFE_INTEGER - 1,
    });
  });
});

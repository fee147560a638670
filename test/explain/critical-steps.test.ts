// Which steps count as critical, and what they leave.

import { expect, it } from "vitest";
import { criticalSteps } from "../../src/explain/critical-steps.ts";
import { errorOf } from "../helpers/errors.ts";

const explanation = {
  rows: [
    { query: "test:0", readout: "output:0" },
    { query: "test:1", readout: "output:0" },
  ],
  steps: 4,
  residualByStep: Float64Array.of(0.1, -0.3, 0, 0.01, 1, 1, 1, 1),
  path: "steps",
} as const;
const changes = Float64Array.of(1, 1, 0, 0, 100, 100, 100, 100);

it("criticalSteps(explanation, row, options) are those whose residual exceeds a part of their change", () => {
  const { steps, share, sum, shareOfResidual } = criticalSteps(explanation, 0, { changes, threshold: 0.2 });
  // Step 2 neither moves nor leaves anything; step 3 leaves something and does not move at all.
  expect(steps).toEqual(Int32Array.of(1, 3));
  expect([share, sum]).toEqual([0.5, -0.29]);
  expect(shareOfResidual).toBeCloseTo(0.31 / 0.41, 14);
  expect(criticalSteps(explanation, 1, { changes, threshold: 0.2 }).share).toBe(0);
});

it("criticalSteps refuses rows, thresholds and changes that do not fit", async () => {
  const of = (row: number, options: { changes: Float64Array; threshold: number }) => () =>
    criticalSteps(explanation, row, options);
  expect(await errorOf(of(2, { changes, threshold: 1 }))).toContain("row must be an integer in 0..1, got 2");
  expect(await errorOf(of(0, { changes, threshold: 0 }))).toContain("threshold must be positive, got 0");
  expect(await errorOf(of(0, { changes: changes.slice(1), threshold: 1 }))).toContain("must hold 8 numbers, got 7");
});

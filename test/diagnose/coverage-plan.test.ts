// The plan of coverage: counted pairs, one matrix, and what more examples or a tolerance cost.

import { expect, it } from "vitest";
import { planCoverage } from "../../src/diagnose/coverage-plan.ts";
import { smallTask } from "../helpers/tasks.ts";

const { task } = await smallTask({ loss: "cross-entropy", hidden: [6] });
const base = { train: 100, queries: 20, algebraName: "lapack" } as const;

it("counts one matrix of the training examples' features, and those of the queries", () => {
  const { rows, bytes, flops } = planCoverage(task, base);
  expect(rows).toBe(100);
  expect(flops.decomposition).toBeCloseTo(100 ** 3 / 3, 6);
  expect(flops.queries).toBe(2 * 20 * 100 ** 2);
  expect(bytes).toBeGreaterThan(8 * 100 ** 2);
  const each = planCoverage(task, { ...base, form: "outputs" });
  expect(each.rows).toBe(100 * task.outputs);
  expect(each.flops.queries).toBe(2 * 20 * task.outputs * (100 * task.outputs) ** 2);
});

it("grows with the examples, with a tolerance and without LAPACK", () => {
  const { seconds } = planCoverage(task, base);
  for (const more of [{ train: 200 }, { queries: 40 }, { byTolerance: true }, { algebraName: "javascript" as const }])
    expect(planCoverage(task, { ...base, ...more }).seconds).toBeGreaterThan(seconds);
});

it("refuses counts that are none", () => {
  expect(() => planCoverage(task, { ...base, train: 0 })).toThrow(
    /^planCoverage: train must be a whole number >= 1, got 0$/,
  );
});

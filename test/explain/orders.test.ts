import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { FULL_MATRIX } from "../helpers/matrix.ts";
import { smallTask } from "../helpers/tasks.ts";

const RULES = ["left", "trapezoid", "gauss2"] as const;
type Rule = (typeof RULES)[number];

interface Setting {
  readonly name: string;
  readonly options: OptimizerOptions;
  /** T = N eta, the same for every N. */
  readonly time: number;
  /** N, doubling. */
  readonly counts: readonly number[];
}

/** Sum over steps of |residual|, the worst of 3 queries relative to the change of the output: no step hides another. */
async function errorsOf({ name, options, time }: Setting, steps: number): Promise<Record<Rule, number>> {
  const optimizer = { label: name, name, options: { ...options, lr: time / steps } };
  const small = { optimizer, loss: "half-mse", hidden: [8], batchSize: 24, steps, queries: 3 } as const;
  const { task, params, batches } = await smallTask(small);
  const run = await trainInMemory(task, { params, batches });
  const errors = {} as Record<Rule, number>;
  for (const rule of RULES) {
    const { residualByStep, scale } = await explain(task, run, { queries: datasetQueries(task, "test:0-2"), rule });
    const rows = [0, 1, 2].map((r) => residualByStep.subarray(r * steps, (r + 1) * steps));
    errors[rule] = Math.max(...rows.map((row) => row.reduce((total, value) => total + Math.abs(value), 0))) / scale;
  }
  return errors;
}

/** log2 of the factor by which each doubling of N shrinks the error. */
async function slopesOf(setting: Setting): Promise<Record<Rule, number[]>> {
  const errors: Record<Rule, number>[] = [];
  for (const count of setting.counts) errors.push(await errorsOf(setting, count));
  const slopes = (rule: Rule) => errors.slice(1).map((error, k) => Math.log2(errors[k][rule] / error[rule]));
  return { left: slopes("left"), trapezoid: slopes("trapezoid"), gauss2: slopes("gauss2") };
}

describe("fixed rules converge as the step shrinks and the time stays, all examples in every batch", () => {
  it("at their orders 1, 2 and 4 for plain gradient descent", async () => {
    const slopes = await slopesOf({ name: "gd", options: {}, time: 2, counts: [16, 32, 64] });
    const last = (rule: Rule): number => slopes[rule].at(-1) as number;
    expect(Math.abs(last("left") - 1)).toBeLessThan(0.3);
    expect(Math.abs(last("trapezoid") - 2)).toBeLessThan(0.3);
    expect(Math.abs(last("gauss2") - 4)).toBeLessThan(0.3);
  });

  // At a fixed momentum the first steps are far from the flow, so that orders are reached from below.
  const momentum: Setting = { name: "momentum", options: { momentum: 0.9 }, time: 1, counts: [32, 64, 128, 256] };
  const adam: Setting = { name: "adam", options: { betas: [0.9, 0.99] }, time: 0.5, counts: [64, 128, 256, 512] };
  it.each(FULL_MATRIX ? [momentum, adam] : [])("rising towards them for $name", async (setting) => {
    const slopes = await slopesOf(setting);
    for (const rule of RULES) expect(slopes[rule].at(-1) as number, rule).toBeGreaterThan(slopes[rule][0]);
    expect(slopes.left.at(-1) as number).toBeGreaterThan(0.7);
    expect(slopes.trapezoid.at(-1) as number).toBeGreaterThan(1.7);
    expect(slopes.gauss2.at(-1) as number).toBeGreaterThan(3.5);
  });
});

import { describe, expect, it } from "vitest";
import { createBuffers } from "../../src/optimizers/buffers.ts";
import { createOptimizer, optimizerNames } from "../../src/optimizers/registry.ts";
import { type OptimizerVariant, readFixture } from "../helpers/fixtures.ts";

const fixture = readFixture("optimizers");
const { variants, stream } = fixture.description;
const start = fixture.real("stream.start").data;
const gradients = fixture.real("stream.gradients").data;
const schedule = fixture.real("schedule").data;
const p = start.length;

/** Feeds the recorded gradients, and gives the parameters after each recorded step, one row each. */
function follow(variant: OptimizerVariant, dtype: "float32" | "float64") {
  const optimizer = createOptimizer(variant.optimizer, variant.options);
  const buffers = createBuffers(optimizer, p, dtype);
  const real = dtype === "float64" ? Float64Array : Float32Array;
  const params = real.from(start);
  const rows: number[][] = [];
  for (let step = 0; step < stream.steps; step++) {
    const stepSize = optimizer.stepSize * (variant.scheduled ? schedule[step] : 1);
    const gradient = real.from(gradients.subarray(step * p, (step + 1) * p));
    optimizer.update({ params, gradient, buffers, step, stepSize });
    if (stream.recorded.includes(step + 1)) rows.push([...params]);
  }
  return rows;
}

/** Largest error of any parameter, relative to the larger of its size and its way from the start. */
function worstError(rows: readonly number[][], expected: ArrayLike<number>): number {
  let worst = 0;
  for (const [k, row] of rows.entries()) {
    for (const [i, value] of row.entries()) {
      const wanted = expected[k * p + i];
      const error = Math.abs(value - wanted) / Math.max(Math.abs(wanted), Math.abs(wanted - start[i]), 1e-3);
      worst = error <= worst ? worst : Number.isNaN(error) ? Infinity : error;
    }
  }
  return worst;
}

describe("update follows torch.optim through 50 given gradients", () => {
  it("covers every optimizer", () => {
    expect(new Set(variants.map(({ optimizer }) => optimizer))).toEqual(new Set(optimizerNames));
  });

  it.each(variants)("$name in float64, to 1e-12", (variant) => {
    const rows = follow(variant, "float64");
    expect(rows).toHaveLength(stream.recorded.length);
    expect(worstError(rows, fixture.real(`stream.${variant.name}`).data)).toBeLessThan(1e-12);
  });

  // 50 roundings of state and parameters at 6e-8 each; the largest error here was 2e-6.
  it.each(variants)("$name in float32, to 1e-5", (variant) => {
    expect(worstError(follow(variant, "float32"), fixture.real(`stream.${variant.name}`).data)).toBeLessThan(1e-5);
  });
});

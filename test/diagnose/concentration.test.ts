import { describe, expect, it } from "vitest";
import { concentration } from "../../src/diagnose/concentration.ts";
import { diagnosticConformance } from "../conformance/diagnostic.ts";
import { readFixture } from "../helpers/fixtures.ts";

const { real, description } = readFixture("neighbours");

describe("concentration(contributions)", () => {
  it("has scipy's entropy, numpy's Gini by all pairs, and the participation ratio", () => {
    const found = concentration(real("contributions").data);
    expect(found.gini).toBeAllclose(description.gini, { rtol: 1e-12 });
    expect(found.effectiveContributors).toBeAllclose(description.effectiveContributors, { rtol: 1e-12 });
    expect(found.participationRatio).toBeAllclose(description.participationRatio, { rtol: 1e-12 });
  });

  it("of equal contributions is N of them and Gini 0, of one alone 1 and 1 - 1/N, whatever signs and scale", () => {
    expect(concentration([2, -2, 2, -2])).toMatchObject({ gini: 0, effectiveContributors: 4, participationRatio: 4 });
    const one = concentration([0, 0, -5e-300, 0]);
    expect(one).toMatchObject({ gini: 0.75, effectiveContributors: 1, participationRatio: 1 });
    expect(one.lorenz).toEqual([0, 0.25, 0.5, 0.75, 1].map((examples) => ({ examples, gross: examples > 0 ? 1 : 0 })));
  });

  it("draws the Lorenz curve from (0, 0) to (1, 1), concave, in as many steps as asked for", () => {
    const { lorenz } = concentration(real("contributions").data, { points: 10 });
    expect(lorenz).toHaveLength(11);
    expect([lorenz[0], lorenz[10]]).toEqual([
      { examples: 0, gross: 0 },
      { examples: 1, gross: 1 },
    ]);
    const rises = lorenz.slice(1).map(({ gross }, k) => gross - lorenz[k].gross);
    for (const [k, rise] of rises.slice(1).entries()) expect(rise).toBeLessThanOrEqual(rises[k] + 1e-12);
    // Twice the area above the diagonal is Gini's, on the curve of all points.
    const all = concentration(real("contributions").data).lorenz.map(({ gross }) => gross);
    const area = all.slice(1).reduce((total, gross, k) => total + (gross + all[k]) / 2 / (all.length - 1), 0);
    expect(2 * area - 1).toBeAllclose(description.gini, { rtol: 1e-12 });
  });

  it("refuses what is no contribution", () => {
    expect(() => concentration([1, Number.NaN])).toThrow("concentration: contributions must be finite, got NaN");
    expect(() => concentration([1], { points: 0 })).toThrow("points must be a whole number >= 1, got 0");
  });
});

// Contributions of a left rule: each example's kernel with the first, times its residual.
diagnosticConformance(
  "concentration",
  ({ kernel, residual }) => concentration(residual.data.map((value, i) => value * kernel.data[i])),
  {
    "one class": { examples: 6 },
    "one example a class": { examples: 6 },
    "duplicate points": { examples: 6 },
    "zero kernel": { gross: 0, gini: undefined, effectiveContributors: 0, participationRatio: 0, lorenz: [] },
    "constant model": { examples: 6 },
    "n = 1": { gini: 0, effectiveContributors: 1, participationRatio: 1 },
    "n = 0": /^concentration: contributions must be one or more, got none$/,
  },
);

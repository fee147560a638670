import { describe, expect, it } from "vitest";
import { ruleNames, ruleOf } from "../../src/explain/rules.ts";
import { gaussLegendre } from "../../src/numeric/gauss.ts";

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** Rule applied to t^k, minus 1 / (k + 1). */
function errorOf({ nodes, weights }: { nodes: readonly number[]; weights: readonly number[] }, k: number): number {
  return nodes.reduce((total, t, q) => total + weights[q] * t ** k, 0) - 1 / (k + 1);
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])("gaussLegendre(%i)", (n) => {
  const rule = gaussLegendre(n);

  it("integrates every power up to 2n - 1 exactly", () => {
    for (let k = 0; k <= 2 * n - 1; k++) expect(Math.abs(errorOf(rule, k)), `t^${k}`).toBeLessThan(4e-16);
  });

  it("misses t^2n by (n!)^4 / ((2n + 1) ((2n)!)^2)", () => {
    const wanted = factorial(n) ** 4 / ((2 * n + 1) * factorial(2 * n) ** 2);
    expect(-errorOf(rule, 2 * n)).toBeAllclose(wanted, { atol: 4e-16, rtol: 1e-10 });
  });

  it("has increasing nodes inside (0, 1), symmetric about 1/2, with positive weights", () => {
    expect(rule.nodes).toHaveLength(n);
    rule.nodes.forEach((t, q) => {
      expect(t).toBeGreaterThan(q === 0 ? 0 : rule.nodes[q - 1]);
      expect(t + rule.nodes[n - 1 - q]).toBeCloseTo(1, 15);
      expect(rule.weights[q]).toBeGreaterThan(0);
      expect(rule.weights[q]).toBeCloseTo(rule.weights[n - 1 - q], 15);
    });
    expect(rule.nodes[n - 1]).toBeLessThan(1);
  });
});

describe("ruleOf", () => {
  // The highest power that each rule integrates exactly (theory 1.3).
  it.each([
    ["left", 0],
    ["right", 0],
    ["trapezoid", 1],
    ["midpoint", 1],
    ["simpson", 3],
    ["gauss2", 3],
    ["gauss3", 5],
    ["gauss4", 7],
  ])("%s is exact up to degree %i and no further", (name, degree) => {
    const rule = ruleOf(name);
    if (!rule) throw new Error(`${name} must be a fixed rule`);
    for (let k = 0; k <= degree; k++) expect(Math.abs(errorOf(rule, k))).toBeLessThan(4e-16);
    expect(Math.abs(errorOf(rule, degree + 1))).toBeGreaterThan(1e-5);
  });

  it("knows no fixed nodes for auto, and names all rules when there is none", () => {
    expect(ruleOf("auto")).toBeUndefined();
    expect(() => ruleOf("gauss9")).toThrow(/rule must be one of .*auto.*gauss4, gauss8, gauss16, got "gauss9"/);
    expect(ruleNames).toHaveLength(11);
  });
});

import { describe, expect, it } from "vitest";
import { ruleNames, ruleOf } from "../../src/explain/rules.ts";
import { errorOf } from "../helpers/errors.ts";

describe("ruleOf(name)", () => {
  it.each([
    ["left", [0], [1]],
    ["right", [1], [1]],
    ["midpoint", [1 / 2], [1]],
    ["trapezoid", [0, 1], [1 / 2, 1 / 2]],
    ["simpson", [0, 1 / 2, 1], [1 / 6, 2 / 3, 1 / 6]],
    ["gauss2", [0.5 - Math.sqrt(1 / 12), 0.5 + Math.sqrt(1 / 12)], [1 / 2, 1 / 2]],
    ["gauss3", [0.5 - Math.sqrt(3 / 20), 0.5, 0.5 + Math.sqrt(3 / 20)], [5 / 18, 4 / 9, 5 / 18]],
  ])("%s has the nodes and weights of the literature", (name, nodes, weights) => {
    const rule = ruleOf(name)!;
    expect(rule.nodes).toBeAllclose(nodes, { atol: 1e-15 });
    expect(rule.weights).toBeAllclose(weights, { atol: 1e-15 });
  });

  it.each(["gauss5", "Auto", "", "constructor", "__proto__"])("refuses %j, naming those there are", async (name) => {
    expect(await errorOf(() => ruleOf(name))).toBe(
      `RangeError: rule must be one of auto, left, right, trapezoid, midpoint, simpson, gauss2, gauss3, gauss4, gauss8, gauss16, got "${name}"`,
    );
  });

  it("knows every name that it lists", () => {
    for (const name of ruleNames) expect(() => ruleOf(name)).not.toThrow();
  });
});

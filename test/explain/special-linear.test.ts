// Linear, deep linear and convex models: what the theorem says of them, against closed forms and other solvers.

import { describe, expect, it } from "vitest";
import { convexAgreement, linearInTargets } from "../helpers/special/convex.ts";
import { deepLinear, dotProductPath } from "../helpers/special/linear.ts";

describe("a linear model", () => {
  it("has the path kernel (sum eta c) (x . x' + 1), one for each output (001-16)", async () => {
    expect(await dotProductPath()).toBeLessThan(1e-13);
  });

  it("under a squared loss has contributions that are linear in the targets (003-06)", async () => {
    expect(await linearInTargets()).toBeLessThan(1e-12);
  });
});

describe("a deep linear model is a polynomial along a step, of its depth's degree (theory 1.3)", () => {
  const exact = 1e-13;
  it.each([
    [1, ["left", "right", "trapezoid"], []],
    [2, ["trapezoid", "midpoint"], ["left"]],
    [3, ["simpson", "gauss2"], ["trapezoid", "midpoint"]],
    [4, ["simpson", "gauss2"], ["trapezoid"]],
    [5, ["gauss3"], ["gauss2", "simpson"]],
    [6, ["gauss3"], ["gauss2"]],
  ] as const)("depth %i: exact by %j, not by %j", async (depth, holds, fails) => {
    const found = await deepLinear(depth, [...holds, ...fails]);
    for (const rule of holds) expect(found[rule], rule).toBeLessThan(exact);
    for (const rule of fails) expect(found[rule], rule).toBeGreaterThan(100 * exact);
  });
});

describe("a convex problem has one solution, a kernel machine whatever finds it (001-32)", () => {
  it.each([
    ["ridge regression", "half-mse"],
    ["logistic regression", "binary-cross-entropy"],
  ] as const)("%s: closed form or Newton, L-BFGS, gradient descent's expansion and the dual agree", async (_, loss) => {
    const { solvers, expansion, machine } = await convexAgreement(loss);
    expect(solvers).toBeLessThan(1e-9);
    expect(expansion).toBeLessThan(1e-11);
    expect(machine).toBeLessThan(1e-12);
  });
});

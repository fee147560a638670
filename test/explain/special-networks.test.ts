// Networks that are kernel machines by their own making, and training as density estimation and as boosting.

import { describe, expect, it } from "vitest";
import { boosting } from "../helpers/special/boosting.ts";
import { hiddenUnitsAsPoints, nearestNeighbours, perceptron, rbfNetwork } from "../helpers/special/networks.ts";
import { bayesianDensity } from "../helpers/special/probabilities.ts";

describe("networks as machines", () => {
  it("a network with one hidden layer has its units as points and its activation as kernel (000-06)", async () => {
    expect(await hiddenUnitsAsPoints()).toBeLessThan(1e-14);
  });

  it("an RBF network with a centre at each example is a Gaussian machine, and its path kernel the square of that kernel (000-06)", async () => {
    const found = await rbfNetwork();
    expect(found.machine).toBeLessThan(1e-13);
    expect(found.pathKernel).toBeLessThan(1e-13);
  });

  it("a perceptron is its dual: contributions are mistakes times y_i (x . x_i + 1) (001-17)", async () => {
    const found = await perceptron();
    expect(found.mistakes).toBeGreaterThan(3);
    expect(found.contributions).toBeLessThan(1e-13);
    expect(found.dual).toBeLessThan(1e-13);
  });

  it("Hamming's and Hopfield's networks give the nearest stored pattern (001-18)", async () => {
    const { probes, hamming, unique, hopfield } = await nearestNeighbours();
    expect(hamming).toBe(probes);
    expect(unique).toBeGreaterThan(30);
    expect(hopfield).toBe(unique);
  });
});

describe("a Bayesian network trained on its likelihood (001-31)", () => {
  it.each(["gauss4", "auto"])("has contributions that sum to zero over the whole space: %s", async (rule) => {
    const { mass, contributions, residual, own } = await bayesianDensity(rule);
    expect(Math.abs(mass)).toBeLessThan(1e-14);
    // A fixed rule has the same nodes for all assignments; the adaptive one sums to zero within its tolerance.
    expect(contributions).toBeLessThan(rule === "auto" ? 1e-9 : 1e-14);
    expect(residual).toBeLessThan(rule === "auto" ? 1e-9 : 1e-14);
    expect(own).toBeGreaterThan(0);
  });
});

describe("gradient descent with line search is boosting on the tangent kernel (001-29, 001-30)", () => {
  it("step by step the same where the kernel does not change", async () => {
    const steps = await boosting("linear", 6);
    for (const { functional, parametric, apart } of steps) {
      // A golden section finds a minimum to the root of rounding.
      expect(Math.abs(parametric / functional - 1)).toBeLessThan(1e-5);
      expect(apart).toBeLessThan(1e-5);
    }
    for (const [s, { loss }] of steps.slice(1).entries()) expect(loss).toBeLessThan(steps[s].loss);
  });

  it("apart by the second order of a step in a network, and still lowering the loss at each step", async () => {
    const steps = await boosting("network", 6);
    for (const [s, { loss }] of steps.slice(1).entries()) expect(loss).toBeLessThan(steps[s].loss);
    expect(steps[0].apart).toBeGreaterThan(1e-4);
    expect(steps[0].apart).toBeLessThan(0.3);
    expect(Math.abs(steps[0].parametric / steps[0].functional - 1)).toBeLessThan(0.3);
  });
});

// Rows of the theory's table on kernel machines: the type and its instances, and the special cases.

import { boosting } from "../../test/helpers/special/boosting.ts";
import { convexAgreement } from "../../test/helpers/special/convex.ts";
import { explanationAsMachine, tangentStep } from "../../test/helpers/special/instances.ts";
import { deepLinear, dotProductPath } from "../../test/helpers/special/linear.ts";
import { hiddenUnitsAsPoints, nearestNeighbours, perceptron, rbfNetwork } from "../../test/helpers/special/networks.ts";
import { bayesianDensity } from "../../test/helpers/special/probabilities.ts";
import type { TheoryRow } from "./row.ts";

const short = (value: number): string => value.toExponential(1);

export const rows: readonly TheoryRow[] = [
  {
    id: "000-05",
    statement: "kernel machine y = g(sum_i a_i K(x, x_i) + b)",
    by: "KernelMachine, evaluateMachine, explanationMachine, linearisedMachine",
    test: "kernels/kernel-machine.test.ts, explain/explanation-machine.test.ts",
    measure: async () => {
      const { loss, domingos } = await explanationAsMachine();
      return `explanation's machine less (output - residual - closure), relative: a_i = -1 ${short(loss)}, Domingos' a_i ${short(domingos)}`;
    },
    quick: true,
  },
  {
    id: "000-06",
    statement: "one hidden layer: y = sum_j a_j K(x, w_j), the activation as kernel; RBF networks",
    by: "KernelMachine, inputKernel, gaussian",
    test: "explain/special-networks.test.ts",
    measure: async () => {
      const rbf = await rbfNetwork();
      return `tanh units ${short(await hiddenUnitsAsPoints())}, RBF ${short(rbf.machine)}, its K^p ${short(rbf.pathKernel)} relative`;
    },
    quick: true,
  },
  {
    id: "001-16",
    statement: "linear models: K^p = (sum eta c) x . x'; depth L: a polynomial of degree L along a step",
    by: "pathKernel, dotProduct, explain",
    test: "explain/special-linear.test.ts",
    measure: async () => {
      const cases = [
        [2, "trapezoid"],
        [4, "gauss2"],
        [6, "gauss3"],
      ] as const;
      const found = [`K^p ${short(await dotProductPath())} relative; residual / scale of deep linear nets:`];
      for (const [depth, rule] of cases)
        found.push(`L=${depth} ${rule} ${short((await deepLinear(depth, [rule]))[rule])}`);
      return `${found[0]} ${found.slice(1).join(", ")}`;
    },
  },
  {
    id: "001-17",
    statement: "perceptron = its dual: contributions y_i m_i (x . x_i + 1)",
    by: "explain, KernelMachine, inputKernel",
    test: "explain/special-networks.test.ts",
    holds: "from w_0 other than 0, since relu'(0) = 0",
    measure: async () => {
      const found = await perceptron();
      return `${found.mistakes} mistakes; contributions ${short(found.contributions)}, outputs ${short(found.dual)} relative`;
    },
    quick: true,
  },
  {
    id: "001-18",
    statement: "Hamming and Hopfield networks = nearest neighbour",
    by: "KernelMachine, dotProduct",
    test: "explain/special-networks.test.ts",
    holds: "where the nearest pattern is unique",
    measure: async () => {
      const { probes, hamming, unique, hopfield } = await nearestNeighbours();
      return `Hamming ${hamming} of ${probes}, Hopfield ${hopfield} of ${unique} with one nearest`;
    },
    quick: true,
  },
  {
    id: "001-01",
    statement: "kernel machine y = g(sum_i a_i K(x, x_i) + b)",
    by: "KernelMachine, probabilityLink",
    test: "kernels/kernel-machine.test.ts",
    holds: "as row 000-05",
  },
  {
    id: "001-29",
    statement: "boosting: the tangent machine of a step is a weak learner, weighted by the step size",
    by: "tangentMachine",
    test: "kernels/tangent-machine.test.ts",
    holds: "f_s + eta h_s is the model after the step to first order in eta; exactly where it is linear in w",
    measure: async () => {
      const [coarse, fine, linear] = [await tangentStep(0.02), await tangentStep(0.01), await tangentStep(0.5, [])];
      return `missed at eta .02 over .01: ${(coarse / fine).toFixed(2)} (4 for second order); linear model ${short(linear)}`;
    },
    quick: true,
  },
  {
    id: "001-30",
    statement: "gradient boosting with line search on K_s = gradient descent with line search",
    by: "tangentMachine, evaluateMachine",
    test: "explain/special-networks.test.ts",
    holds: "exactly where the model is linear in w; else up to the second order of each step",
    measure: async () => {
      const [linear, network] = [await boosting("linear", 6), await boosting("network", 6)];
      const apart = (steps: typeof linear): string => steps.map((step) => short(step.apart)).join(", ");
      return `apart / moved after steps 1 to 6: linear at most ${short(Math.max(...linear.map((step) => step.apart)))}, network ${apart(network)}`;
    },
  },
  {
    id: "001-31",
    statement: "probabilistic models: contributions to P(x) sum to zero over the whole space",
    by: "explain",
    test: "explain/special-networks.test.ts",
    measure: async () => {
      const [gauss, auto] = [await bayesianDensity("gauss4"), await bayesianDensity("auto")];
      return `max |sum_x contribution| / max |contribution|: gauss4 ${short(gauss.contributions)}, auto ${short(auto.contributions)}`;
    },
  },
  {
    id: "001-32",
    statement: "convex problems: one solution, a kernel machine whatever finds it",
    by: "explain, KernelMachine",
    test: "explain/special-linear.test.ts",
    measure: async () => {
      const [ridge, logistic] = [await convexAgreement("half-mse"), await convexAgreement("binary-cross-entropy")];
      const text = (found: typeof ridge): string =>
        `L-BFGS ${short(found.solvers)}, gd's expansion ${short(found.expansion)}, dual ${short(found.machine)}`;
      return `relative to closed form or Newton: ridge ${text(ridge)}; logistic ${text(logistic)}`;
    },
  },
];

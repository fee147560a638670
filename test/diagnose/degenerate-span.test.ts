// Coverage on one class, duplicates, kernels of zeros, constant models and one example: an answer or a clear line, case by case.

import { expect } from "vitest";
import { nearness } from "../../src/diagnose/ood-baselines.ts";
import { auroc } from "../../src/diagnose/roc.ts";
import { trainingSpan } from "../../src/diagnose/training-span.ts";
import { dotProduct } from "../../src/kernels/input-kernels.ts";
import { inputMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { diagnosticConformance } from "../conformance/diagnostic.ts";

const algebra = await openLinearAlgebra({ member: "javascript" });

/** Coverage of the examples themselves and of (0, 1, 0, 0) by their features. */
async function covered(features: Matrix, labels: Int32Array, options: { tolerance?: number } = {}) {
  const kernel = inputMachineKernel(features, dotProduct(), "dot product");
  const span = await trainingSpan(kernel, { algebra, labels, ...options });
  const [own, other] = [await span.coverage(features), await span.coverage(reals([1, 4], [0, 1, 0, 0]))];
  const least = own.covered.reduce((a, b) => Math.min(a, b), 1);
  return { rank: span.rank ?? -1, least, other: other.covered[0], own, nearestClass: other.nearestClass?.[0] };
}

diagnosticConformance(
  "coverage with a tolerance",
  ({ features, labels }) => covered(features, labels, { tolerance: 1e-12 }),
  {
    "one class": { rank: 4, least: 1, other: 1, nearestClass: 1 },
    "one example a class": { rank: 4, least: 1, other: 1 },
    "duplicate points": { rank: 3, least: 1, own: { nearest: [0, 1, 2, 0, 1, 2] } },
    "zero kernel": { rank: 0, least: 1, other: 0, nearestClass: -1, own: { nearest: [-1, -1, -1, -1, -1, -1] } },
    "constant model": { rank: 1, least: 1, other: 0, own: { nearest: [0, 0, 0, 0, 0, 0] } },
    "n = 1": { rank: 1, least: 1, own: { nearest: [0] } },
    "n = 0": /^trainingSpan: there must be a training example, got none$/,
  },
);

const some = expect.any(Number);

diagnosticConformance("coverage with the default ridge", ({ features, labels }) => covered(features, labels), {
  "one class": { least: some, other: some, nearestClass: 1 },
  "one example a class": { least: some, other: some },
  "duplicate points": { least: some, other: some },
  "zero kernel": { least: 1, other: 0, nearestClass: -1 },
  // lambda = 6, ridge 0.01.
  "constant model": { least: 6 / 6.01, other: 0 },
  "n = 1": { least: 1 / 1.01 },
  "n = 0": /^trainingSpan: there must be a training example, got none$/,
});

diagnosticConformance(
  "nearness",
  async ({ inputs }) => (await nearness(inputs, inputs, "cosine")).reduce((a, b) => Math.min(a, b), 0),
  {
    "one class": 0,
    "one example a class": 0,
    "duplicate points": 0,
    "zero kernel": 0,
    "constant model": 0,
    "n = 1": 0,
    "n = 0": /^nearest: k must be a whole number from 1 to the 0 points, got 1$/,
  },
);

diagnosticConformance(
  "auroc of the first outputs against the rest",
  ({ outputs }) => auroc({ inside: outputs.data.subarray(0, 3), outside: outputs.data.subarray(3) }),
  {
    "one class": some,
    "one example a class": some,
    "duplicate points": 0.5,
    "zero kernel": some,
    "constant model": 0.5,
    "n = 1": /^auroc: outside must hold a score, got none$/,
    "n = 0": /^auroc: inside must hold a score, got none$/,
  },
);

// Measures of a kernel on one class, duplicates, kernels of zeros, constant models and one example: an answer or a clear line, case by case.

import { expect } from "vitest";
import { cka, ckaForms, kernelTargetAlignment, labelKernel } from "../../src/diagnose/alignment.ts";
import { kernelAsymmetry } from "../../src/diagnose/asymmetry.ts";
import { blockScore } from "../../src/diagnose/block-score.ts";
import { kernelMovement } from "../../src/diagnose/kernel-movement.ts";
import { linearisationError } from "../../src/diagnose/linearisation.ts";
import { lossPathBound, lossPathNorm } from "../../src/diagnose/loss-path-bound.ts";
import { nullSpace } from "../../src/diagnose/null-space.ts";
import { classScatter, linearSeparability } from "../../src/diagnose/separability.ts";
import { silhouette } from "../../src/diagnose/silhouette.ts";
import { spectrumSummary } from "../../src/diagnose/spectrum-summary.ts";
import { trustworthiness } from "../../src/diagnose/trustworthiness.ts";
import { kernelDistances } from "../../src/machines/nearest.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { diagnosticConformance } from "../conformance/diagnostic.ts";
import { multiply, transpose } from "../helpers/matrices.ts";

const algebra = await openLinearAlgebra({ member: "javascript" });

diagnosticConformance("spectrumSummary", ({ kernel }) => spectrumSummary(algebra.eigenvalues(kernel)), {
  "one class": { rank: 4, nullity: 2 },
  "one example a class": { rank: 4, nullity: 2 },
  "duplicate points": { rank: 3, nullity: 3 },
  "zero kernel": {
    trace: 0,
    effectiveRank: 0,
    participationRatio: 0,
    stableRank: 0,
    rank: 0,
    nullity: 6,
    tolerance: 0,
  },
  "constant model": { trace: 6, effectiveRank: 1, participationRatio: 1, stableRank: 1, rank: 1, nullity: 5 },
  "n = 1": { effectiveRank: 1, participationRatio: 1, stableRank: 1, rank: 1, nullity: 0 },
  "n = 0": /^spectrumSummary: values must hold an eigenvalue or more, got 0$/,
});

diagnosticConformance("blockScore", ({ kernel, labels }) => blockScore(kernel, labels), {
  "one class": { between: undefined, difference: undefined, ratio: undefined, order: { classes: [1], bounds: [0, 6] } },
  "one example a class": { within: undefined, difference: undefined, ratio: undefined },
  "duplicate points": { order: { classes: [0, 1], counts: [4, 2], order: [0, 2, 3, 5, 1, 4], bounds: [0, 4, 6] } },
  "zero kernel": { within: 0, between: 0, difference: 0, ratio: undefined },
  "constant model": { within: 1, between: 1, difference: 0, ratio: 1 },
  "n = 1": { within: undefined, between: undefined, difference: undefined, ratio: undefined },
  "n = 0": /^blockScore: kernel must be of an example or more, got \[0,0\]$/,
});

const some = expect.any(Number);

diagnosticConformance("kernelAsymmetry", ({ kernel }) => kernelAsymmetry(kernel), {
  "one class": some,
  "one example a class": some,
  "duplicate points": some,
  "zero kernel": 0,
  "constant model": 0,
  "n = 1": 0,
  "n = 0": /^kernelAsymmetry: kernel must be square, of an example or more, got \[0,0\]$/,
});

diagnosticConformance(
  "lossPathBound of one training",
  ({ kernel }) => lossPathBound([{ matrix: kernel, norm: lossPathNorm(kernel) }]),
  {
    "one class": { spread: 0 },
    "one example a class": { spread: 0 },
    "duplicate points": { spread: 0 },
    "zero kernel": { norm: 0, trace: 0, complexity: 0 },
    // 1 1^T: sum 36, trace 6.
    "constant model": { norm: 1, trace: 6, complexity: Math.sqrt(6) / 6 },
    "n = 1": { spread: 0 },
    "n = 0": /^lossPathNorm: kernel must be square, of an example or more, got \[0,0\]$/,
  },
);

/** Distances in the kernel's feature space. */
function distancesOf(kernel: Matrix): Matrix {
  const own = Float64Array.from({ length: kernel.shape[0] }, (_, i) => kernel.data[i * kernel.shape[0] + i]);
  return kernelDistances(kernel, own, own);
}

const oneClass = /^silhouette: labels must be of at least two classes, got 1$/;
diagnosticConformance("silhouette", ({ kernel, labels }) => silhouette(distancesOf(kernel), labels), {
  "one class": oneClass,
  // Nothing says how near the only one of a class is to its own.
  "one example a class": { mean: 0, values: [0, 0, 0, 0, 0, 0] },
  "duplicate points": { mean: some, byClass: [{ count: 4 }, { count: 2, mean: 1 }] },
  "zero kernel": { mean: 0 },
  "constant model": { mean: 0 },
  "n = 1": oneClass,
  "n = 0": /^silhouette: labels must be of at least two classes, got 0$/,
});

const tooFew = /^trustworthiness: k must be a whole number from 1 to below half of \d points, got 1$/;
diagnosticConformance(
  "trustworthiness",
  ({ kernel, inputs }) => trustworthiness(distancesOf(kernel), distancesOf(multiply(inputs, transpose(inputs))), 1),
  {
    "one class": some,
    "one example a class": some,
    // Each point's nearest is its double, in both.
    "duplicate points": 1,
    // All are as near: whichever the picture names is of rank 3, and 2 too far.
    "zero kernel": 1 - (2 * 6 * 2) / (6 * 8),
    "constant model": 1 - (2 * 6 * 2) / (6 * 8),
    "n = 1": tooFew,
    "n = 0": tooFew,
  },
);
const modesOf = (kernel: Matrix) => algebra.eigenpairs(kernel);

for (const form of ckaForms)
  diagnosticConformance(
    `cka (${form}) of kernel and labels`,
    ({ kernel, labels }) => cka(kernel, labelKernel(labels), { form }),
    {
      // The kernel of one label is constant.
      "one class": form === "uncentred" ? some : undefined,
      // That of as many labels as examples is the identity, which has nothing off the diagonal.
      "one example a class": form === "debiased" ? undefined : some,
      "duplicate points": some,
      "zero kernel": undefined,
      // 18 pairs of one class; |1 1^T| = 6, |L| = sqrt(18).
      "constant model": form === "uncentred" ? 18 / (6 * Math.sqrt(18)) : undefined,
      "n = 1": form === "uncentred" ? 1 : undefined,
      "n = 0": /^cka: kernel must be of an example or more, got \[0,0\]$/,
    },
  );

diagnosticConformance(
  "kernelTargetAlignment",
  ({ kernel, labels }) =>
    kernelTargetAlignment(
      kernel,
      reals(
        [labels.length, 1],
        Float64Array.from(labels, (label) => 2 * label - 1),
      ),
    ),
  {
    "one class": some,
    "one example a class": some,
    "duplicate points": some,
    "zero kernel": undefined,
    // As many of +1 as of -1.
    "constant model": 0,
    "n = 1": 1,
    "n = 0": /^kernelTargetAlignment: kernel must be of an example or more, got \[0,0\]$/,
  },
);

diagnosticConformance("nullSpace", ({ kernel, residual }) => nullSpace(modesOf(kernel), residual), {
  "one class": { nullity: 2, share: some },
  "one example a class": { nullity: 2, share: some },
  "duplicate points": { nullity: 3, share: some },
  "zero kernel": { nullity: 6, share: 1, weakModes: 6, weakShare: 1, quadratic: 0, stiffness: undefined },
  // r = 0.3 - label: r = 0.3 three times, -0.7 three times; (sum r)^2 / (6 |r|^2) = 1.44 / (6 * 1.74).
  "constant model": { nullity: 5, share: 1 - 1.44 / 10.44, quadratic: 1.44, stiffness: 1.44 / 10.44 },
  "n = 1": { nullity: 0, share: 0, weakShare: 0, stiffness: 1 },
  "n = 0": /^nullSpace: modes must be one for each row of r, and r have one, got 0 for 0 rows$/,
});

diagnosticConformance(
  "kernelMovement",
  ({ kernel }) =>
    kernelMovement(
      [
        kernel,
        reals(
          kernel.shape,
          kernel.data.map((value) => 2 * value),
        ),
      ],
      [0, 10],
    ),
  {
    "one class": { velocity: [0], drift: [0, 1] },
    "one example a class": { velocity: [0], drift: [0, 1] },
    "duplicate points": { velocity: [0], drift: [0, 1] },
    "zero kernel": { distances: { data: [0, 0, 0, 0] }, velocity: [0], drift: [0, 0], norms: [0, 0] },
    "constant model": { drift: [0, 1], norms: [6, 12] },
    "n = 1": { distances: { data: [0, 0, 0, 0] }, velocity: [0], drift: [0, 1] },
    "n = 0": /^kernelMovement: kernel must be of an example or more, got \[0,0\]$/,
  },
);

diagnosticConformance("linearSeparability", ({ kernel, labels }) => linearSeparability(modesOf(kernel), labels), {
  "one class": undefined,
  // Nothing says of which class the only one of its kind is.
  "one example a class": { accuracy: 0, chance: 1 / 6 },
  "duplicate points": { accuracy: 1, chance: 4 / 6 },
  "zero kernel": undefined,
  // The others of the own class are two, of the other three.
  "constant model": { accuracy: 0, chance: 0.5 },
  "n = 1": undefined,
  "n = 0": /^linearSeparability: modes must be of an example or more, got 0$/,
});

diagnosticConformance("classScatter", ({ kernel, labels }) => classScatter(kernel, labels), {
  "one class": { between: 0, within: some, explained: 0, calinskiHarabasz: undefined },
  "one example a class": { within: 0, explained: 1, calinskiHarabasz: undefined },
  "duplicate points": { explained: some, calinskiHarabasz: some },
  "zero kernel": { between: 0, within: 0, explained: undefined, calinskiHarabasz: undefined },
  "constant model": { between: 0, within: 0, explained: undefined, calinskiHarabasz: undefined },
  "n = 1": { between: 0, within: 0, explained: undefined, calinskiHarabasz: undefined },
  "n = 0": /^classScatter: kernel must be of an example or more, got \[0,0\]$/,
});

diagnosticConformance(
  "linearisationError",
  ({ outputs: { data } }) => linearisationError({ start: data.map((value) => value - 1), end: data, linear: data }),
  {
    "one class": { error: 0 },
    "one example a class": { error: 0 },
    "duplicate points": { error: 0 },
    "zero kernel": { error: 0 },
    "constant model": { error: 0, moved: Math.sqrt(6) },
    "n = 1": { error: 0, moved: 1 },
    "n = 0": { error: undefined, moved: 0, off: 0 },
  },
);

// Measures of a kernel on one class, duplicates, kernels of zeros, constant models and one example: an answer or a clear line, case by case.

import { blockScore } from "../../src/diagnose/block-score.ts";
import { spectrumSummary } from "../../src/diagnose/spectrum-summary.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { diagnosticConformance } from "../conformance/diagnostic.ts";

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

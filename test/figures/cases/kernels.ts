// Cases of the figures of kernels: spectra, alignment, movement, matrices, pairs, ranks, kinks.

import { alignmentFigure } from "../../../src/figures/alignment.ts";
import type { Figure } from "../../../src/figures/figure.ts";
import { kernelDistanceFigure } from "../../../src/figures/kernel-distance.ts";
import { kernelDriftFigure } from "../../../src/figures/kernel-drift.ts";
import { kernelMapFigure } from "../../../src/figures/kernel-map.ts";
import { kernelPairsFigure } from "../../../src/figures/kernel-pairs.ts";
import { dormantUnitsFigure, unitActivityFigure } from "../../../src/figures/kinks.ts";
import { rankGapFigure } from "../../../src/figures/rank-gap.ts";
import { separabilityFigure } from "../../../src/figures/separability.ts";
import { spectrumFigure } from "../../../src/figures/spectrum.ts";
import { uniforms } from "./data.ts";

const steps = [0, 20, 50, 100, 200, 400, 800];
const rising = (from: number, to: number): number[] => steps.map((s) => to + (from - to) * Math.exp(-s / 150));
const values = Array.from({ length: 60 }, (_, k) =>
  k < 55 ? 40 * (k + 1) ** -2.2 : k === 59 ? -1e-15 : 1e-13 / (k - 50),
);

/** Examples of three classes as they come, mixed, and their order by class. */
const labels = Array.from({ length: 24 }, (_, i) => (i * 7) % 3);
const order = labels.map((_, i) => i).sort((a, b) => labels[a] - labels[b] || a - b);
const noise = uniforms("maps", 24 * 24);
const mapAt = (sharp: number) => ({
  values: Array.from({ length: 24 * 24 }, (_, k) => {
    const [i, j] = [Math.floor(k / 24), k % 24];
    return i === j
      ? 1
      : (labels[i] === labels[j] ? 0.4 + 0.5 * sharp : 0.4 - 0.4 * sharp) +
          0.1 * (noise[i * 24 + j] + noise[j * 24 + i] - 1);
  }),
  score: { within: 0.4 + 0.5 * sharp, between: 0.4 - 0.4 * sharp },
});
const side = {
  label: "training examples, by class",
  order,
  blocks: ["0", "1", "2"].map((name) => ({ name, size: 8 })),
};

const pairsOf = (speed: number) => ({
  steps: Array.from({ length: 30 }, (_, k) => 20 * k),
  pairs: [
    { name: "itself", values: Array.from({ length: 30 }, () => 1) },
    { name: "its class", values: Array.from({ length: 30 }, (_, k) => 1 - 0.5 * Math.exp(-speed * k)) },
    { name: "the other class", values: Array.from({ length: 30 }, (_, k) => -0.4 + 0.9 * Math.exp(-speed * k)) },
  ],
});

export const kernels: Readonly<Record<string, () => Figure>> = {
  spectrum: () =>
    spectrumFigure({
      of: "tangent kernel of 60 examples",
      spectra: [{ name: "kernel", values, rank: 55, effectiveRank: 3.4, tolerance: 1e-12 }],
    }),
  "spectrum-two": () =>
    spectrumFigure({
      of: "tangent kernel of 60 examples",
      spectra: [
        { name: "step 0", values, rank: 55, effectiveRank: 3.4 },
        { name: "step 800", values: values.map((value, k) => value * (k < 3 ? 4 : 0.5)), rank: 55, effectiveRank: 1.9 },
      ],
    }),
  alignment: () =>
    alignmentFigure({
      steps,
      measure: "centred CKA with the labels",
      measured: [
        { name: "all layers", values: rising(0.08, 0.71) },
        { name: "layer 1", values: rising(0.06, 0.42) },
        { name: "layer 2", values: [...rising(0.07, 0.64).slice(0, 5), undefined, 0.64] },
        { name: "layer 3", values: rising(0.1, 0.92) },
      ],
    }),
  "kernel-distance": () =>
    kernelDistanceFigure({
      steps,
      distances: steps.flatMap((a) => steps.map((b) => Math.abs(Math.exp(-a / 150) - Math.exp(-b / 150)) * 0.8)),
    }),
  "kernel-drift": () =>
    kernelDriftFigure({
      steps,
      drift: rising(0, 0.85),
      velocity: steps.slice(1).map((s) => 0.01 * Math.exp(-s / 150)),
    }),
  "kernel-map": () =>
    kernelMapFigure({
      maps: [{ name: "after training", ...mapAt(1) }],
      rows: 24,
      columns: 24,
      rowSide: side,
      columnSide: side,
      quantity: "cosine similarity",
    }),
  "kernel-maps": () =>
    kernelMapFigure({
      maps: [
        { name: "step 0", ...mapAt(0) },
        { name: "step 100", ...mapAt(0.5) },
        { name: "step 800", ...mapAt(1) },
      ],
      rows: 24,
      columns: 24,
      rowSide: side,
      columnSide: side,
      quantity: "cosine similarity",
    }),
  "kernel-pairs": () =>
    kernelPairsFigure({
      quantity: "normalised tangent kernel",
      trainings: ["sgd", "momentum", "rmsprop", "adam"].map((name, k) => ({ name, ...pairsOf(0.05 * (k + 1)) })),
    }),
  "rank-gap": () =>
    rankGapFigure({
      steps,
      rank: [14, 14, 13, 13, 12, 12, 12],
      mixtureRank: [14, 15, 15, 15, 14, 14, 14],
      outside: [0, 0.02, 0.03, 0.04, 0.05, 0.06, 0.06],
    }),
  "dormant-units": () =>
    dormantUnitsFigure({
      steps,
      measured: [
        { name: "hidden 1", values: [0, 0.01, 0.02, 0.05, 0.08, 0.1, 0.1] },
        { name: "hidden 2", values: [0.02, 0.02, 0.05, 0.12, 0.2, 0.24, 0.25] },
      ],
    }),
  "unit-activity": () =>
    unitActivityFigure({
      layer: "hidden 1",
      steps,
      units: 8,
      shares: Array.from({ length: 56 }, (_, k) =>
        Math.floor(k / 7) === 5 ? 0 : Math.max(0, 1 - 0.1 * Math.floor(k / 7) - 0.08 * (k % 7)),
      ),
    }),
  separability: () =>
    separabilityFigure({
      measure: "accuracy of a linear machine",
      chance: 0.1,
      rows: [
        { name: "pixels", group: "inputs", value: 0.885 },
        { name: "step 0", group: "tangent features", value: 0.93 },
        { name: "step 800", group: "tangent features", value: 0.985 },
        { name: "one class only", group: "tangent features", value: undefined },
      ],
    }),
};

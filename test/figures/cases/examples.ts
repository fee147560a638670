// Cases of the figures of examples and machines: coverage, neighbours, contributions, comparisons, planes and functions.

import { arrows } from "../../../src/figures/arrows.ts";
import { bars } from "../../../src/figures/bars.ts";
import { concentrationFigure } from "../../../src/figures/concentration.ts";
import { coverageFigure, rocFigure } from "../../../src/figures/coverage.ts";
import { decisionRegions } from "../../../src/figures/decision-regions.ts";
import type { Figure } from "../../../src/figures/figure.ts";
import { functionFigure } from "../../../src/figures/function-plot.ts";
import { groupsFigure } from "../../../src/figures/groups.ts";
import { pictureOf } from "../../../src/figures/image.ts";
import { machinesFigure } from "../../../src/figures/machines.ts";
import { neighboursFigure } from "../../../src/figures/neighbours.ts";
import { pictureGrid } from "../../../src/figures/picture-grid.ts";
import { purityFigure } from "../../../src/figures/purity.ts";
import { readoutWords } from "../../../src/figures/readout-words.ts";
import { ridgeCurvesFigure } from "../../../src/figures/ridge-curves.ts";
import { reals } from "../../../src/numeric/tensor.ts";
import { normals, uniforms } from "./data.ts";

/** A ring for an even kind, a stroke for an odd one, 8 x 8. */
const glyph = (kind: number) =>
  pictureOf(
    reals(
      [1, 8, 8],
      Array.from({ length: 64 }, (_, k) => {
        const [i, j] = [Math.floor(k / 8) - 3.5, (k % 8) - 3.5];
        return kind % 2 === 0
          ? Math.abs(Math.hypot(i, j) - 2.6) < 0.9
            ? 1
            : 0
          : Math.abs(j + 0.2 * kind * i * 0.2) < 1
            ? 1
            : 0;
      }),
    ),
    { range: [0, 1] },
  )!;

const strip = (labels: readonly string[], pictured: boolean) =>
  labels.map((label, k) => ({
    id: `train:${100 + 13 * k}`,
    label,
    value: 0.98 - 0.03 * k,
    ...(pictured ? { picture: glyph(label === "0" ? 0 : 1) } : {}),
  }));

const anchor = (pictured: boolean) => ({
  id: "test:4",
  label: "0",
  ...(pictured ? { picture: glyph(0) } : {}),
  metrics: [
    { name: "kernel", quantity: "similarity", neighbours: strip(["0", "0", "0", "0", "0", "0", "1", "0"], pictured) },
    { name: "euclidean", quantity: "distance", neighbours: strip(["0", "1", "0", "1", "1", "0", "1", "0"], pictured) },
  ],
});

/** A disk inside of a circle, as in the paper's first figure. */
const angles = uniforms("angles", 40).map((u) => 2 * Math.PI * u);
const radii = uniforms("radii", 40).map((u) => 0.6 * Math.sqrt(u));
const circle = { name: "circle", x: angles.map(Math.cos), y: angles.map(Math.sin) };
const disk = {
  name: "disk",
  x: angles.map((a, k) => radii[k] * Math.cos(3 * a)),
  y: angles.map((a, k) => radii[k] * Math.sin(3 * a)),
};
const SIDE = 40;
const grid = {
  rows: SIDE,
  columns: SIDE,
  values: Array.from({ length: SIDE * SIDE }, (_, k) => {
    const [x, y] = [-1.4 + (2.8 * ((k % SIDE) + 0.5)) / SIDE, -1.4 + (2.8 * (Math.floor(k / SIDE) + 0.5)) / SIDE];
    return 3 * (0.8 - Math.hypot(x, y - 0.1 * x));
  }),
};
const some = (of: { x: readonly number[]; y: readonly number[] }, count: number) => ({
  x: of.x.slice(0, count),
  y: of.y.slice(0, count),
});

const xs = Array.from({ length: 61 }, (_, k) => -3 + 0.1 * k);
const falls = Array.from({ length: 21 }, (_, k) => k / 20);
const path = Array.from({ length: 20 }, (_, k) => k / 19);
const wordsOf = readoutWords("margin:8-3", { classes: [], loss: "cross-entropy" });

export const examples: Readonly<Record<string, () => Figure>> = {
  coverage: () =>
    coverageFigure({
      score: "energy outside of the training span",
      groups: [
        { name: "train", values: normals("c0", 300).map((v) => Math.abs(0.02 * v)) },
        { name: "MNIST test", values: normals("c1", 200).map((v) => 0.22 + 0.05 * v) },
        { name: "notMNIST", values: normals("c2", 200).map((v) => 0.52 + 0.11 * v) },
      ],
      threshold: { value: 0.31, label: "95 % of held-out examples" },
    }),
  roc: () =>
    rocFigure({
      of: "MNIST against notMNIST",
      curves: [
        {
          name: "coverage",
          falsePositives: falls,
          truePositives: falls.map((f) => f ** 0.1),
          auroc: 0.909,
          low: 0.9,
          high: 0.918,
        },
        {
          name: "max softmax",
          falsePositives: falls,
          truePositives: falls.map((f) => f ** 0.2),
          auroc: 0.833,
          low: 0.82,
          high: 0.85,
        },
        { name: "distance", falsePositives: falls, truePositives: falls.map((f) => f ** 0.3), auroc: 0.769 },
      ],
    }),
  neighbours: () => neighboursFigure({ anchors: [anchor(true)] }),
  "picture-grid": () =>
    pictureGrid({
      title: "Digits drawn by a model",
      caption: "Samples, and one of them at two levels of noise with what contributed to it.",
      rows: [
        { pictures: Array.from({ length: 20 }, (_, k) => ({ picture: glyph(k) })) },
        ...[40, 5].map((level) => ({
          name: `level ${level} of 50`,
          pictures: [0, 1, 2, 3].map((k) => ({ picture: glyph(k + level), under: `+0.${k + 1}` })),
        })),
      ],
    }),
  "neighbours-rows": () => neighboursFigure({ anchors: [anchor(false)] }),
  purity: () =>
    purityFigure({
      steps: [0, 100, 200, 400, 800],
      k: 10,
      chance: 0.1,
      measured: [
        { name: "kernel", values: [0.45, 0.7, 0.85, 0.93, 0.97] },
        { name: "cosine", values: [0.78, 0.78, 0.78, 0.78, 0.78] },
        { name: "euclidean", values: [0.74, 0.74, 0.74, 0.74, 0.74] },
      ],
    }),
  machines: () =>
    machinesFigure({
      task: "MNIST, 5,000 examples",
      measure: "test error",
      unit: "%",
      interval: "95 % interval over 5 seeds",
      machines: [
        { name: "network", group: "trained", mean: 4.1, low: 3.9, high: 4.3, values: [3.9, 4.0, 4.1, 4.2, 4.3] },
        { name: "SVM on K_T", group: "trained", mean: 3.9, low: 3.7, high: 4.1 },
        { name: "SVM on the path kernel", group: "trained", mean: 4.0, low: 3.7, high: 4.4 },
        { name: "SVM on K_0", group: "before training", mean: 6.2, low: 5.9, high: 6.5 },
        { name: "RBF", group: "without the network", mean: 4.8 },
        { name: "nearest neighbour", group: "without the network", mean: 6.1 },
      ],
    }),
  concentration: () =>
    concentrationFigure({
      rows: [
        { name: "test:0", contributions: normals("k0", 200) },
        { name: "test:1", contributions: normals("k1", 200).map((v) => v ** 5) },
      ],
    }),
  groups: () =>
    groupsFigure({
      division: "cluster",
      words: wordsOf,
      groups: [
        { name: "cluster 0, mostly 8", count: 52, positive: 28.1, negative: -3.8 },
        { name: "cluster 1, mostly 3", count: 48, positive: 2.2, negative: -24.2 },
        { name: "cluster 2, mixed", count: 31, positive: 1.2, negative: -1.1 },
      ],
    }),
  bars: () =>
    bars({
      title: "Accuracy by digit",
      caption: "Printed digits, after training.",
      x: { label: "accuracy" },
      rows: Array.from({ length: 5 }, (_, k) => ({ name: `digit ${k}`, value: 0.2 * (k + 0.5) })),
    }),
  "ridge-curves": () => {
    const ridges = Array.from({ length: 25 }, (_, k) => 10 ** (-8 + k / 3));
    const curve = (best: number, floor: number) => ridges.map((r) => floor + 0.003 * Math.log10(r / best) ** 2);
    return ridgeCurvesFigure({
      ridges,
      measure: "mean squared error",
      curves: [
        { name: "leave-one-out", values: curve(1e-4, 0.02) },
        { name: "GCV", values: curve(2e-4, 0.021) },
        { name: "test", values: curve(5e-4, 0.024) },
      ],
      chosen: { ridge: 1e-4, by: "leave-one-out" },
    });
  },
  "decision-regions": () =>
    decisionRegions({
      title: "Decision regions and neighbours",
      caption: "A network trained by gradient descent on a disk inside of a circle.",
      grid,
      x: [-1.4, 1.4],
      y: [-1.4, 1.4],
      quantity: "margin of disk over circle",
      classes: [circle, disk],
      anchors: [
        { name: "A", x: 0.95, y: 0.05, neighbours: some(circle, 12) },
        { name: "B", x: 0.1, y: 0.2, neighbours: some(disk, 12) },
      ],
    }),
  "function-plot": () =>
    functionFigure({
      title: "Prediction of a sine",
      curves: [
        {
          name: "prediction",
          x: xs,
          y: xs.map((x) => 0.95 * Math.sin(x)),
          band: { low: xs.map((x) => 0.95 * Math.sin(x) - 0.1), high: xs.map((x) => 0.95 * Math.sin(x) + 0.1) },
        },
        { name: "before training", x: xs, y: xs.map((x) => 0.2 * x) },
      ],
      points: { x: xs.filter((_, k) => k % 6 === 0), y: xs.filter((_, k) => k % 6 === 0).map(Math.sin) },
      marks: [{ x: 1.5, label: "query" }],
    }),
  arrows: () =>
    arrows({
      title: "Gradients along the path of two weights",
      caption: "Arrows are gradients of the output at the query and at two training examples, on one scale.",
      x: { label: "w1" },
      y: { label: "w2" },
      paths: [{ name: "path of the weights", x: path.map((t) => 0.2 + 1.2 * t), y: path.map((t) => 0.1 + t ** 2) }],
      kinds: [0.4, 0.9, 2.2].map((angle, k) => ({
        name: ["query", "x1", "x2"][k],
        x: [0.25, 0.8, 1.35].map((v) => v),
        y: [0.1, 0.35, 0.92],
        dx: [0, 0.1, 0.2].map((turn) => Math.cos(angle + turn) * (1 - 0.2 * k)),
        dy: [0, 0.1, 0.2].map((turn) => Math.sin(angle + turn) * (1 - 0.2 * k)),
      })),
    }),
  "arrows-field": () =>
    arrows({
      title: "Field of two players",
      caption: "Simultaneous gradient descent turns around the solution.",
      x: { label: "discriminator's weight" },
      y: { label: "generator's weight" },
      longest: 26,
      kinds: [
        {
          name: "field",
          x: Array.from({ length: 49 }, (_, k) => (k % 7) - 3),
          y: Array.from({ length: 49 }, (_, k) => Math.floor(k / 7) - 3),
          dx: Array.from({ length: 49 }, (_, k) => 3 - Math.floor(k / 7)),
          dy: Array.from({ length: 49 }, (_, k) => (k % 7) - 3),
        },
      ],
      paths: [
        { name: "path", x: path.map((t) => (2 + t) * Math.cos(6 * t)), y: path.map((t) => (2 + t) * Math.sin(6 * t)) },
      ],
    }),
};

// Cases of the generic figures: small data with everything in it that they can show.

import { dots } from "../../../src/figures/dots.ts";
import type { Figure } from "../../../src/figures/figure.ts";
import { heatmap } from "../../../src/figures/heatmap.ts";
import { histogram } from "../../../src/figures/histogram.ts";
import { lines } from "../../../src/figures/lines.ts";
import { panels } from "../../../src/figures/panels.ts";
import { scatter } from "../../../src/figures/scatter.ts";
import { sheet } from "../../../src/figures/sheet.ts";
import { normals, uniforms } from "./data.ts";

const steps = Array.from({ length: 41 }, (_, k) => 25 * k);
const decay = (rate: number, floor: number): number[] => steps.map((s) => floor + (1 - floor) * Math.exp(-rate * s));

const series = ["sgd", "momentum", "rmsprop", "adam"].map((name, k) => ({
  name,
  x: steps,
  y: decay(0.002 * (k + 1), 0.02 * k + 0.01),
}));

const words = {
  title: "Loss along training",
  caption: "Four optimizers, five seeds each; bands are the range over seeds.",
};

const grid = (rows: number, columns: number, value: (i: number, j: number) => number) => ({
  rows,
  columns,
  values: Array.from({ length: rows * columns }, (_, k) => value(Math.floor(k / columns), k % columns)),
});

const noise = uniforms("noise", 3600);
const classed = grid(
  60,
  60,
  (i, j) => (Math.floor(i / 20) === Math.floor(j / 20) ? 0.8 : 0.15) + 0.2 * noise[60 * i + j],
);
const threeClasses = ["circle", "disk", "other"].map((name) => ({ name, size: 20 }));

const parts = (): readonly Figure[] => [generic.lines(), generic.heatmap(), generic.dots()];

export const generic: Readonly<Record<string, () => Figure>> = {
  lines: () =>
    lines({ ...words, x: { label: "step", scale: "whole" }, y: { label: "loss", unit: "nat", zero: true }, series }),
  "lines-bands-log": () =>
    lines({
      ...words,
      x: { label: "step", scale: "whole" },
      y: { label: "loss", unit: "nat", scale: "log" },
      series: series.slice(0, 2).map((one, k) => ({
        ...one,
        y: one.y.map((value, i) => (k === 0 && i === 20 ? Number.NaN : k === 0 && i === 21 ? 0 : value)),
        band: { low: one.y.map((value) => 0.8 * value), high: one.y.map((value) => 1.3 * value) },
      })),
      guides: [
        { axis: "y", value: 0.05, label: "tolerance" },
        { axis: "x", value: 500, label: "step size halved" },
      ],
    }),
  "lines-many": () =>
    lines({
      title: "Ten series",
      caption: "Six of them have a colour.",
      x: { label: "step", scale: "whole" },
      y: { label: "purity", domain: [0, 1] },
      series: Array.from({ length: 10 }, (_, k) => ({
        name: `class ${k}`,
        x: steps,
        y: steps.map((s) => 1 - Math.exp(-s / (60 * (k + 1)))),
      })),
    }),
  scatter: () =>
    scatter({
      title: "Two classes and a third",
      caption: "Places in tangent-feature space, first two components.",
      x: { label: "component 1" },
      y: { label: "component 2" },
      classes: ["circle", "disk", "unseen"].map((name, k) => ({
        name,
        x: normals(`x${k}`, 40).map((v) => v + 2 * k),
        y: normals(`y${k}`, 40).map((v) => v * 0.6 + k),
      })),
    }),
  "scatter-letters": () =>
    scatter({
      title: "Ten digits",
      caption: "Each point is its label.",
      x: { label: "component 1" },
      y: { label: "component 2" },
      classes: Array.from({ length: 10 }, (_, k) => ({
        name: `${k}`,
        x: normals(`dx${k}`, 12).map((v) => 0.5 * v + 3 * Math.cos((2 * Math.PI * k) / 10)),
        y: normals(`dy${k}`, 12).map((v) => 0.5 * v + 3 * Math.sin((2 * Math.PI * k) / 10)),
      })),
    }),
  "scatter-sized": () =>
    scatter({
      title: "Error against cost",
      caption: "Areas are in proportion to the memory.",
      x: { label: "gradients a query", scale: "log" },
      y: { label: "error by example", scale: "log" },
      sizeLabel: "MiB",
      classes: [
        { name: "steps", x: [1000, 3000], y: [1e-4, 1e-6], size: [10, 20] },
        { name: "chords", x: [30, 100, 300], y: [0.3, 0.02, 0.001], size: [40, 80, 160] },
        { name: "superposition", x: [10], y: [0], size: [5] },
      ],
    }),
  heatmap: () =>
    heatmap({
      title: "Tangent kernel, by class",
      caption: "Sixty examples of three classes.",
      ...classed,
      quantity: "cosine similarity",
      rowSide: { label: "training examples, by class", blocks: threeClasses },
      columnSide: { label: "training examples, by class", blocks: threeClasses },
    }),
  "heatmap-signed": () =>
    heatmap({
      title: "Mean contribution by class",
      caption: "Rows are queries, columns the labels of training examples.",
      ...grid(4, 5, (i, j) => (i === j ? 2.5 : -0.3 * (i + 1) + 0.1 * j)),
      palette: "signed",
      quantity: "contribution, logit",
      rowSide: { label: "query", names: ["test:0", "test:1", "test:2", "test:3"] },
      columnSide: { label: "label", names: ["0", "1", "2", "3", "4"] },
    }),
  "heatmap-gaps": () =>
    heatmap({
      title: "A matrix with gaps",
      caption: "Twelve rows.",
      ...grid(12, 30, (i, j) => (i === j ? Number.NaN : i * j)),
      quantity: "product",
      rowSide: { label: "i" },
      columnSide: { label: "j" },
    }),
  histogram: () =>
    histogram({
      title: "Coverage of training, test and foreign images",
      caption: "Share of the tangent feature outside of the training span.",
      x: { label: "energy outside of the span" },
      groups: [
        { name: "train", values: normals("h0", 200).map((v) => 0.1 + 0.03 * v) },
        { name: "test", values: normals("h1", 150).map((v) => 0.25 + 0.06 * v) },
        { name: "foreign", values: normals("h2", 100).map((v) => 0.6 + 0.1 * v) },
      ],
      guides: [{ axis: "x", value: 0.38, label: "95 % of held-out" }],
    }),
  dots: () =>
    dots({
      title: "Test error of machines",
      caption: "Means over five seeds with 95 % intervals; small strokes are single seeds.",
      x: { label: "test error", unit: "%" },
      interval: "95 % over 5 seeds",
      rows: [
        {
          name: "network",
          group: "trained",
          dots: [{ mean: 2.1, low: 1.9, high: 2.3, values: [1.9, 2, 2.1, 2.2, 2.3] }],
        },
        { name: "SVM on K_T", group: "trained", dots: [{ mean: 2.3, low: 2.0, high: 2.6 }] },
        { name: "SVM on the path kernel", group: "trained", dots: [{ mean: 2.2, low: 2.1, high: 2.5 }] },
        { name: "SVM on K_0", group: "untrained", dots: [{ mean: 4.8, low: 4.1, high: 5.5 }] },
        { name: "RBF on pixels, width by cross-validation", group: "untrained", dots: [{ mean: 3.1 }] },
      ],
    }),
  "dots-paired": () =>
    dots({
      title: "Two sets of machines",
      caption: "On MNIST and on digits.",
      x: { label: "test error", scale: "log" },
      series: ["MNIST", "digits"],
      rows: ["network", "ridge on K_0", "nearest neighbour"].map((name, k) => ({
        name,
        dots: [0, 1].map((s) => ({
          series: s,
          mean: 0.02 * (k + 1) * (s + 1),
          low: 0.015 * (k + 1) * (s + 1),
          high: 0.03 * (k + 1) * (s + 1),
        })),
      })),
    }),
  sheet: () => sheet({ title: "Three figures of a run", caption: "Each with its own words.", figures: parts() }),
  panels: () =>
    panels({
      title: "Kernel before, in the middle of and after training",
      caption: "Three matrices on one scale.",
      panels: [0, 400, 1000].map((step, k) => ({
        head: `step ${step}`,
        figure: heatmap({
          title: "",
          caption: "",
          ...grid(12, 12, (i, j) =>
            i === j ? 1 : Math.floor(i / 4) === Math.floor(j / 4) ? 0.3 + 0.25 * k : 0.3 - 0.12 * k,
          ),
          quantity: "cosine similarity",
          domain: [0, 1],
          rowSide: { label: "example" },
          columnSide: { label: "example" },
        }),
      })),
    }),
};

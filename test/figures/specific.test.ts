// What single figures compute of their data, and what they do with data that are empty or do not fit.

import { describe, expect, it } from "vitest";
import { alignmentFigure } from "../../src/figures/alignment.ts";
import { arrows } from "../../src/figures/arrows.ts";
import { bars } from "../../src/figures/bars.ts";
import { concentrationFigure } from "../../src/figures/concentration.ts";
import { contourOf } from "../../src/figures/contour.ts";
import { coverageFigure, rocFigure } from "../../src/figures/coverage.ts";
import { decisionRegions } from "../../src/figures/decision-regions.ts";
import type { Figure } from "../../src/figures/figure.ts";
import { functionFigure } from "../../src/figures/function-plot.ts";
import { groupsFigure } from "../../src/figures/groups.ts";
import { kernelDistanceFigure } from "../../src/figures/kernel-distance.ts";
import { kernelDriftFigure } from "../../src/figures/kernel-drift.ts";
import { kernelMapFigure } from "../../src/figures/kernel-map.ts";
import { kernelPairsFigure } from "../../src/figures/kernel-pairs.ts";
import { dormantUnitsFigure, unitActivityFigure } from "../../src/figures/kinks.ts";
import { machinesFigure } from "../../src/figures/machines.ts";
import { neighboursFigure } from "../../src/figures/neighbours.ts";
import { purityFigure } from "../../src/figures/purity.ts";
import { rankGapFigure } from "../../src/figures/rank-gap.ts";
import { readoutWords } from "../../src/figures/readout-words.ts";
import { ridgeCurvesFigure } from "../../src/figures/ridge-curves.ts";
import { separabilityFigure } from "../../src/figures/separability.ts";
import { spectrumFigure } from "../../src/figures/spectrum.ts";

const words = { title: "A figure", caption: "It is small." };
const margin = readoutWords("margin:1-0", { classes: [], loss: "cross-entropy" });
const side = { label: "examples" };
const grid = (rows: number, columns: number, value: (i: number, j: number) => number) => ({
  rows,
  columns,
  values: Array.from({ length: rows * columns }, (_, k) => value(Math.floor(k / columns), k % columns)),
});
const cells = ({ table }: Figure): (string | number)[][] =>
  table.rows.map((row) => row.map((cell) => (typeof cell === "string" ? cell : cell.value)));

const steps = [0];
const none: readonly number[] = [];

/** Every figure of nothing, of one step, of one example. */
const empty: Readonly<Record<string, () => Figure>> = {
  "alignment of no step": () =>
    alignmentFigure({ steps: none, measured: [{ name: "all", values: none }], measure: "CKA" }),
  "alignment of one step without a value": () =>
    alignmentFigure({ steps, measured: [{ name: "all", values: [undefined] }], measure: "CKA" }),
  "arrows of nothing": () => arrows({ ...words, x: { label: "a" }, y: { label: "b" }, kinds: [] }),
  "arrows of length zero": () =>
    arrows({
      ...words,
      x: { label: "a" },
      y: { label: "b" },
      kinds: [{ name: "k", x: [0, 1], y: [0, 1], dx: [0, Number.NaN], dy: [0, 1] }],
    }),
  "a path of one point": () =>
    arrows({ ...words, x: { label: "a" }, y: { label: "b" }, kinds: [], paths: [{ name: "p", x: [1], y: [1] }] }),
  "bars of nothing": () => bars({ ...words, x: { label: "a" }, rows: [] }),
  "bars of zero": () => bars({ ...words, x: { label: "a" }, rows: [{ name: "r", value: 0 }] }),
  "concentration of no example": () => concentrationFigure({ rows: [{ name: "q", contributions: none }] }),
  "concentration of zeros": () => concentrationFigure({ rows: [{ name: "q", contributions: [0, 0] }] }),
  "coverage of no query": () => coverageFigure({ score: "score", groups: [{ name: "in", values: none }] }),
  "coverage of equal scores": () => coverageFigure({ score: "score", groups: [{ name: "in", values: [0, 0, 0] }] }),
  "ROC of no curve": () => rocFigure({ of: "a against b", curves: [] }),
  "regions of a constant model": () =>
    decisionRegions({ ...words, grid: grid(2, 2, () => 1), x: [0, 1], y: [0, 1], quantity: "output", classes: [] }),
  "regions that are not finite": () =>
    decisionRegions({
      ...words,
      grid: grid(3, 3, () => Number.NaN),
      x: [0, 1],
      y: [0, 1],
      quantity: "output",
      classes: [{ name: "a", x: [0.5], y: [0.5] }],
    }),
  "a function without a point": () =>
    functionFigure({ title: "A function", curves: [{ name: "f", x: none, y: none }], points: { x: none, y: none } }),
  "no group": () => groupsFigure({ division: "label", groups: [], words: margin }),
  "distances of one step": () => kernelDistanceFigure({ steps, distances: [0] }),
  "distances of no step": () => kernelDistanceFigure({ steps: none, distances: none }),
  "drift of one step": () => kernelDriftFigure({ steps, drift: [0], velocity: none }),
  "drift of a zero kernel": () =>
    kernelDriftFigure({ steps: [0, 1], drift: [undefined, undefined], velocity: [undefined] }),
  "a kernel of one example": () =>
    kernelMapFigure({
      maps: [{ name: "step 0", values: [2] }],
      rows: 1,
      columns: 1,
      rowSide: side,
      columnSide: side,
      quantity: "kernel",
    }),
  "a zero kernel of one class": () =>
    kernelMapFigure({
      maps: [{ name: "step 0", values: [0, 0, 0, 0], score: { within: 0, between: undefined } }],
      rows: 2,
      columns: 2,
      rowSide: side,
      columnSide: side,
      quantity: "kernel",
    }),
  "no training": () => kernelPairsFigure({ quantity: "kernel", trainings: [] }),
  "one training": () =>
    kernelPairsFigure({
      quantity: "kernel",
      trainings: [{ name: "sgd", steps, pairs: [{ name: "itself", values: [1] }] }],
    }),
  "no layer of kinks": () => dormantUnitsFigure({ steps: none, measured: [] }),
  "no unit": () => unitActivityFigure({ steps: none, units: 0, shares: none, layer: "hidden" }),
  "no machine": () => machinesFigure({ task: "digits", measure: "error", interval: "95 % interval", machines: [] }),
  "no anchor": () => neighboursFigure({ anchors: [] }),
  "no neighbour": () =>
    neighboursFigure({
      anchors: [{ id: "test:0", label: "1", metrics: [{ name: "kernel", quantity: "similarity", neighbours: [] }] }],
    }),
  "purity of one step": () => purityFigure({ steps, k: 1, measured: [{ name: "kernel", values: [1] }] }),
  "rank gap of one step": () => rankGapFigure({ steps, rank: [0], mixtureRank: [0], outside: [undefined] }),
  "rank gap of no step": () => rankGapFigure({ steps: none, rank: none, mixtureRank: none }),
  "one ridge": () => ridgeCurvesFigure({ ridges: [1], curves: [{ name: "GCV", values: [0] }], measure: "error" }),
  "separability that is not there": () =>
    separabilityFigure({ measure: "accuracy", rows: [{ name: "inputs", value: undefined }] }),
  "spectrum of a zero kernel": () =>
    spectrumFigure({
      of: "zero kernel",
      spectra: [{ name: "kernel", values: [0, 0], rank: 0, effectiveRank: 0, tolerance: 0 }],
    }),
  "no spectrum": () => spectrumFigure({ of: "kernel", spectra: [] }),
};

it.each(Object.keys(empty))("%s is drawn with what there is", (name) => {
  const figure = empty[name]();
  for (const width of [280, 800]) expect(figure.svg({ width })).not.toMatch(/NaN|undefined|Infinity/);
  for (const row of figure.table.rows) expect(row).toHaveLength(figure.table.columns.length);
});

it("kernelDistanceFigure names what its numbers count", () => {
  const { svg } = kernelDistanceFigure({ steps: [0, 0.5], distances: [0, 0.25, 0.25, 0], unit: "epoch" });
  expect(svg()).toContain("Distance of the kernels between epochs");
});

describe("contourOf(cells)", () => {
  it("follows a circle: every end of a piece is as far from its centre, and the pieces close", () => {
    const pieces = contourOf(grid(21, 21, (i, j) => Math.hypot(i - 10, j - 10) - 6));
    expect(pieces.length).toBeGreaterThan(30);
    const ends = new Map<string, number>();
    for (const piece of pieces) {
      for (const [x, y] of piece) {
        // Linear between grid points: within a part of a cell.
        expect(Math.abs(Math.hypot(x - 10, y - 10) - 6)).toBeLessThan(0.05);
        const key = `${x.toFixed(9)},${y.toFixed(9)}`;
        ends.set(key, (ends.get(key) ?? 0) + 1);
      }
    }
    expect([...ends.values()].every((count) => count === 2)).toBe(true);
  });

  it("cuts a saddle on the side of its mean, and finds nothing in a constant or in one row", () => {
    expect(contourOf(grid(2, 2, (i, j) => (i === j ? 3 : -1)))).toHaveLength(2);
    expect(contourOf(grid(3, 3, () => 1))).toEqual([]);
    expect(contourOf(grid(1, 5, (_, j) => j - 2))).toEqual([]);
    // The upper left corner alone is above: one piece that crosses its two edges at a quarter.
    expect(contourOf(grid(2, 2, (i, j) => (i + j === 0 ? 1 : -3)))).toEqual([
      [
        [0.25, 0],
        [0, 0.25],
      ],
    ]);
  });
});

describe("concentrationFigure(data)", () => {
  it("counts the examples that make 80 % of the gross, strongest first, whatever their signs", () => {
    const figure = concentrationFigure({ rows: [{ name: "q", contributions: [1, -6, 2, 1] }] });
    // 6 + 2 = 8 of 10.
    expect(figure.caption).toContain("q: 2 of 4 examples for 80.0 %");
    expect(cells(figure).map(([x, y]) => [x, y])).toEqual([
      [0, 0],
      [0.25, 0.6],
      [0.5, 0.8],
      [0.75, 0.9],
      [1, 1],
    ]);
  });
});

describe("kernelMapFigure(data)", () => {
  const values = [0, 1, 2, 10, 11, 12, 20, 21, 22];

  it("puts rows and columns into the order asked for", () => {
    const figure = kernelMapFigure({
      maps: [{ name: "step 0", values }],
      rows: 3,
      columns: 3,
      rowSide: { ...side, order: [2, 0, 1] },
      columnSide: { ...side, order: [1, 0, 2] },
      quantity: "kernel",
    });
    expect(cells(figure).map(([, ...row]) => row)).toEqual([
      [21, 20, 22],
      [1, 0, 2],
      [11, 10, 12],
    ]);
  });

  it("refuses values that are not rows x columns", () => {
    const data = {
      maps: [{ name: "a", values }],
      rows: 2,
      columns: 3,
      rowSide: side,
      columnSide: side,
      quantity: "kernel",
    };
    expect(() => kernelMapFigure(data)).toThrow("kernelMapFigure: values must be 2 x 3 numbers, got 9");
  });
});

describe("lists that do not fit", () => {
  it("are refused in words", () => {
    expect(() => kernelDriftFigure({ steps: [0, 1], drift: [0], velocity: [1] })).toThrow(
      "kernelDriftFigure: drift must have one value a step and velocity one fewer, got 1 and 1 for 2",
    );
    expect(() => rankGapFigure({ steps: [0, 1], rank: [1], mixtureRank: [1, 2] })).toThrow(
      "rankGapFigure: ranks must have one value a step, got 1 and 2 for 2",
    );
    expect(() =>
      arrows({
        ...words,
        x: { label: "a" },
        y: { label: "b" },
        kinds: [{ name: "k", x: [0], y: [0], dx: [1], dy: [] }],
      }),
    ).toThrow("arrows: k must have as many values of each kind, got 1, 1, 1, 0");
    expect(() =>
      decisionRegions({
        ...words,
        grid: { rows: 2, columns: 2, values: [1] },
        x: [0, 1],
        y: [0, 1],
        quantity: "o",
        classes: [],
      }),
    ).toThrow("decisionRegions: grid must be 2 x 2 numbers, got 1");
    expect(() => bars({ ...words, x: { label: "a", scale: "log" }, rows: [] })).toThrow(
      "bars: scale of the axis must have a zero, got log",
    );
  });
});

describe("what figures say", () => {
  it("neighbours: purities of all that are given, and which labels match", () => {
    const of = (labels: readonly string[]) => labels.map((label, k) => ({ id: `train:${k}`, label, value: k }));
    const figure = neighboursFigure({
      anchors: [
        {
          id: "test:0",
          label: "1",
          metrics: [{ name: "kernel", quantity: "similarity", neighbours: of(["1", "0", "1", "1"]) }],
        },
      ],
    });
    expect(figure.caption).toBe("1 query; neighbours with the query's label: kernel 75.0 %.");
    expect(cells(figure).map((row) => row[6])).toEqual(["yes", "no", "yes", "yes"]);
  });

  it("neighbours: of a query without a label none match and none do not", () => {
    const neighbours = [{ id: "train:0", label: "1", value: 0.5 }];
    const figure = neighboursFigure({
      anchors: [{ id: "input:0", metrics: [{ name: "kernel", quantity: "distance", neighbours }] }],
    });
    expect(figure.caption).toBe("1 query; neighbours with the query's label: kernel none.");
    expect(cells(figure).map((row) => [row[1], row[6]])).toEqual([["none", "none"]]);
    const strips = figure.svg({ width: 776 });
    expect(strips).toContain("input:0, without a label");
    expect(strips.match(/[✓✗]/g)).toEqual(["✓", "✗"]); // those of the key
  });

  it("groups: net and gross, strongest first", () => {
    const group = (name: string, positive: number, negative: number) => ({ name, count: 2, positive, negative });
    const figure = groupsFigure({ division: "label", groups: [group("a", 1, -0.5), group("b", 2, -6)], words: margin });
    expect(figure.caption).toBe("2 groups by label: 9.50 logit margin of pushing, −3.50 left.");
    expect(cells(figure).map((row) => [row[0], row[4]])).toEqual([
      ["b", -4],
      ["a", 0.5],
    ]);
  });

  it("coverage: medians, of even and odd many", () => {
    const groups = [
      { name: "in", values: [3, 1, 2] },
      { name: "out", values: [10, 4] },
    ];
    expect(coverageFigure({ score: "score", groups }).caption).toContain("medians: in 2.00, out 7.00.");
  });

  it("machines: the best, lower or higher", () => {
    const data = {
      task: "digits",
      measure: "accuracy",
      interval: "95 % interval",
      machines: [
        { name: "a", mean: 1 },
        { name: "b", mean: 2 },
      ],
    };
    expect(machinesFigure(data).caption).toContain("Best: a");
    expect(machinesFigure({ ...data, lowerIsBetter: false }).caption).toContain("Best: b");
  });
});

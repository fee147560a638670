// Figures of nothing, of one value, of equal and of impossible ones: drawn with what there is, or refused in words.

import { describe, expect, it } from "vitest";
import { colourScaleOf } from "../../src/figures/colour-scale.ts";
import { dots } from "../../src/figures/dots.ts";
import { type HeatMap, heatmap } from "../../src/figures/heatmap.ts";
import { binsOf, type Histogram, histogram } from "../../src/figures/histogram.ts";
import { type Lines, lines, spread } from "../../src/figures/lines.ts";
import { panels } from "../../src/figures/panels.ts";
import { blockOf, pixelValues } from "../../src/figures/raster.ts";
import { type Scatter, scatter } from "../../src/figures/scatter.ts";
import { linearTicks, logTicks } from "../../src/figures/ticks.ts";

const words = { title: "A figure", caption: "It is small." };
const axes = { x: { label: "step" }, y: { label: "value" } } as const;
const log = { x: { label: "step" }, y: { label: "value", scale: "log" } } as const;
const numbersOnly = /NaN|undefined|Infinity/;

const lineOf = (y: readonly number[], more: Partial<Lines> = {}) =>
  lines({ ...words, ...axes, series: [{ name: "a", x: y.map((_, k) => k), y }], ...more });

describe("lines", () => {
  it.each<[string, Partial<Lines>, readonly number[]]>([
    ["no point", {}, []],
    ["one point", {}, [3]],
    ["equal values", {}, [2, 2, 2]],
    ["zeros", {}, [0, 0]],
    ["zeros on a logarithmic axis", log, [0, 0]],
    ["one point on a logarithmic axis", log, [5]],
    ["nothing but NaN", {}, [Number.NaN, Number.NaN]],
    ["infinite values", {}, [1, Infinity, -Infinity, 2]],
    ["huge values", {}, [1e300, -1e300]],
    ["tiny ones", log, [1e-300, 1e-290]],
    ["values that differ in the last bits", {}, [1, 1 + 4e-16]],
  ])("draw %s", (_, more, y) => {
    for (const width of [280, 800]) expect(lineOf(y, more).svg({ width })).not.toMatch(numbersOnly);
  });

  it("say that there are no data", () => {
    expect(lineOf([]).svg()).toContain(">no data<");
    expect(lines({ ...words, ...axes, series: [] }).svg()).toContain(">no data<");
  });

  it("count in the caption what is not drawn", () => {
    expect(lineOf([1, Number.NaN, 0, -1], log).caption).toBe(
      "It is small. Not drawn: 1 value that is not finite and 2 values at or below zero on a logarithmic axis.",
    );
  });

  it("break at a gap: two runs are two moves", () => {
    const d = /<path d="(M[^"]*)"[^>]*stroke="#0072b2"/.exec(lineOf([1, 2, Number.NaN, 3, 4]).svg())![1];
    expect(d.match(/M/g)).toHaveLength(2);
  });

  it("keep the lowest and the highest of many points: thinned lines cover the same heights", () => {
    const y = Array.from({ length: 50_000 }, (_, k) => (k === 31_234 ? 5 : k === 12_345 ? -5 : Math.sin(k)));
    const svg = lineOf(y).svg();
    const d = /<path d="(M[^"]*)"[^>]*stroke="#0072b2"/.exec(svg)![1];
    const heights = [...d.matchAll(/,([\d.]+)/g)].map(([, number]) => Number(number));
    const full = lineOf([5, -5]).svg();
    const ends = [.../<path d="(M[^"]*)"[^>]*stroke="#0072b2"/.exec(full)![1].matchAll(/,([\d.]+)/g)].map(([, n]) =>
      Number(n),
    );
    expect([Math.min(...heights), Math.max(...heights)]).toEqual([Math.min(...ends), Math.max(...ends)]);
    expect(d.length).toBeLessThan(60_000);
  });

  it("refuse lists of different lengths, an x that is not finite and an impossible domain", () => {
    const one = (x: readonly number[], y: readonly number[]) => () =>
      lines({ ...words, ...axes, series: [{ name: "a", x, y }] });
    expect(one([0, 1], [2])).toThrow("figure: series a must have one value for each x, got 1 for 2");
    expect(one([Number.NaN], [2])).toThrow("figure: x of series a must be finite, got NaN at 0");
    expect(() => lineOf([1], { y: { label: "y", domain: [1, 1] } }).svg()).toThrow(
      "figure: domain of an axis must go from low to high, got [1, 1]",
    );
    expect(() => lineOf([1], { y: { label: "y", scale: "log", domain: [0, 1] } }).svg()).toThrow(/above zero/);
  });
});

describe("scatter", () => {
  const of = (x: readonly number[], y: readonly number[], more: Partial<Scatter> = {}) =>
    scatter({ ...words, ...axes, classes: [{ name: "a", x, y }], ...more });

  it("draws no point, one, equal ones, and leaves out what is not finite", () => {
    for (const figure of [of([], []), of([1], [1]), of([1, 1], [2, 2]), of([1, Number.NaN], [Infinity, 1])])
      expect(figure.svg()).not.toMatch(numbersOnly);
    expect(of([], []).svg()).toContain(">no data<");
    expect(of([1, Number.NaN], [Infinity, 1]).caption).toBe(
      "It is small. Not drawn: 2 points outside of what the axes can show.",
    );
  });

  it("makes areas in proportion to sizes, nothing of zero, and refuses negative ones", () => {
    const sized = (size: readonly number[]) =>
      scatter({ ...words, ...axes, classes: [{ name: "a", x: [0, 1, 2], y: [0, 1, 2], size }] });
    const radii = [
      ...sized([0, 1, 4])
        .svg()
        .matchAll(/a([\d.]+),/g),
    ].map(([, r]) => Number(r));
    expect([...new Set(radii)]).toEqual([4.5, 9]);
    expect(() => sized([0, -1, 1])).toThrow("figure: sizes of class a must be at least 0, got -1");
    expect(sized([0, 0, 0]).svg()).not.toMatch(numbersOnly);
  });
});

describe("heatmap", () => {
  const of = (rows: number, columns: number, values: readonly number[], more: Partial<HeatMap> = {}) =>
    heatmap({
      ...words,
      rows,
      columns,
      values,
      quantity: "value",
      rowSide: { label: "i" },
      columnSide: { label: "j" },
      ...more,
    });

  it("draws no cell, one, equal ones and ones that are not finite", () => {
    for (const figure of [
      of(0, 0, []),
      of(1, 1, [5]),
      of(1, 2, [0, 0]),
      of(1, 2, [Number.NaN, Infinity]),
      of(200, 1, new Array(200).fill(1)),
    ])
      for (const width of [280, 800]) expect(figure.svg({ width })).not.toMatch(numbersOnly);
    expect(of(0, 0, []).svg()).toContain(">no data<");
    expect(of(1, 2, [Number.NaN, 1]).caption).toBe("It is small. 1 cell not finite, left clear.");
  });

  it("is one picture, whatever the number of cells", () => {
    const svg = of(300, 300, new Array(90_000).fill(0.5)).svg();
    expect(svg.match(/<image /g)).toHaveLength(2); // the matrix, and the bar of colours
    expect(svg.length).toBeLessThan(5000);
  });

  it("averages large matrices over blocks, which the caption says, and tables the means of classes", () => {
    const values = Array.from({ length: 1100 * 1100 }, (_, k) => (k % 1100 < 550 ? 1 : 3));
    const blocks = [
      { name: "a", size: 550 },
      { name: "b", size: 550 },
    ];
    const figure = of(1100, 1100, values, { rowSide: { label: "i", blocks }, columnSide: { label: "j", blocks } });
    expect(blockOf({ values, rows: 1100, columns: 1100 })).toBe(3);
    expect(figure.caption).toBe("It is small. Each pixel is the mean of 3 x 3 cells.");
    expect(figure.table.rows.map((row) => row.map((cell) => (typeof cell === "string" ? cell : cell.value)))).toEqual([
      ["a", 1, 3],
      ["b", 1, 3],
    ]);
    const small = pixelValues({ values: Float64Array.from({ length: 513 * 2 }, (_, k) => k), rows: 513, columns: 2 });
    // The first block: rows 0 and 1, both columns: 0, 1, 2, 3.
    expect([small.rows, small.columns, small.values[0], small.values[256]]).toEqual([257, 1, 1.5, 1024.5]);
  });

  it("refuses values, names and blocks that are not as many as cells", () => {
    expect(() => of(2, 2, [1])).toThrow("heatmap: values must be 2 x 2 numbers, got 1");
    expect(() => of(1, 1, [1], { rowSide: { label: "i", names: [] } })).toThrow(
      "heatmap: names of rows must be 1, got 0",
    );
    expect(() => of(1, 1, [1], { columnSide: { label: "j", blocks: [{ name: "a", size: 2 }] } })).toThrow(
      "heatmap: blocks of columns must have 1 in all, got 2",
    );
    expect(() => colourScaleOf([[1]], { domain: [2, 2] })).toThrow(
      "figure: domain of colours must go from low to high, got [2, 2]",
    );
  });

  it("gives signed values colours that mirror: zero is the middle", () => {
    const { domain, colour } = colourScaleOf([[-1, 3]], { palette: "signed" });
    expect(domain).toEqual([-3, 3]);
    expect(colour(0)).toEqual([150, 150, 150]);
    expect(colour(Number.NaN)).toBeUndefined();
  });
});

describe("histogram", () => {
  const of = (values: readonly number[], more: Partial<Histogram> = {}): Histogram => ({
    ...words,
    x: { label: "score" },
    groups: [{ name: "a", values }],
    ...more,
  });

  it("draws no value, one, equal ones, and says what it does not count", () => {
    for (const values of [[], [1], [2, 2, 2], [Number.NaN]])
      expect(histogram(of(values)).svg()).not.toMatch(numbersOnly);
    expect(histogram(of([])).svg()).toContain(">no data<");
    expect(histogram(of([1, Number.NaN, 2])).caption).toBe(
      "It is small. In it: a 2 values. Not counted: 1 value outside of what the axis can show.",
    );
  });

  it("counts each value once, the largest in the last bin", () => {
    const { edges, shares, counts } = binsOf(of([0, 0.5, 1, 2, 4], { bins: 4 }));
    expect([[...edges], [...shares[0]], counts]).toEqual([[0, 1, 2, 3, 4], [0.4, 0.2, 0.2, 0.2], [5]]);
    const ratios = binsOf(of([1, 10, 99, 100, 0], { bins: 2, x: { label: "score", scale: "log" } }));
    expect([ratios.edges[0], ratios.edges[2], [...ratios.shares[0]]]).toEqual([1, 100, [0.25, 0.75]]);
  });
});

describe("dots and panels", () => {
  it("draw no row, and a row without a dot", () => {
    const x = { label: "error" };
    for (const rows of [[], [{ name: "a", dots: [] }], [{ name: "a", dots: [{ mean: Number.NaN }] }]])
      expect(
        dots({ ...words, x, rows })
          .svg()
          .replace(/>[^<]*</g, "><"),
      ).not.toMatch(numbersOnly);
    expect(panels({ ...words, panels: [] }).svg()).not.toMatch(numbersOnly);
  });

  it("refuse an interval that is turned round, and tables that do not fit together", () => {
    const rows = [{ name: "a", dots: [{ mean: 1, low: 2, high: 0 }] }];
    expect(() => dots({ ...words, x: { label: "error" }, rows })).toThrow(
      "dots: the interval of a must go from low to high, got [2, 0]",
    );
    const other = lines({ ...words, ...axes, series: [{ name: "b", x: [1], y: [1] }] });
    expect(() =>
      panels({
        ...words,
        panels: [
          { head: "1", figure: lineOf([1]) },
          { head: "2", figure: other },
        ],
      }),
    ).toThrow("panels: 2 must have the columns of 1 or a table be given, got step, b");
  });
});

describe("ticks", () => {
  const texts = (ticks: readonly { text: string }[]) => ticks.map(({ text }) => text);

  it("are round numbers, written so that they differ", () => {
    expect(texts(linearTicks([0, 1], 5))).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    expect(texts(linearTicks([-2e-5, 2e-5], 4))).toEqual(["−2e−5", "−1e−5", "0", "1e−5", "2e−5"]);
    expect(texts(linearTicks([0, 4e6], 4))).toEqual(["0", "1e6", "2e6", "3e6", "4e6"]);
    expect(texts(linearTicks([0, 3], 9, true))).toEqual(["0", "1", "2", "3"]);
  });

  it("of a logarithmic axis are decades, fewer of many, with doubles and halves between few", () => {
    expect(texts(logTicks([1e-6, 1e2], 9))).toEqual([
      "1e−6",
      "1e−5",
      "1e−4",
      "1e−3",
      "1e−2",
      "1e−1",
      "1e0",
      "1e1",
      "1e2",
    ]);
    expect(texts(logTicks([1e-8, 1], 4))).toEqual(["1e−8", "1e−6", "1e−4", "1e−2", "1e0"]);
    expect(texts(logTicks([0.8, 12], 8))).toEqual(["1", "2", "5", "10"]);
    expect(texts(logTicks([2.1, 2.4], 4)).length).toBeGreaterThan(1);
  });
});

describe("spread(wanted, range, gap)", () => {
  it("keeps the order and the gap, and stays in the range", () => {
    const places = spread([10, 11, 12, 90], [0, 100], 15);
    expect(places).toEqual([10, 25, 40, 90]);
    expect(spread([99, 99, 99], [0, 100], 15)).toEqual([70, 85, 100]);
    expect(spread([5, 5, 5, 5], [0, 30], 15)).toEqual([0, 10, 20, 30]);
  });
});

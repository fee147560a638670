// Histograms of several groups over each other: outlines with a dash of their own over a light fill.

import { type Extent, extentOf } from "./extent.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import type { Drawing, FigureText } from "./frame.ts";
import { lineStyle, lineSwatch } from "./glyphs.ts";
import { type Guide, guideLabels, guideLines } from "./guide.ts";
import { classColour, filled } from "./palette.ts";
import { noData, plotOf } from "./plot.ts";
import { type AxisOptions, axisLabel } from "./scale.ts";
import { element, escapeText } from "./svg.ts";
import { amount, type Table } from "./table.ts";

export interface HistogramGroup {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

export interface Histogram extends FigureText {
  readonly x: AxisOptions;
  readonly groups: readonly HistogramGroup[];
  /** Of equal width (of equal ratio on a logarithmic axis). Default: about the root of the largest group, 8 to 40. */
  readonly bins?: number;
  readonly guides?: readonly Guide[];
  readonly height?: number;
}

export interface Bins {
  /** One more than bins. */
  readonly edges: Float64Array;
  /** Share of each group's counted values in each bin. */
  readonly shares: readonly Float64Array[];
  /** Counted values of each group: those that the axis can show. */
  readonly counts: readonly number[];
}

/** Values in bins; the last bin has its upper edge too. */
export function binsOf({ x, groups, bins }: Histogram): Bins {
  const isLog = x.scale === "log";
  const extent: Extent =
    x.domain ??
    extentOf(
      groups.map(({ values }) => values),
      { positive: isLog },
    );
  const [low, high] = widened(extent ?? [0, 1], isLog);
  const largest = groups.reduce((max, { values }) => Math.max(max, values.length), 1);
  const count = bins ?? Math.max(8, Math.min(40, Math.ceil(Math.sqrt(largest))));
  const [a, b] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
  const edge = (k: number): number => (isLog ? Math.exp(a + ((b - a) * k) / count) : a + ((b - a) * k) / count);
  const edges = Float64Array.from({ length: count + 1 }, (_, k) => (k === 0 ? low : k === count ? high : edge(k)));
  const counts: number[] = [];
  const shares = groups.map(({ values }) => {
    const hits = new Float64Array(count);
    let counted = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!Number.isFinite(value) || value < low || value > high) continue;
      hits[Math.min(count - 1, Math.floor((((isLog ? Math.log(value) : value) - a) / (b - a)) * count))] += 1;
      counted += 1;
    }
    counts.push(counted);
    return hits.map((hit) => hit / Math.max(1, counted));
  });
  return { edges, shares, counts };
}

/** Some width where all values are equal. */
function widened([low, high]: readonly [number, number], isLog: boolean): [number, number] {
  if (low < high) return [low, high];
  if (isLog) return [low / 2, high * 2];
  const half = low === 0 ? 0.5 : 0.1 * Math.abs(low);
  return [low - half, high + half];
}

function histogramTable({ x, groups }: Histogram, { edges, shares }: Bins): Table {
  const print = (value: number) => amount(value, formatNumber(value, { digits: 4 }));
  return {
    columns: [`${axisLabel({ ...x, scale: "linear" })}, from`, "to", ...groups.map(({ name }) => `${name} (share)`)],
    rows: Array.from({ length: edges.length - 1 }, (_, k) => [
      print(edges[k]),
      print(edges[k + 1]),
      ...shares.map((list) => print(list[k])),
    ]),
  };
}

/**
 * The share of each group's values in bins of equal width. The caption ends with the size of the groups, and with how many
 * values the axis cannot show.
 */
export function histogram(data: Histogram): Figure {
  const bins = binsOf(data);
  const hidden = data.groups.reduce((sum, { values }, k) => sum + values.length - bins.counts[k], 0);
  const sizes = data.groups.map(({ name }, k) => `${name} ${countOf(bins.counts[k], "value")}`).join(", ");
  const notes = [
    ...(sizes === "" ? [] : [` In it: ${sizes}.`]),
    ...(hidden > 0 ? [` Not counted: ${countOf(hidden, "value")} outside of what the axis can show.`] : []),
  ];
  const caption = `${data.caption}${notes.join("")}`;
  return figureFrom({ title: data.title, caption }, histogramTable(data, bins), (width) => drawn(data, bins, width));
}

function drawn(data: Histogram, { edges, shares, counts }: Bins, width: number): Drawing {
  const { groups, x, guides = [] } = data;
  const colours = groups.map((_, k) => classColour(k, groups.length));
  const plot = plotOf({
    width,
    height: data.height,
    x,
    y: { label: "share of the group", zero: true },
    extents: { x: extentOf([edges], { positive: x.scale === "log" }), y: extentOf([[0], ...shares]) },
    key: groups.length > 1 ? groups.map(({ name }, k) => ({ name, swatch: lineSwatch(k, colours[k]) })) : [],
  });
  const outlines = shares.map((list, k) => {
    if (counts[k] === 0) return "";
    const floor = plot.y.at(0).toFixed(1);
    const steps = Array.from(
      list,
      (share, b) => `V${plot.y.at(share).toFixed(1)}H${plot.x.at(edges[b + 1]).toFixed(1)}`,
    );
    const d = `M${plot.x.at(edges[0]).toFixed(1)},${floor}${steps.join("")}V${floor}`;
    return element(
      "g",
      {},
      element("title", {}, escapeText(groups[k].name)),
      element("path", { d: `${d}z`, ...filled(colours[k]), "fill-opacity": 0.16 }),
      element("path", { d, ...lineStyle(k, colours[k], 1.6) }),
    );
  });
  const isEmpty = counts.every((count) => count === 0);
  return plot.drawing([
    ...outlines,
    ...guideLines(guides, plot),
    ...guideLabels(guides, plot),
    ...(isEmpty ? [noData(plot.box)] : []),
  ]);
}

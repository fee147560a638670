// Lines: one or more series over a common axis, with bands, guides and names at their ends.

import { extentOf } from "./extent.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import type { Drawing, FigureText } from "./frame.ts";
import { lineStyle, lineSwatch, shapePath, shapeSwatch, shapes } from "./glyphs.ts";
import { type Guide, guideLabels, guideLines } from "./guide.ts";
import { type KeyEntry, keyEntry, keyWidth } from "./key.ts";
import { type Colour, classColour, filled, MAX_CLASSES, stroked } from "./palette.ts";
import { noData, type Plot, plotOf } from "./plot.ts";
import { type AxisOptions, axisLabel, type Scale } from "./scale.ts";
import { element, escapeText } from "./svg.ts";
import { type Amount, amount, type Table } from "./table.ts";

export interface LineSeries {
  readonly name: string;
  readonly x: ArrayLike<number>;
  /** As long as x; a value that is not finite is a gap. */
  readonly y: ArrayLike<number>;
  /** An interval around each value, for example over seeds. */
  readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  /** Points without a line. Default false. */
  readonly pointsOnly?: boolean;
  /** What the others are held against: grey and dashed, without shapes. Default false. */
  readonly reference?: boolean;
}

export interface Lines extends FigureText {
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly series: readonly LineSeries[];
  readonly guides?: readonly Guide[];
  /** Of more than eight series: those that get a colour (six at most). Default the first. */
  readonly highlight?: readonly number[];
  /** Height of the plot in pixels. */
  readonly height?: number;
  /** Names of the series in the picture; a figure made of several says false. Default true. */
  readonly keyed?: boolean;
  /** One unit is as long on both axes. Default false. */
  readonly equal?: boolean;
}

/** From here series are named at the ends of their lines. */
const DIRECT_WIDTH = 480;
/** Lines with more points than this have shapes on some of them only. */
const MAX_SHAPES = 24;

/** RangeError where lists of one series differ in length, or a place on the x axis is not finite. */
function checked(series: readonly LineSeries[]): void {
  for (const { name, x, y, band } of series) {
    for (const list of [y, ...(band ? [band.low, band.high] : [])]) {
      if (list.length !== x.length)
        throw new RangeError(
          `figure: series ${name} must have one value for each x, got ${list.length} for ${x.length}`,
        );
    }
    for (let i = 0; i < x.length; i++) {
      if (!Number.isFinite(x[i]))
        throw new RangeError(`figure: x of series ${name} must be finite, got ${x[i]} at ${i}`);
    }
  }
}

/** What the axes cannot show, in words; empty where they show everything. */
function gapsOf({ series, x, y }: Lines): string {
  let [missing, below] = [0, 0];
  for (const { x: xs, y: ys } of series) {
    for (let i = 0; i < xs.length; i++) {
      if (!Number.isFinite(ys[i])) missing++;
      else if ((y.scale === "log" && ys[i] <= 0) || (x.scale === "log" && xs[i] <= 0)) below++;
    }
  }
  const parts = [
    ...(missing > 0 ? [`${countOf(missing, "value")} that ${missing === 1 ? "is" : "are"} not finite`] : []),
    ...(below > 0 ? [`${countOf(below, "value")} at or below zero on a logarithmic axis`] : []),
  ];
  return parts.length === 0 ? "" : ` Not drawn: ${parts.join(" and ")}.`;
}

/** A cell of a number. */
const cell = (value: number): Amount => amount(value, Number.isNaN(value) ? "–" : formatNumber(value, { digits: 4 }));

/** One row for each x that occurs, one column a series, and two more for a band. */
function linesTable({ x, y, series }: Lines): Table {
  const rows = new Map<number, (Amount | string)[]>();
  const columns = series.flatMap(({ name, band }) => (band ? [name, `${name}, low`, `${name}, high`] : [name]));
  let column = 0;
  for (const { x: xs, y: ys, band } of series) {
    const lists = band ? [ys, band.low, band.high] : [ys];
    for (let i = 0; i < xs.length; i++) {
      const row = rows.get(xs[i]) ?? rows.set(xs[i], new Array<string>(columns.length).fill("")).get(xs[i])!;
      lists.forEach((list, k) => {
        row[column + k] = cell(list[i]);
      });
    }
    column += lists.length;
  }
  const unit = y.unit === undefined ? "" : ` (${y.unit})`;
  return {
    columns: [axisLabel({ ...x, scale: "linear" }), ...columns.map((name) => `${name}${unit}`)],
    rows: [...rows]
      .sort(([a], [b]) => a - b)
      .map(([value, cells]) => [amount(value, formatNumber(value, { digits: 6 })), ...cells]),
  };
}

interface Styled extends LineSeries {
  readonly colour: Colour;
  /** Of dash and shape. */
  readonly kind: number;
}

function styledOf({ series, highlight }: Lines): Styled[] {
  const count = series.filter(({ reference }) => !reference).length;
  let next = 0;
  return series.map((one) => {
    if (one.reference) return { ...one, colour: "neutral", kind: 0 };
    const k = next++;
    return { ...one, colour: classColour(k, count, highlight), kind: k % MAX_CLASSES };
  });
}

/**
 * Several series as lines: each has a colour, a dash and a shape of its own, and its name at its end or in a key.
 *
 * A value that is not finite, or not above zero on a logarithmic axis, is a gap, and the caption counts them. RangeError for
 * lists of different lengths and for an x that is not finite.
 */
export function lines(data: Lines): Figure {
  checked(data.series);
  const caption = `${data.caption}${gapsOf(data)}`;
  return figureFrom({ title: data.title, caption }, linesTable(data), (width) => linesDrawn(data, width));
}

function linesDrawn(data: Lines, width: number): Drawing {
  const { x, y, series, guides = [], keyed = true } = data;
  const styled = styledOf(data);
  const entries = styled.map((one): KeyEntry => ({ name: one.name, swatch: swatchOf(one) }));
  const widest = entries.reduce((max, entry) => Math.max(max, keyWidth(entry)), 0);
  const named = keyed && series.length > 1;
  const isDirect = named && width >= DIRECT_WIDTH && series.length <= 12 && widest <= 0.32 * width;
  const guideValues = (axis: "x" | "y"): number[] =>
    guides.filter((one) => one.axis === axis).map(({ value }) => value);
  const bands = series.flatMap(({ band }) => (band ? [band.low, band.high] : []));
  const plot = plotOf({
    width,
    height: data.height,
    x,
    y,
    extents: {
      x: extentOf([...series.map((one) => one.x), guideValues("x")], { positive: x.scale === "log" }),
      y: extentOf([...series.map((one) => one.y), ...bands, guideValues("y")], { positive: y.scale === "log" }),
    },
    key: named && !isDirect ? entries : [],
    right: isDirect ? widest + 14 : 0,
    equal: data.equal ?? false,
  });
  const isEmpty = series.every(({ x: xs }) => xs.length === 0);
  const { height, marks } = plot.drawing([
    ...styled.flatMap((one) => (one.band ? [bandMark(one, plot)] : [])),
    ...guideLines(guides, plot),
    ...styled.map((one) => seriesMark(one, plot)),
    ...guideLabels(guides, plot),
    ...(isEmpty ? [noData(plot.box)] : []),
  ]);
  return { height, marks: [...marks, ...(isDirect ? endNames(styled, entries, plot) : [])] };
}

const REFERENCE = { ...stroked("neutral", 1.4), "stroke-dasharray": "5 3" };

function swatchOf({ kind, colour, pointsOnly, reference }: Styled): string {
  if (reference) return element("path", { d: "M0,0H26", ...REFERENCE });
  return pointsOnly ? shapeSwatch(kind, colour, 3.4) : lineSwatch(kind, colour);
}

type Place = readonly [number, number];

/** Runs of values that can be drawn, as pixels; long runs by the least and largest of each half pixel. */
function runsOf(xs: ArrayLike<number>, ys: ArrayLike<number>, { x, y }: { x: Scale; y: Scale }): Place[][] {
  const runs: Place[][] = [];
  let run: Place[] = [];
  for (let i = 0; i < xs.length; i++) {
    if (x.has(xs[i]) && y.has(ys[i])) {
      if (run.length === 0) runs.push(run);
      run.push([x.at(xs[i]), y.at(ys[i])]);
    } else run = [];
  }
  return runs.map((places) => (places.length > 2000 ? thinned(places) : places));
}

/** First, lowest, highest and last of each half pixel: the same picture of fewer points. */
function thinned(places: readonly Place[]): Place[] {
  const kept: Place[] = [];
  for (let i = 0; i < places.length; ) {
    const start = i;
    let [low, high] = [i, i];
    for (; i < places.length && Math.abs(places[i][0] - places[start][0]) < 0.5; i++) {
      if (places[i][1] < places[low][1]) low = i;
      if (places[i][1] > places[high][1]) high = i;
    }
    kept.push(...[...new Set([start, low, high, i - 1])].sort((a, b) => a - b).map((k) => places[k]));
  }
  return kept;
}

const pathOf = (places: readonly Place[]): string =>
  places.map(([px, py], k) => `${k === 0 ? "M" : "L"}${px.toFixed(1)},${py.toFixed(1)}`).join("");

function bandMark({ x: xs, band, colour }: Styled, { x, y }: Plot): string {
  const { low, high } = band!;
  // Both edges must be there: a band has the gaps of both.
  const both = Array.from(low, (value, i) => (y.has(value) && y.has(high[i]) ? value : Number.NaN));
  const tops = Array.from(high, (value, i) => (Number.isNaN(both[i]) ? Number.NaN : value));
  const lows = runsOf(xs, both, { x, y });
  const d = runsOf(xs, tops, { x, y })
    .map((run, k) => `${pathOf(run)}${pathOf([...lows[k]].reverse()).replace("M", "L")}z`)
    .join("");
  return element("path", { d, ...filled(colour), "fill-opacity": 0.18 });
}

/** The line, and shapes: on every point where they are few, else on some, shifted from series to series. */
function seriesMark(one: Styled, plot: Plot): string {
  const { name, x: xs, y: ys, colour, kind, pointsOnly = false, reference = false } = one;
  const runs = runsOf(xs, ys, plot);
  const places = runs.flat();
  const every = pointsOnly ? 1 : Math.max(1, Math.ceil(places.length / (places.length > MAX_SHAPES ? 7 : MAX_SHAPES)));
  const first = every === 1 ? 0 : Math.floor((every * (kind + 1)) / (MAX_CLASSES + 1));
  const marked = places.filter((_, k) => k % every === first % every);
  const single = runs.filter(({ length }) => length === 1).flat();
  const radius = 3.4;
  const d = [...(reference ? [] : marked), ...(every > 1 || reference ? single : [])]
    .map(([px, py]) => shapePath(kind, px, py, radius))
    .join("");
  const line = runs
    .filter(({ length }) => length > 1)
    .map(pathOf)
    .join("");
  return element(
    "g",
    {},
    element("title", {}, escapeText(name)),
    ...(pointsOnly || line === ""
      ? []
      : [element("path", { d: line, ...(reference ? REFERENCE : lineStyle(kind, colour)) })]),
    ...(d === "" ? [] : [shapes(d, colour)]),
  );
}

/** Names beside the last points, pushed apart where they would cover each other. */
function endNames(styled: readonly Styled[], entries: readonly KeyEntry[], plot: Plot): string[] {
  const { left, right, top, bottom } = plot.box;
  const ends = styled.map((one, k) => {
    const last = runsOf(one.x, one.y, plot).at(-1)?.at(-1);
    return { k, want: last ? Math.max(top, Math.min(bottom, last[1])) : bottom };
  });
  const spaced = spread(
    ends.map(({ want }) => want),
    [top + 4, bottom - 2],
    15,
  );
  const marks = ends.map(({ k }) => keyEntry(entries[k], right + 10, spaced[k], keyWidth(entries[k]) + left));
  return [element("g", { class: "pk-key" }, ...marks)];
}

/** Heights near those wanted, in their order, at least `gap` apart where the range has the room. */
export function spread(wanted: readonly number[], [top, bottom]: readonly [number, number], gap: number): number[] {
  const order = wanted.map((_, k) => k).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const each = order.length > 1 ? Math.min(gap, (bottom - top) / (order.length - 1)) : gap;
  const places = new Array<number>(wanted.length);
  let least = top;
  for (const k of order) {
    places[k] = Math.max(least, wanted[k]);
    least = places[k] + each;
  }
  let most = bottom;
  for (const k of [...order].reverse()) {
    places[k] = Math.min(most, places[k]);
    most = places[k] - each;
  }
  return places;
}

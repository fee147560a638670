// Dots with intervals: a row for each thing that is compared, its mean, its interval and its single values on one axis.

import { extentOf } from "./extent.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { formatNumber } from "./format.ts";
import { type Drawing, type FigureText, FONT_SIZE, SMALL_FONT } from "./frame.ts";
import { shapePath, shapeSwatch, shapes } from "./glyphs.ts";
import { keyRows } from "./key.ts";
import { classColour, filled, stroked } from "./palette.ts";
import { type AxisOptions, axisLabel, scaleOf } from "./scale.ts";
import { element, escapeText, fitted, textAt, widthOf } from "./svg.ts";
import { amount, type Table } from "./table.ts";

export interface Dot {
  /** One of `series`, where there are several; default the first. */
  readonly series?: number;
  readonly mean: number;
  /** Of the mean; both or none. */
  readonly low?: number;
  readonly high?: number;
  /** What the mean is of: one value a seed. */
  readonly values?: ArrayLike<number>;
}

export interface DotRow {
  readonly name: string;
  /** Rows of a group stand together under its name. */
  readonly group?: string;
  readonly dots: readonly Dot[];
}

export interface Dots extends FigureText {
  readonly x: AxisOptions;
  readonly rows: readonly DotRow[];
  /** Names of what each row compares; a key is drawn from two on. */
  readonly series?: readonly string[];
  /** What low and high are: "95 % interval over 5 seeds". */
  readonly interval?: string;
}

/** Below this names stand above their dots. */
const COMPACT = 420;
const DOT_ROW = 20;
const HEAD = 22;
const AXIS = 38;

function checked({ rows, series }: Dots): void {
  for (const { name, dots } of rows) {
    for (const { series: k = 0, mean, low, high } of dots) {
      if (series && !(k < series.length))
        throw new RangeError(`dots: series of ${name} must be below ${series.length}, got ${k}`);
      if (low !== undefined && high !== undefined && !(low <= high))
        throw new RangeError(`dots: the interval of ${name} must go from low to high, got [${low}, ${high}]`);
      if (Number.isNaN(mean) && (low !== undefined || high !== undefined))
        throw new RangeError(`dots: ${name} must have a mean where it has an interval, got NaN`);
    }
  }
}

function dotsTable({ x, rows, series = [], interval = "interval" }: Dots): Table {
  const print = (value: number | undefined) =>
    value === undefined ? "" : amount(value, formatNumber(value, { digits: 4 }));
  const hasGroups = rows.some(({ group }) => group !== undefined);
  const isPaired = series.length > 1;
  const label = axisLabel({ ...x, scale: "linear" });
  return {
    columns: [
      ...(hasGroups ? ["group"] : []),
      "row",
      ...(isPaired ? ["series"] : []),
      label,
      `low (${interval})`,
      `high (${interval})`,
    ],
    rows: rows.flatMap(({ name, group, dots }) =>
      dots.map(({ series: k = 0, mean, low, high }) => [
        ...(hasGroups ? [group ?? ""] : []),
        name,
        ...(isPaired ? [series[k]] : []),
        print(mean),
        print(low),
        print(high),
      ]),
    ),
  };
}

/** One row of the drawing: a head, or a thing and its dots. */
type Line = { readonly head: string } | { readonly row: DotRow };

function linesOf(rows: readonly DotRow[]): Line[] {
  const groups = [...new Set(rows.map(({ group }) => group))];
  return groups.flatMap((group) => [
    ...(group === undefined ? [] : [{ head: group }]),
    ...rows.filter((row) => row.group === group).map((row) => ({ row })),
  ]);
}

/**
 * Means as dots with their intervals as bars, single values as small strokes, row by row in groups.
 *
 * A mean that the axis cannot show (not finite, or not above zero on a logarithmic axis) is written instead of drawn.
 * RangeError for an interval that does not go from low to high.
 */
export function dots(data: Dots): Figure {
  checked(data);
  return figureFrom(data, dotsTable(data), (width) => drawn(data, width));
}

function drawn(data: Dots, width: number): Drawing {
  const { rows, series = [], x } = data;
  const isCompact = width < COMPACT;
  const lists = rows.flatMap((row) =>
    row.dots.map((dot) => [dot.mean, dot.low ?? dot.mean, dot.high ?? dot.mean, ...Array.from(dot.values ?? [])]),
  );
  const names = Math.min(0.36 * width, rows.reduce((max, { name }) => Math.max(max, widthOf(name, FONT_SIZE)), 0) + 12);
  const numbers = rows.flatMap((row) => row.dots.map(numberOf));
  const right = numbers.reduce((max, text) => Math.max(max, widthOf(text, SMALL_FONT)), 0) + 10;
  // On narrow figures the numbers stand beside the names, where there is one a row.
  const isBeside = isCompact && rows.every((row) => row.dots.length <= 1);
  const range: [number, number] = [isCompact ? 14 : names + 12, width - (isBeside ? 14 : right)];
  const wanted = Math.max(2, Math.floor((range[1] - range[0]) / 80));
  const scale = scaleOf(extentOf(lists, { positive: x.scale === "log" }), x, { range, wanted, ends: "room" });
  const colours = series.map((_, k) => classColour(k, Math.max(1, series.length)));
  const key = keyRows(
    series.length > 1 ? series.map((name, k) => ({ name, swatch: shapeSwatch(k, colours[k]) })) : [],
    width,
  );
  const marks: string[] = [];
  // Where lines may be drawn: not through names that stand above their dots.
  const clear: [number, number][] = [];
  let y = key.height + 4;
  const first = y;
  for (const line of linesOf(rows)) {
    if ("head" in line) {
      marks.push(textAt(0, y + 15, fitted(line.head, width, FONT_SIZE), { "font-weight": 600 }));
      y += HEAD;
      continue;
    }
    const { name, dots: list } = line.row;
    const text = fitted(name, isCompact ? width - (isBeside ? right : 0) : names, FONT_SIZE);
    const height = Math.max(1, list.length) * DOT_ROW;
    marks.push(textAt(0, isCompact ? y + 13 : y + height / 2 + 4, text));
    const numberAt = isBeside ? y + 13 : undefined;
    if (isCompact) y += 16;
    clear.push([isCompact ? y + 2 : y, y + height]);
    list.forEach((dot, k) => {
      marks.push(
        dotMark(dot, {
          y: y + DOT_ROW * (k + 0.5),
          name,
          scale,
          colour: colours[dot.series ?? 0] ?? "class-0",
          width,
          ...(numberAt === undefined ? {} : { numberAt }),
        }),
      );
    });
    y += height + 2;
  }
  const small = { ...filled("muted"), "font-size": SMALL_FONT };
  const ticks = scale.ticks;
  const label = axisLabel(x);
  const half = widthOf(label, SMALL_FONT) / 2;
  const spans = isCompact ? clear : [[first, y] as const];
  const d = ticks.flatMap(({ value }) => spans.map(([a, b]) => `M${scale.at(value).toFixed(1)},${a}V${b}`)).join("");
  return {
    height: y + AXIS,
    marks: [
      ...key.marks,
      ...(d === "" ? [] : [element("path", { d, ...stroked("grid") })]),
      element("path", { d: `M${range[0].toFixed(1)},${y}H${range[1].toFixed(1)}`, ...stroked("axis") }),
      ...marks,
      element(
        "g",
        { ...small, "text-anchor": "middle" },
        ...ticks.map(({ value, text }) => textAt(scale.at(value), y + 15, text)),
        textAt(Math.max(half, Math.min((range[0] + range[1]) / 2, width - half)), y + 31, label),
      ),
    ],
  };
}

/** "0.0312 ± 0.0014" for an interval that is even on both sides, else "0.0312 [0.0298, 0.0331]". */
function numberOf({ mean, low, high }: Dot): string {
  if (low === undefined || high === undefined) return formatNumber(mean);
  const half = (high - low) / 2;
  const isEven = Math.abs(mean - low - half) <= 0.02 * half;
  if (isEven && half > 0) return `${formatNumber(mean)} ± ${formatNumber(half, { digits: 2 })}`;
  return `${formatNumber(mean)} [${formatNumber(low)}, ${formatNumber(high)}]`;
}

interface DotPlace {
  readonly y: number;
  readonly name: string;
  readonly scale: ReturnType<typeof scaleOf>;
  readonly colour: ReturnType<typeof classColour>;
  readonly width: number;
  /** Baseline of the number, where it is not that of the dot. */
  readonly numberAt?: number;
}

function dotMark(dot: Dot, { y, name, scale, colour, width, numberAt = y + 4 }: DotPlace): string {
  const { mean, low, high, values = [], series = 0 } = dot;
  const bar = low !== undefined && high !== undefined && scale.has(low) && scale.has(high);
  const line = bar ? `M${scale.at(low).toFixed(1)},${y}H${scale.at(high).toFixed(1)}` : "";
  const caps = bar ? [low, high].map((end) => `M${scale.at(end).toFixed(1)},${y - 4}v8`).join("") : "";
  const single = Array.from(values)
    .filter(scale.has)
    .map((value) => `M${scale.at(value).toFixed(1)},${y - 9}v4`)
    .join("");
  const number = numberOf(dot);
  const interval = bar ? `, from ${formatNumber(low)} to ${formatNumber(high)}` : "";
  return element(
    "g",
    {},
    element("title", {}, escapeText(`${name}: ${formatNumber(mean)}${interval}`)),
    ...(single === "" ? [] : [element("path", { d: single, ...stroked(colour, 1) })]),
    ...(bar ? [element("path", { d: line + caps, ...stroked(colour, 1.8) })] : []),
    ...(scale.has(mean) ? [shapes(shapePath(series, scale.at(mean), y, 4.6), colour)] : []),
    textAt(width, numberAt, number, {
      ...filled("muted"),
      "font-size": SMALL_FONT,
      "text-anchor": "end",
      class: "pk-number",
    }),
  );
}

// Bars from zero, row by row in groups: a value each, or what pushes both ways with the net marked.

import { extentOf } from "./extent.ts";
import { type Figure, figureFrom } from "./figure.ts";
import { formatNumber } from "./format.ts";
import { type Drawing, type FigureText, FONT_SIZE, SMALL_FONT } from "./frame.ts";
import { shapePath } from "./glyphs.ts";
import { keyRows } from "./key.ts";
import { type Colour, filled, lightColours, stroked } from "./palette.ts";
import { type AxisOptions, axisLabel, scaleOf } from "./scale.ts";
import { element, escapeText, fitted, textAt, widthOf } from "./svg.ts";
import { amount, type Table } from "./table.ts";

export interface BarsRow {
  readonly name: string;
  /** Rows of a group stand together under its name. */
  readonly group?: string;
  /** In small print after the name: "52 examples". */
  readonly note?: string;
  readonly value: number;
  /** What the value is the sum of, both ways; bars are drawn of these, and the value is a mark. */
  readonly parts?: { readonly negative: number; readonly positive: number };
}

export interface Bars extends FigureText {
  readonly x: AxisOptions;
  readonly rows: readonly BarsRow[];
  /** A line that all bars are held against. */
  readonly guide?: { readonly value: number; readonly label: string };
  /** What bars to the left, to the right and the mark are, where rows have parts. */
  readonly words?: { readonly negative: string; readonly positive: string; readonly net: string };
}

/** "–" for a value that is not there. */
const numberOf = (value: number, digits = 3): string => (Number.isNaN(value) ? "–" : formatNumber(value, { digits }));

const ROW = 24;
const COMPACT = 420;

function barsTable({ x, rows, words = { negative: "negative", positive: "positive", net: "net" } }: Bars): Table {
  const print = (value: number) => amount(value, numberOf(value, 4));
  const hasGroups = rows.some(({ group }) => group !== undefined);
  const hasNotes = rows.some(({ note }) => note !== undefined);
  const hasParts = rows.some(({ parts }) => parts !== undefined);
  const label = axisLabel(x);
  return {
    columns: [
      ...(hasGroups ? ["group"] : []),
      "row",
      ...(hasNotes ? ["note"] : []),
      ...(hasParts ? [`${words.negative} (${label})`, `${words.positive} (${label})`] : []),
      hasParts ? `${words.net} (${label})` : label,
    ],
    rows: rows.map(({ name, group, note, value, parts }) => [
      ...(hasGroups ? [group ?? ""] : []),
      name,
      ...(hasNotes ? [note ?? ""] : []),
      ...(hasParts ? [parts ? print(parts.negative) : "", parts ? print(parts.positive) : ""] : []),
      print(value),
    ]),
  };
}

/**
 * Horizontal bars that begin at zero. A value that is not finite has no bar, its number is written. RangeError for a logarithmic axis,
 * which has no zero.
 */
export function bars(data: Bars): Figure {
  if (data.x.scale === "log") throw new RangeError("bars: scale of the axis must have a zero, got log");
  return figureFrom(data, barsTable(data), (width) => drawn(data, width));
}

function drawn(data: Bars, width: number): Drawing {
  const { rows, x, guide, words } = data;
  const isCompact = width < COMPACT;
  const wide = ({ name, note }: BarsRow): number =>
    widthOf(name, FONT_SIZE) + (note === undefined ? 0 : widthOf(note, SMALL_FONT) + 8);
  const names =
    Math.min(
      0.4 * width,
      rows.reduce((max, row) => Math.max(max, wide(row)), 0),
    ) + 10;
  const numbers = rows.reduce((max, { value }) => Math.max(max, widthOf(numberOf(value), SMALL_FONT)), 24) + 10;
  const range: [number, number] = [isCompact ? 12 : names, width - numbers];
  const ends = rows.flatMap(({ value, parts }) => [value, parts?.negative ?? 0, parts?.positive ?? 0]);
  const extent = extentOf([[0, ...ends, ...(guide ? [guide.value] : [])]]);
  const wanted = Math.max(2, Math.floor((range[1] - range[0]) / 80));
  const scale = scaleOf(extent, x, { range, wanted });
  const hasParts = rows.some(({ parts }) => parts !== undefined);
  const key = keyRows(hasParts && words ? partsKey(words) : [], width);
  const guideRoom = guide ? 16 : 0;
  const first = key.height + guideRoom + 2;
  const marks: string[] = [];
  // Where lines may be drawn: not through names that stand above their bars.
  const clear: [number, number][] = [];
  let y = first;
  let group: string | undefined;
  for (const row of inGroups(rows)) {
    if (row.group !== undefined && row.group !== group) {
      marks.push(textAt(0, y + 15, fitted(row.group, width, FONT_SIZE), { "font-weight": 600 }));
      y += 22;
    }
    group = row.group;
    marks.push(...nameOf(row, { y: isCompact ? y + 12 : y + 16, room: isCompact ? width - numbers : names - 8 }));
    if (isCompact) y += 14;
    clear.push([isCompact ? y + 3 : y - 3, y + ROW - (isCompact ? 3 : 0)]);
    marks.push(barOf(row, { y, scale, width }));
    y += ROW;
  }
  const small = { ...filled("muted"), "font-size": SMALL_FONT };
  const label = axisLabel(x);
  const half = widthOf(label, SMALL_FONT) / 2;
  const spans = isCompact ? clear : [[first, y] as const];
  const upright = (px: number): string => spans.map(([a, b]) => `M${px.toFixed(1)},${a}V${b}`).join("");
  const grid = scale.ticks.map(({ value }) => upright(scale.at(value))).join("");
  return {
    height: y + 38,
    marks: [
      ...key.marks,
      element("path", { d: grid, ...stroked("grid") }),
      ...marks,
      element("path", { d: upright(scale.at(0)), ...stroked("axis") }),
      ...(guide && scale.has(guide.value)
        ? guideOf(guide.label, { px: scale.at(guide.value), d: upright(scale.at(guide.value)), top: first, width })
        : []),
      element(
        "g",
        { ...small, "text-anchor": "middle" },
        ...scale.ticks.map(({ value, text }) => textAt(scale.at(value), y + 15, text)),
        textAt(Math.max(half, Math.min((range[0] + range[1]) / 2, width - half)), y + 31, label),
      ),
    ],
  };
}

/** Rows with those of one group together, groups in the order in which they come. */
function inGroups(rows: readonly BarsRow[]): BarsRow[] {
  return [...new Set(rows.map(({ group }) => group))].flatMap((group) => rows.filter((row) => row.group === group));
}

function partsKey({ negative, positive, net }: NonNullable<Bars["words"]>): { name: string; swatch: string }[] {
  const box = (colour: Colour): string => element("rect", { x: 4, y: -5, width: 18, height: 10, ...filled(colour) });
  return [
    { name: `◀ ${negative}`, swatch: box("away") },
    { name: `▶ ${positive}`, swatch: box("toward") },
    { name: net, swatch: netMark(13, 0) },
  ];
}

function netMark(px: number, py: number): string {
  return element("path", {
    d: shapePath(3, px, py, 4.6),
    ...filled("text"),
    stroke: lightColours.ground,
    "stroke-width": 1.4,
    class: "pk-text pk-ground-line",
  });
}

function nameOf({ name, note }: BarsRow, { y, room }: { y: number; room: number }): string[] {
  const text = fitted(name, room, FONT_SIZE);
  const left = widthOf(text, FONT_SIZE) + 8;
  const rest = room - left;
  const more =
    note !== undefined && rest > 24
      ? [textAt(left, y, fitted(note, rest, SMALL_FONT), { ...filled("muted"), "font-size": SMALL_FONT })]
      : [];
  return [textAt(0, y, text), ...more];
}

function barOf(
  { name, value, parts }: BarsRow,
  { y, scale, width }: { y: number; scale: ReturnType<typeof scaleOf>; width: number },
): string {
  const zero = scale.at(0);
  const bar = (to: number, colour: Colour): string => {
    if (!Number.isFinite(to)) return "";
    const [a, b] = [zero, scale.at(to)].sort((p, q) => p - q);
    return element("rect", { x: a, y: y + 5, width: Math.max(1, b - a), height: 14, ...filled(colour) });
  };
  const drawnBars = parts
    ? [
        bar(parts.negative, "away"),
        bar(parts.positive, "toward"),
        ...(scale.has(value) ? [netMark(scale.at(value), y + 12)] : []),
      ]
    : [bar(value, value < 0 ? "away" : "toward")];
  const number = numberOf(value);
  return element(
    "g",
    {},
    element("title", {}, escapeText(`${name}: ${number}`)),
    ...drawnBars,
    textAt(width, y + 16, number, {
      ...filled("muted"),
      "font-size": SMALL_FONT,
      "text-anchor": "end",
      class: "pk-number",
    }),
  );
}

function guideOf(
  label: string,
  { px, d, top, width }: { px: number; d: string; top: number; width: number },
): string[] {
  const half = widthOf(label, SMALL_FONT) / 2;
  const words = { ...filled("muted"), "font-size": SMALL_FONT, "text-anchor": "middle" };
  return [
    element("path", { d, ...stroked("text", 1.3), "stroke-dasharray": "5 3" }),
    textAt(Math.max(half, Math.min(px, width - half)), top - 6, label, words),
  ];
}

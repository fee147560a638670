// Rows of signed bars on one axis, each with a name and a note at its left and its number at its right.

import { AXIS_HEIGHT, type BarAxis, barAxis } from "./bar-axis.ts";
import { type Drawing, FONT_SIZE, SMALL_FONT } from "./frame.ts";
import { LEGEND_HEIGHT, signLegend } from "./legend.ts";
import { type Colour, filled, stroked } from "./palette.ts";
import type { ReadoutWords } from "./readout-words.ts";
import { element, escapeText, fitted, moved, textAt, widthOf } from "./svg.ts";

export interface BarRow {
  readonly name: string;
  /** In small print under the name. */
  readonly note: string;
  /** Where the bar begins and ends, in units of the axis. */
  readonly from: number;
  readonly to: number;
  readonly colour: Colour;
  /** The number as it is printed, with its sign. */
  readonly text: string;
  /** Everything about the row in words, shown on hover. */
  readonly hover: string;
  /** Draw a rule above: this row is a total. */
  readonly total?: boolean;
}

export interface BarRowsOptions {
  readonly width: number;
  /** Of the axis, with the unit. */
  readonly label: string;
  readonly words: ReadoutWords;
  /** Join the end of each bar with the beginning of the next. */
  readonly joined?: boolean;
}

const ROW_HEIGHT = 34;
const BAR_HEIGHT = 16;
const NAME_SHARE = 0.3;
const GAP = 8;

/** Draws the rows: names | bars | numbers. */
export function barRows(rows: readonly BarRow[], { width, label, words, joined = false }: BarRowsOptions): Drawing {
  const names = Math.min(190, NAME_SHARE * width);
  const numbers = Math.max(...rows.map((row) => widthOf(row.text, FONT_SIZE)), 30) + GAP;
  const range: [number, number] = [names + GAP, width - numbers - GAP];
  const axis = barAxis(
    rows.flatMap((row) => [row.from, row.to]),
    range,
    label,
  );
  const height = rows.length * ROW_HEIGHT;
  const placed = rows.map((row, k) =>
    moved(0, k * ROW_HEIGHT, ...rowMarks(row, { axis, names, width, next: joined ? rows[k + 1] : undefined })),
  );
  return {
    height: LEGEND_HEIGHT + height + AXIS_HEIGHT,
    marks: [
      ...signLegend(words, range),
      moved(0, LEGEND_HEIGHT, ...axis.grid(height), ...placed, ...axis.labels(height)),
    ],
  };
}

interface Place {
  readonly axis: BarAxis;
  /** Pixels for the names. */
  readonly names: number;
  readonly width: number;
  /** The row that begins where this one ends. */
  readonly next: BarRow | undefined;
}

function rowMarks(row: BarRow, { axis, names, width, next }: Place): string[] {
  const [a, b] = [axis.at(row.from), axis.at(row.to)].sort((x, y) => x - y);
  const middle = ROW_HEIGHT / 2;
  // A bar too short to see still shows where it stands.
  const bar = { x: a, y: middle - BAR_HEIGHT / 2, width: Math.max(1, b - a), height: BAR_HEIGHT };
  const end = axis.at(row.to);
  const marks = [
    element("title", {}, escapeText(row.hover)),
    textAt(0, middle - 2, fitted(row.name, names, FONT_SIZE), { "font-weight": 600 }),
    textAt(0, middle + 12, fitted(row.note, names, SMALL_FONT), { ...filled("muted"), "font-size": SMALL_FONT }),
    element("rect", { ...bar, ...filled(row.colour) }),
    textAt(width, middle + 4, row.text, { "text-anchor": "end", class: "pk-number" }),
  ];
  if (row.total) marks.unshift(element("line", { x1: 0, x2: width, y1: 0, y2: 0, ...stroked("axis") }));
  if (next) {
    const [y1, y2] = [middle + BAR_HEIGHT / 2, ROW_HEIGHT + middle - BAR_HEIGHT / 2];
    marks.push(element("line", { x1: end, x2: end, y1, y2, ...stroked("axis") }));
  }
  return [element("g", {}, ...marks)];
}

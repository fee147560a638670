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

/** Below this width name and number stand above the bar, which then has all the width. */
const COMPACT = 420;
const GAP = 8;

interface RowLayout {
  readonly rowHeight: number;
  /** Pixels for the names, from the left edge. */
  readonly names: number;
  /** Where bars may be. */
  readonly range: readonly [number, number];
  /** Top and height of a bar in its row. */
  readonly bar: readonly [number, number];
  readonly compact: boolean;
}

function layoutOf(rows: readonly BarRow[], width: number): RowLayout {
  const numbers = Math.max(...rows.map((row) => widthOf(row.text, FONT_SIZE)), 30) + GAP;
  // Twelve pixels at either end keep half a tick label inside the figure.
  if (width < COMPACT) {
    return { rowHeight: 40, names: width - numbers - GAP, range: [12, width - 12], bar: [18, 14], compact: true };
  }
  const names = Math.min(190, 0.3 * width);
  return { rowHeight: 34, names, range: [names + GAP, width - numbers - GAP], bar: [9, 16], compact: false };
}

/** Draws the rows: names | bars | numbers, or on narrow figures names and numbers above their bars. */
export function barRows(rows: readonly BarRow[], { width, label, words, joined = false }: BarRowsOptions): Drawing {
  const layout = layoutOf(rows, width);
  const ends = rows.flatMap((row) => [row.from, row.to]);
  const axis = barAxis(ends, layout.range, label);
  const height = rows.length * layout.rowHeight;
  // Joints would run through the names of compact rows.
  const isJoined = joined && !layout.compact;
  const placed = rows.map((row, k) => {
    // Grid lines run through the bars only where there are words above these.
    const grid = layout.compact ? axis.grid(layout.bar[0] - 1, layout.rowHeight - 4) : [];
    const marks = [...grid, ...barMarks(row, axis, layout), ...textMarks(row, width, layout)];
    if (isJoined && k + 1 < rows.length) marks.push(joint(axis.at(row.to), layout));
    if (row.total) marks.unshift(element("line", { x1: 0, x2: width, y1: 0, y2: 0, ...stroked("axis") }));
    return moved(0, k * layout.rowHeight, element("title", {}, escapeText(row.hover)), ...marks);
  });
  return {
    height: LEGEND_HEIGHT + height + AXIS_HEIGHT,
    marks: [
      ...signLegend(words, layout.range),
      moved(0, LEGEND_HEIGHT, ...(layout.compact ? [] : axis.grid(0, height)), ...placed, ...axis.labels(height)),
    ],
  };
}

function barMarks(row: BarRow, axis: BarAxis, { bar: [y, height] }: RowLayout): string[] {
  const [a, b] = [axis.at(row.from), axis.at(row.to)].sort((x, y) => x - y);
  // A bar too short to see still shows where it stands.
  return [element("rect", { x: a, y, width: Math.max(1, b - a), height, ...filled(row.colour) })];
}

function textMarks({ name, note, text }: BarRow, width: number, { names, compact }: RowLayout): string[] {
  const small = { ...filled("muted"), "font-size": SMALL_FONT };
  const number = (y: number): string => textAt(width, y, text, { "text-anchor": "end", class: "pk-number" });
  if (!compact) {
    const [first, second] = [fitted(name, names, FONT_SIZE), fitted(note, names, SMALL_FONT)];
    return [textAt(0, 15, first, { "font-weight": 600 }), textAt(0, 29, second, small), number(21)];
  }
  const first = element("tspan", { "font-weight": 600 }, escapeText(fitted(name, 0.55 * names, FONT_SIZE)));
  const second = element("tspan", { dx: 6, ...small }, escapeText(fitted(note, 0.45 * names, SMALL_FONT)));
  return [element("text", { x: 0, y: 13 }, first, second), number(13)];
}

/** The thin line from the end of a bar to the beginning of the next. */
function joint(x: number, { rowHeight, bar: [top, height] }: RowLayout): string {
  return element("line", { x1: x, x2: x, y1: top + height, y2: rowHeight + top, ...stroked("axis") });
}

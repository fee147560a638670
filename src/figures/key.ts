// The key of a figure: names with a piece of what stands for each, in as many rows as they need.

import { SMALL_FONT } from "./frame.ts";
import { filled } from "./palette.ts";
import { element, escapeText, fitted, textAt, widthOf } from "./svg.ts";

export interface KeyEntry {
  readonly name: string;
  /** Drawn in a box of (26, 12) from (0, -6). */
  readonly swatch: string;
}

export const SWATCH = 26;
const ROW = 17;
const GAP = 14;

/** One entry at the left end of a line that is centred on height y. */
export function keyEntry({ name, swatch }: KeyEntry, x: number, y: number, width: number): string {
  const text = fitted(name, width - SWATCH - 6, SMALL_FONT);
  const place = { transform: `translate(${Math.round(x * 10) / 10},${Math.round(y * 10) / 10})` };
  return element(
    "g",
    place,
    ...(text === name ? [] : [element("title", {}, escapeText(name))]),
    swatch,
    textAt(SWATCH + 6, 4, text, { ...filled("muted"), "font-size": SMALL_FONT }),
  );
}

/** Pixels that one entry takes. */
export function keyWidth({ name }: KeyEntry): number {
  return SWATCH + 6 + widthOf(name, SMALL_FONT);
}

/** All entries from the left, row by row; no height where there are none. */
export function keyRows(entries: readonly KeyEntry[], width: number): { height: number; marks: string[] } {
  if (entries.length === 0) return { height: 0, marks: [] };
  let [x, y] = [0, 7];
  const marks = entries.map((entry) => {
    const room = Math.min(width, keyWidth(entry));
    if (x > 0 && x + room > width) [x, y] = [0, y + ROW];
    const mark = keyEntry(entry, x, y, room);
    x += room + GAP;
    return mark;
  });
  return { height: y + ROW - 7 + 6, marks: [element("g", { class: "pk-key" }, ...marks)] };
}

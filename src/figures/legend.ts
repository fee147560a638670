// The line above signed bars that says what each direction means, by place, sign and colour.

import { SMALL_FONT } from "./frame.ts";
import { filled, signGlyph } from "./palette.ts";
import type { ReadoutWords } from "./readout-words.ts";
import { element, escapeText, fitted, textAt, widthOf } from "./svg.ts";

/** Pixels that the legend takes. */
export const LEGEND_HEIGHT = 22;

/** "▼ toward 3" at the left end, "▲ toward 8" at the right end of the bars. */
export function signLegend(words: ReadoutWords, [left, right]: readonly [number, number]): string[] {
  const [down, up] = [`${signGlyph(-1)} ${words.down}`, `${signGlyph(1)} ${words.up}`];
  const [total, half] = [right - left - 16, (right - left - 16) / 2];
  // A long text may take what a short one opposite leaves.
  const roomBeside = (other: string): number => Math.max(half, total - widthOf(other, SMALL_FONT));
  const side = (text: string, room: number, at: "start" | "end"): string => {
    const colour = filled(at === "end" ? "toward" : "away");
    const attributes = { "font-weight": 600, "font-size": SMALL_FONT, "text-anchor": at, ...colour };
    const label = textAt(at === "end" ? right : left, 12, fitted(text, room, SMALL_FONT), attributes);
    return element("g", {}, element("title", {}, escapeText(text)), label);
  };
  return [side(down, roomBeside(up), "start"), side(up, roomBeside(down), "end")];
}

// The line above signed bars that says what each direction means, by place, sign and colour.

import { SMALL_FONT } from "./frame.ts";
import { filled, signGlyph } from "./palette.ts";
import type { ReadoutWords } from "./readout-words.ts";
import { element, escapeText, fitted, textAt } from "./svg.ts";

/** Pixels that the legend takes. */
export const LEGEND_HEIGHT = 22;

/** "▼ toward 3" at the left end, "▲ toward 8" at the right end of the bars. */
export function signLegend(words: ReadoutWords, [left, right]: readonly [number, number]): string[] {
  const room = (right - left) / 2 - 8;
  const side = (sign: 1 | -1, text: string): string => {
    const attributes = { "font-weight": 600, "font-size": SMALL_FONT, "text-anchor": sign > 0 ? "end" : "start" };
    const label = fitted(`${signGlyph(sign)} ${text}`, room, SMALL_FONT);
    const marks = textAt(sign > 0 ? right : left, 12, label, {
      ...attributes,
      ...filled(sign > 0 ? "toward" : "away"),
    });
    return element("g", {}, element("title", {}, escapeText(text)), marks);
  };
  return [side(-1, words.down), side(1, words.up)];
}

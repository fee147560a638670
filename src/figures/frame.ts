// Puts a title, a caption and a description around what a figure draws, as one standalone SVG file or as the picture alone.

import { filled } from "./palette.ts";
import { element, escapeText, textAt, wrapped } from "./svg.ts";

export interface FigureOptions {
  /** Pixels; from 280. Default 480. */
  readonly width?: number;
  /** Write title and caption into the picture; a page that has them beside it says false. Default true. */
  readonly captioned?: boolean;
}

/** A figure's words. */
export interface FigureText {
  readonly title: string;
  /** What the figure shows in one or two sentences, with its numbers; also its description for screen readers. */
  readonly caption: string;
}

/** What is drawn at some width. */
export interface Drawing {
  readonly height: number;
  /** Markup in a box of (width, height) from (0, 0). */
  readonly marks: readonly string[];
}

export const FONT_SIZE = 12;
/** Below this nothing is written. */
export const SMALL_FONT = 11;
const TITLE_SIZE = 15;
const DEFAULT_WIDTH = 480;
const MIN_WIDTH = 280;

/** Lines of text from a top edge, and the height they take. */
function lines(text: readonly string[], fontSize: number, top: number): { marks: string[]; height: number } {
  const lineHeight = 1.35 * fontSize;
  const marks = text.map((line, k) => textAt(0, top + fontSize + k * lineHeight, line));
  return { marks, height: text.length * lineHeight };
}

/** The SVG of a figure: `draw` is called with the width there is. RangeError for a width below 280. */
export function frame(text: FigureText, options: FigureOptions, draw: (width: number) => Drawing): string {
  const { width = DEFAULT_WIDTH, captioned = true } = options;
  if (!(width >= MIN_WIDTH)) throw new RangeError(`figure: width must be at least ${MIN_WIDTH}, got ${width}`);
  const { height, marks } = draw(width);
  const title = lines(captioned ? wrapped(text.title, width, TITLE_SIZE) : [], TITLE_SIZE, 0);
  const top = captioned ? title.height + 10 : 0;
  const caption = lines(captioned ? wrapped(text.caption, width, FONT_SIZE) : [], FONT_SIZE, top + height + 10);
  const total = Math.ceil(top + height + (captioned ? caption.height + 16 : 0));
  const margin = captioned ? 12 : 0;
  const box = [-margin, -margin, width + 2 * margin, total + 2 * margin];
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      role: "img",
      viewBox: box.join(" "),
      width: box[2],
      height: box[3],
      "font-family": "system-ui, sans-serif",
      "font-size": FONT_SIZE,
      // On a page the text has the page's colour; alone it brings its own, and a ground that it can be read on.
      ...(captioned ? filled("text") : { fill: "currentColor" }),
      class: captioned ? "pk-figure pk-text" : "pk-figure",
    },
    element("title", {}, escapeText(text.title)),
    element("desc", {}, escapeText(text.caption)),
    ...(captioned
      ? [element("rect", { x: box[0], y: box[1], width: box[2], height: box[3], ...filled("ground") })]
      : []),
    ...(captioned ? [element("g", { "font-size": TITLE_SIZE, "font-weight": 600 }, ...title.marks)] : []),
    element("g", { transform: `translate(0,${Math.round(top)})` }, ...marks),
    ...(captioned ? [element("g", filled("muted"), ...caption.marks)] : []),
  );
}

// A figure as a value: its words, its numbers as a table, and how it is drawn at a width.

import { type Drawing, type FigureOptions, type FigureText, frame } from "./frame.ts";
import type { Table } from "./table.ts";

/** What every figure function returns. */
export interface Figure extends FigureText {
  /** The numbers drawn. */
  readonly table: Table;
  /** The marks alone at a width in pixels, for figures that are made of figures. */
  readonly draw: (width: number) => Drawing;
  /** The SVG file. RangeError for a width below 280. */
  readonly svg: (options?: FigureOptions) => string;
}

/** A figure of its words, its table and its marks. */
export function figureFrom({ title, caption }: FigureText, table: Table, draw: (width: number) => Drawing): Figure {
  const text = { title, caption };
  return { ...text, table, draw, svg: (options = {}) => frame(text, options, draw) };
}

// `--figure FILE`: a figure as .svg or .png, and its numbers as a table beside it, FILE.svg.csv or FILE.png.csv.

import { z } from "zod";
import type { Figure } from "../figures/figure.ts";
import { loadPngRenderer, renderPng } from "../figures/png.node.ts";
import { tableCsv } from "../figures/table.ts";
import { replaceFiles } from "../numeric/files.node.ts";
import type { Output } from "./output.ts";
import { requireWritable } from "./output-path.ts";

/** Of a file: with margins 800 pixels. */
const WIDTH = 776;

const isPng = (path: string): boolean => path.toLowerCase().endsWith(".png");

/** The file of `--figure`: its ending says what is written. */
export function figureFlag() {
  return z.string().transform((text, context): string => {
    if (/[^/\\]\.(svg|png)$/i.test(text)) return text;
    context.addIssue({ code: "custom", message: `must be a file that ends in .svg or .png, got "${text}"` });
    return z.NEVER;
  });
}

/** What explains the flag, for `--help`. */
export const FIGURE_HELP =
  "draw the result into FILE.svg or FILE.png, and write its numbers beside it, as in FILE.svg.csv";

/** The table's file. Its name holds the figure's whole name, so that it replaces no data that are called alike. */
const tablePath = (path: string): string => `${path}.csv`;

/** Before long work: throws what would keep `writeFigure` from writing, a missing renderer of PNG too. */
export async function requireFigure(path: string): Promise<void> {
  requireWritable(path);
  requireWritable(tablePath(path));
  if (isPng(path)) await loadPngRenderer();
}

/**
 * Writes the figure, 800 pixels wide (1600 in a PNG), and its numbers beside it, both whole or not at all, and says so on stderr.
 * Files of that name are replaced, as every output is.
 */
export async function writeFigure(output: Pick<Output, "note">, path: string, figure: Figure): Promise<void> {
  const svg = figure.svg({ width: WIDTH });
  const content = isPng(path) ? await renderPng(svg) : `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
  replaceFiles([
    { path, content },
    { path: tablePath(path), content: tableCsv(figure.table) },
  ]);
  output.note(`figure written to ${path}, its numbers to ${tablePath(path)}`);
}

// The table of docs/theory.md as text: from rows and their measured numbers, and back the numbers that stand in the page.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { markdownTable } from "../../bench/report.ts";
import type { TheoryRow } from "./row.ts";

export const PAGE = fileURLToPath(new URL("../../docs/theory.md", import.meta.url));
const BEGIN = "<!-- the table of npm run theory -->";
const END = "<!-- the end of the table -->";
const HEAD = ["row", "statement", "by", "shown in", "measured", "holds"];

/** Where nothing is measured, and where something is to be but has not been. */
const [NOTHING, NOT_YET] = ["no number of its own here", "not measured yet"];

const cell = (text: string): string => text.replace(/\|/g, "\\|").replace(/\s+/g, " ");

/** The cells of one line of a table, its escapes undone. */
const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((text) => text.trim().replace(/\\\|/g, "|"));

function parts(page: string): { before: string; table: string; after: string } {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new RangeError(`theory: docs/theory.md must have the lines ${BEGIN} and ${END}`);
  const start = from + BEGIN.length;
  return { before: page.slice(0, start), table: page.slice(start, to), after: page.slice(to) };
}

/** The measured number of each row of the page, and the line of the machine that measured them. */
export function measuredIn(page: string): { machine: string; texts: ReadonlyMap<string, string> } {
  const lines = parts(page).table.trim().split("\n");
  const texts = new Map<string, string>();
  for (const line of lines.filter((text) => /^\| \d{3}-\d{2} \|/.test(text))) {
    const [id, , , , text] = cellsOf(line);
    if (id !== undefined && text !== undefined && text !== NOTHING) texts.set(id, text);
  }
  return { machine: lines[0] ?? "", texts };
}

/** The table; a row that has a measure and no text in `texts` is "not measured yet". */
export function tableOf(rows: readonly TheoryRow[], texts: ReadonlyMap<string, string>): string {
  return markdownTable({
    head: HEAD,
    rows: rows.map(({ id, statement, by, test, holds, measure, published }) => {
      const number = measure ? (texts.get(id) ?? NOT_YET) : (published ?? NOTHING);
      return [id, statement, by, test, number, holds ?? (measure ? "as it stands" : "not judged here")].map(cell);
    }),
  });
}

/** The page with another table in place of its own. */
export function withTable(page: string, machine: string, table: string): string {
  const { before, after } = parts(page);
  return `${before}\n\n${machine}\n\n${table}\n\n${after}`;
}

/** The page with its rows as files, experiments and published results have them, and the measured numbers that it has. */
export function refreshed(page: string, rows: readonly TheoryRow[]): string {
  const { machine, texts } = measuredIn(page);
  return withTable(page, machine, tableOf(rows, texts));
}

export const readPage = (): string => readFileSync(PAGE, "utf8");
export const writePage = (page: string): void => writeFileSync(PAGE, page);

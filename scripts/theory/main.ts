// `npm run theory -- [--quick] [--write] [ID...]`: measures every row of the table of docs/theory.md.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machineLine, markdownTable } from "../../bench/report.ts";
import type { TheoryRow } from "./row.ts";
import { theoryRows } from "./rows.ts";

const PAGE = fileURLToPath(new URL("../../docs/theory.md", import.meta.url));
const BEGIN = "<!-- the table of npm run theory -->";
const END = "<!-- the end of the table -->";

interface Measured {
  readonly row: TheoryRow;
  /** What went wrong where it failed. */
  readonly text: string;
  readonly failed: boolean;
}

async function measured(row: TheoryRow): Promise<Measured> {
  if (!row.measure) return { row, text: "no number of its own here", failed: false };
  const start = performance.now();
  try {
    const text = await row.measure();
    console.error(`${row.id} ${((performance.now() - start) / 1000).toFixed(1)} s: ${text}`);
    return { row, text, failed: false };
  } catch (error) {
    console.error(`${row.id} FAILED: ${(error as Error).stack}`);
    return { row, text: `FAILED: ${(error as Error).message}`, failed: true };
  }
}

const cell = (text: string): string => text.replace(/\|/g, "\\|").replace(/\s+/g, " ");

function tableOf(all: readonly Measured[]): string {
  const rows = all.map(({ row, text }) =>
    [
      row.id,
      row.statement,
      row.by,
      row.test,
      text,
      row.holds ?? (row.measure ? "as it stands" : "not judged here"),
    ].map(cell),
  );
  return markdownTable({ head: ["row", "statement", "by", "shown in", "measured", "holds"], rows });
}

function write(table: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new RangeError(`theory: docs/theory.md must have the lines ${BEGIN} and ${END}`);
  writeFileSync(PAGE, `${page.slice(0, from + BEGIN.length)}\n\n${machineLine()}\n\n${table}\n\n${page.slice(to)}`);
}

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
  allowPositionals: true,
});
const rows = await theoryRows();
const wanted = rows.filter(
  ({ id, quick }) => (!values.quick || quick) && (positionals.length === 0 || positionals.includes(id)),
);
if (values.write && wanted.length < rows.length)
  throw new RangeError("theory: --write must come with all rows, got a part of them");
const all: Measured[] = [];
for (const row of wanted) all.push(await measured(row));
const table = tableOf(all);
console.log(table);
if (values.write) write(table);
if (all.some(({ failed }) => failed)) process.exitCode = 1;

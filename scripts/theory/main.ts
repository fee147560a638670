// `npm run theory -- [--quick | --published] [--write] [ID...]`: measures rows of the table of docs/theory.md; with --published none.

import { parseArgs } from "node:util";
import { machineLine } from "../../bench/report.ts";
import { measuredIn, readPage, tableOf, withTable, writePage } from "./page.ts";
import type { TheoryRow } from "./row.ts";
import { theoryRows } from "./rows.ts";

/** The number of one row; what went wrong where it failed. */
async function measured({ id, measure }: TheoryRow): Promise<string> {
  const start = performance.now();
  try {
    const text = (await measure?.()) ?? "";
    console.error(`${id} ${((performance.now() - start) / 1000).toFixed(1)} s: ${text}`);
    return text;
  } catch (error) {
    console.error(`${id} FAILED: ${(error as Error).stack}`);
    process.exitCode = 1;
    return `FAILED: ${(error as Error).message}`;
  }
}

const { values, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    published: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const rows = await theoryRows();
const asked = ({ id, quick }: TheoryRow): boolean =>
  !values.published && (!values.quick || quick === true) && (positionals.length === 0 || positionals.includes(id));
const wanted = rows.filter((row) => row.measure && asked(row));

// What is not measured now stays as the page has it.
const page = readPage();
const known = measuredIn(page);
const texts = new Map(known.texts);
for (const row of wanted) texts.set(row.id, await measured(row));
console.log(tableOf(values.published ? rows : rows.filter(asked), texts));
const whole = wanted.length === rows.filter(({ measure }) => measure).length;
if (values.write) writePage(withTable(page, whole ? machineLine() : known.machine, tableOf(rows, texts)));

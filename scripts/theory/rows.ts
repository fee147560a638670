// All rows of the table of docs/theory.md: those of every file beside this one that has some, as one row for each id.

import { readdirSync } from "node:fs";
import type { TheoryRow } from "./row.ts";

const range = (source: string, last: number): string[] =>
  Array.from({ length: last }, (_, k) => `${source}-${String(k + 1).padStart(2, "0")}`);

/** Every row that the table must have, in its order. */
export const ids: readonly string[] = [
  ...range("000", 14),
  ...range("001", 35),
  ...range("002", 12),
  ...range("003", 6),
  ...range("004", 19),
];

/** The file whose rows stand in until another file has a row of that id. */
const STAND_IN = "elsewhere.ts";
/** What is not a file of rows. */
const MACHINERY = new Set(["main.ts", "row.ts", "rows.ts"]);

async function rowsOf(file: string): Promise<readonly TheoryRow[]> {
  const { rows } = (await import(new URL(file, import.meta.url).href)) as { rows?: readonly TheoryRow[] };
  return rows ?? [];
}

const joined = (...texts: readonly (string | undefined)[]): string =>
  [...new Set(texts.filter((text) => text !== undefined))].join("; ");

/** A row that two files have a part of, as one. */
function together(a: TheoryRow, b: TheoryRow): TheoryRow {
  const holds = joined(a.holds, b.holds);
  const measures = [a, b].flatMap(({ measure }) => (measure ? [measure] : []));
  return {
    id: a.id,
    statement: joined(a.statement, b.statement),
    by: joined(a.by, b.by),
    test: joined(a.test, b.test),
    ...(holds !== "" && { holds }),
    ...(measures.length > 0 && {
      measure: async () => {
        const texts: string[] = [];
        for (const measure of measures) texts.push(await measure());
        return texts.join("; ");
      },
    }),
    quick: [a, b].every(({ measure, quick }) => !measure || quick === true),
  };
}

/** The rows in the order of the table. RangeError for an id that is unknown or missing. */
export async function theoryRows(): Promise<readonly TheoryRow[]> {
  const files = readdirSync(new URL(".", import.meta.url)).filter((name) => name.endsWith(".ts"));
  const found = new Map<string, TheoryRow>();
  for (const file of files.filter((name) => name !== STAND_IN && !MACHINERY.has(name)).sort())
    for (const row of await rowsOf(file)) {
      if (!ids.includes(row.id)) throw new RangeError(`theory: ${file} must have rows of the sources, got ${row.id}`);
      const known = found.get(row.id);
      found.set(row.id, known ? together(known, row) : row);
    }
  for (const row of await rowsOf(STAND_IN)) if (!found.has(row.id)) found.set(row.id, row);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) throw new RangeError(`theory: every row must be there, ${missing.join(", ")} are not`);
  return ids.map((id) => found.get(id) as TheoryRow);
}

// All rows of the table of docs/theory.md: those of every file beside this one that has some and those of experiments, as one row for each id.

import { readdirSync } from "node:fs";
import type { TheoryRow } from "./row.ts";

/** The file whose rows stand in until another file or an experiment has a row of that id. */
const STAND_IN = "elsewhere.ts";
/** The file of the experiments' rows, whose words give way to those of a file that measures the same. */
const EXPERIMENTS = "laboratory.ts";
/** What is not a file of rows. */
const MACHINERY = new Set(["main.ts", "page.ts", "row.ts", "rows.ts"]);

async function rowsOf(file: string): Promise<readonly TheoryRow[]> {
  const { rows } = (await import(new URL(file, import.meta.url).href)) as { rows?: readonly TheoryRow[] };
  return rows ?? [];
}

const joined = (...texts: readonly (string | undefined)[]): string =>
  [...new Set(texts.filter((text) => text !== undefined))].join("; ");

/** A row that two files have a part of, as one. */
function together(a: TheoryRow, b: TheoryRow): TheoryRow {
  const [holds, published] = [joined(a.holds, b.holds), joined(a.published, b.published)];
  const measures = [a, b].flatMap(({ measure }) => (measure ? [measure] : []));
  return {
    id: a.id,
    statement: joined(a.statement, b.statement),
    by: joined(a.by, b.by),
    test: joined(a.test, b.test),
    ...(holds !== "" && { holds }),
    ...(published !== "" && { published }),
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

/** A row of a file with the pages and the verdicts of the experiments about it; statement, names and measure stay the file's. */
const withExperiments = (own: TheoryRow, { test, holds }: TheoryRow): TheoryRow => ({
  ...own,
  test: joined(own.test, test),
  holds: joined(own.holds ?? (own.measure ? "as it stands" : undefined), holds),
});

function gathered(rows: readonly TheoryRow[]): ReadonlyMap<string, TheoryRow> {
  const found = new Map<string, TheoryRow>();
  for (const row of rows) {
    const known = found.get(row.id);
    found.set(row.id, known ? together(known, row) : row);
  }
  return found;
}

/** One row for each id that files, experiments or stand-ins have, in the order of the ids. */
export function combined(
  files: readonly TheoryRow[],
  experiments: readonly TheoryRow[],
  standIns: readonly TheoryRow[],
): readonly TheoryRow[] {
  const found = new Map(gathered(files));
  for (const [id, row] of gathered(experiments)) {
    const own = found.get(id);
    found.set(id, own ? withExperiments(own, row) : row);
  }
  for (const row of standIns) if (!found.has(row.id)) found.set(row.id, row);
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The rows in the order of the table. */
export async function theoryRows(): Promise<readonly TheoryRow[]> {
  const apart = new Set([STAND_IN, EXPERIMENTS, ...MACHINERY]);
  const names = readdirSync(new URL(".", import.meta.url)).filter((name) => name.endsWith(".ts") && !apart.has(name));
  const files: TheoryRow[] = [];
  for (const name of names.sort()) files.push(...(await rowsOf(name)));
  return combined(files, await rowsOf(EXPERIMENTS), await rowsOf(STAND_IN));
}

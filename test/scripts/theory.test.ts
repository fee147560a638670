// The table of docs/theory.md: every row of the sources is in it once, experiments are in it as published, and what takes a second at most is measured here.

import { describe, expect, it } from "vitest";
import { experimentRows } from "../../scripts/theory/laboratory.ts";
import { measuredIn, readPage, refreshed, tableOf } from "../../scripts/theory/page.ts";
import { combined, theoryRows } from "../../scripts/theory/rows.ts";
import { experiments } from "../../src/experiments/registry.ts";

const rows = await theoryRows();
const ids = new Set(rows.map(({ id }) => id));

const range = (source: string, first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, k) => `${source}-${String(first + k).padStart(2, "0")}`);

/** What the sources state, by source and number. */
const MISSION = [
  ...range("000", 1, 14),
  ...range("001", 1, 35),
  ...range("002", 1, 12),
  ...range("003", 1, 6),
  ...range("004", 1, 24),
  ...range("004", 30, 44),
];

describe("the table of the theory", () => {
  it("has every row of the sources", () => {
    expect(MISSION.filter((id) => !ids.has(id))).toEqual([]);
    expect(MISSION).toHaveLength(106);
  });

  it("has each row once, in order, and none is blank", () => {
    expect(rows.map(({ id }) => id)).toEqual([...ids].sort());
    for (const { id, statement, by, test } of rows)
      for (const text of [statement, by, test]) expect(text.trim(), id).not.toBe("");
  });

  it("has every row that an experiment names, with the experiment", () => {
    for (const { id, rows: named } of experiments)
      for (const row of named)
        expect(rows.find((own) => own.id === row)?.holds, `${row} of ${id}`).toContain(`${id}: `);
  });

  it("stands in docs/theory.md as files, experiments and published results have it (npm run theory -- --published --write)", () => {
    const page = readPage();
    expect(page).toBe(refreshed(page, rows));
  });

  it.each(rows.filter(({ quick, measure }) => quick && measure).map((row) => [row.id, row] as const))(
    "measures %s",
    async (_, { measure }) => {
      const text = await measure!();
      expect(text).toMatch(/\d/);
      expect(text).not.toMatch(/NaN|Infinity|undefined/);
    },
  );
});

describe("rows of experiments", () => {
  const facts = { id: "a/b", claim: "All is well.", rows: ["004-99"] };
  const published = { size: "full", seeds: 5, seconds: 1, machine: "" } as const;
  const result = { ...published, id: "a/b", verdict: "does not hold", number: "share: 0.2 (at least 0.5)" };

  it("have claim, page, verdict and number as published", () => {
    const [row] = combined([], experimentRows([facts], [result]), []);
    expect(tableOf([row!], new Map()).split("\n").at(-1)).toBe(
      "| 004-99 | All is well | pathkernel reproduce a/b | [a/b](laboratory/a/b.md) | share: 0.2 (at least 0.5) | a/b: does not hold |",
    );
  });

  it("say so where nothing was published or only at quick size", () => {
    const [row] = experimentRows([facts], []);
    expect(row).toMatchObject({ holds: "a/b: not run yet", test: "experiments/experiments.test.ts" });
    const [quick] = experimentRows([facts], [{ ...result, size: "quick" }]);
    expect(quick!.published).toBe("quick size, share: 0.2 (at least 0.5)");
  });

  it("add page and verdict to a row that a file measures, and replace one that stands in", () => {
    const own = { id: "004-99", statement: "s", by: "explain", test: "x.test.ts", measure: () => "1" };
    const others = experimentRows([facts, { ...facts, id: "c/d" }], [result]);
    expect(combined([own], others, [])).toEqual([
      {
        ...own,
        test: "x.test.ts; [a/b](laboratory/a/b.md); experiments/experiments.test.ts",
        holds: "as it stands; a/b: does not hold; c/d: not run yet",
      },
    ]);
    const [row] = combined([], others, [{ id: "004-99", statement: "planned", by: "none", test: "none" }]);
    expect(row!.statement).toBe("All is well");
  });

  it("keep the measured numbers of a page", () => {
    const own = { id: "004-99", statement: "s", by: "b", test: "t", measure: () => "2" };
    const page = `<!-- the table of npm run theory -->\n\nMachine, 2026.\n\n${tableOf([own], new Map([["004-99", "|x| 1"]]))}\n\n<!-- the end of the table -->\n`;
    expect(measuredIn(page)).toEqual({ machine: "Machine, 2026.", texts: new Map([["004-99", "|x| 1"]]) });
    expect(refreshed(page, [own])).toBe(page);
    expect(refreshed(page, [own, { ...own, id: "004-98" }])).toContain("| not measured yet |");
  });
});

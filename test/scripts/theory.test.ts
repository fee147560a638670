// The table of docs/theory.md: every row of the sources is in it once, and what takes a second at most is measured here.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ids, theoryRows } from "../../scripts/theory/rows.ts";
import { ROOT } from "../helpers/sources.ts";

const rows = await theoryRows();

describe("the table of the theory", () => {
  it("has every row once, in order, and none is blank", () => {
    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids).size).toBe(86);
    for (const { id, statement, by, test } of rows)
      for (const text of [statement, by, test]) expect(text.trim(), id).not.toBe("");
  });

  it("stands in docs/theory.md with as many rows", () => {
    const page = readFileSync(join(ROOT, "docs/theory.md"), "utf8");
    for (const id of ids) expect(page.split(`| ${id} |`), id).toHaveLength(2);
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

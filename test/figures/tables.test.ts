// The rows beside each figure: what is drawn, and that it adds up.

import { describe, expect, it } from "vitest";
import { cancellationMeter, cancellationRatio } from "../../src/figures/cancellation-meter.ts";
import { contributors } from "../../src/figures/contributors.ts";
import { ledger, ledgerEntries } from "../../src/figures/ledger.ts";
import { residualByStep, residualMarks } from "../../src/figures/residual-by-step.ts";
import type { Amount, Table } from "../../src/figures/table.ts";
import { tugOfWar } from "../../src/figures/tug-of-war.ts";
import { sum } from "../../src/numeric/sum.ts";
import { parts, pulls, sides, words } from "./cases/explained.ts";

const amounts = ({ rows }: Table, column: number): Amount[] => rows.map((row) => row[column] as Amount);
const printed = ({ text }: Amount): number => Number(text.replaceAll("\u2212", "-"));

/** Height of a figure's box. */
const heightOf = (svg: string): number => Number(/ height="([\d.]+)"/.exec(svg)?.[1]);

describe("ledger(data).table", () => {
  it("has the output as the sum of its other rows, exactly and as printed", () => {
    const cells = amounts(ledger(parts).table, 2);
    const [output, rest] = [cells[cells.length - 1], cells.slice(0, -1)];
    expect(output.value).toBe(parts.output);
    expect(sum(rest.map(({ value }) => value))).toBeCloseTo(parts.output, 14);
    // Three decimals each: half a unit of the last a row.
    expect(Math.abs(sum(rest.map(printed)) - printed(output))).toBeLessThanOrEqual(0.0005 * cells.length);
  });

  it("puts the weakest labels into one row, and none when all fit", () => {
    expect(ledgerEntries(parts, 2).map(({ name }) => name)).toEqual([
      "prior",
      "labelled 8",
      "labelled 3",
      "4 other labels",
      "decoupled decay",
      "residual",
      "closure",
      "= output",
    ]);
    expect(ledgerEntries(parts, 6).filter(({ kind }) => kind === "pull")).toHaveLength(pulls.length);
  });

  it("shows a residual with the decimals of the column where it can be seen there", () => {
    const [residual] = ledgerEntries({ ...parts, residual: 1.23456 }).filter(({ kind }) => kind === "residual");
    expect(residual.text).toBe("+1.235");
  });
});

describe("tugOfWar(data)", () => {
  it("lists every label with its count and pull, and says both sums in the caption", () => {
    const table = tugOfWar({ pulls, words }).table;
    expect(table.columns).toEqual(["label", "examples", "pull (logit margin)"]);
    expect(amounts(table, 1).map(({ value }) => value)).toEqual([52, 31, 0, 1, 29, 48]);
    expect(amounts(table, 2).map(({ value }) => value)).toEqual(pulls.map(({ pull }) => pull));
    expect(tugOfWar({ pulls, words }).caption).toBe(
      "2 labels pulled toward 8, +24.730 logit margin together. " +
        "3 labels pulled toward 3, \u221223.760 logit margin together. Net +0.970 logit margin.",
    );
  });

  it("keeps to twelve labels and a row for the others", () => {
    const many = Array.from({ length: 100 }, (_, k) => ({ ...pulls[0], label: `class ${k}`, pull: 50.5 - k }));
    const { rows } = tugOfWar({ pulls: many, words }).table;
    expect(rows).toHaveLength(13);
    expect(rows[12][0]).toBe("88 other labels");
    // 50.5 - 49.5 = 0 summed over k, plus nothing: the sum of 50.5 - k over k = 0..99 is 100.
    expect(sum(amounts({ columns: [], rows }, 2).map(({ value }) => value))).toBeCloseTo(100, 10);
    expect(heightOf(tugOfWar({ pulls: many, words }).svg())).toBeLessThan(700);
  });

  it("draws nothing but names where nothing pulled", () => {
    const still = [{ ...pulls[0], pull: 0, count: 0 }];
    expect(tugOfWar({ pulls: still, words }).svg()).not.toMatch(/NaN|Infinity/);
    expect(tugOfWar({ pulls: still, words }).caption).toContain("No label pulled toward 8.");
  });
});

describe("contributors(data)", () => {
  it("lists both sides, strongest first, with their direction and unit", () => {
    const table = contributors(sides).table;
    expect(table.columns[3]).toBe("contribution (logit margin)");
    expect(table.rows.map(([id, label, direction]) => [id, label, direction])).toEqual([
      ["train:12", "labelled 8", "toward 8"],
      ["train:3", "labelled <8>", "toward 8"],
      ["train:700", "labelled 3", "toward 3"],
    ]);
    expect(amounts(table, 3).map(({ text }) => text)).toEqual(["+1.50", "+0.750", "\u22120.00300"]);
  });

  it("says when a side is empty", () => {
    expect(contributors({ ...sides, opponents: [] }).caption).toContain("No example pulled toward 3.");
  });
});

describe("residualMarks(data)", () => {
  const data = { allowed: 1e-6, rule: "auto", unit: "logit" };

  it("is one mark a step for short runs", () => {
    expect(residualMarks({ ...data, residual: [1e-7, -3e-7] })).toEqual([
      { first: 0, last: 0, size: 1e-7 },
      { first: 1, last: 1, size: 3e-7 },
    ]);
  });

  it("never loses the largest of a long run, and covers every step once", () => {
    const residual = Float64Array.from({ length: 1003 }, (_, s) => (s === 777 ? -5 : 1e-7));
    const marks = residualMarks({ ...data, residual });
    expect(marks.length).toBeLessThanOrEqual(120);
    expect(marks.filter(({ size }) => size === 5)).toHaveLength(1);
    expect(marks.reduce((steps, { first, last }) => steps + last - first + 1, 0)).toBe(1003);
    expect(marks[marks.length - 1].last).toBe(1002);
    expect(residualByStep({ ...data, residual }).caption).toContain("1 step of 1003 above it");
    expect(residualByStep({ ...data, residual }).table.rows[0][0]).toBe("0 to 8");
  });
});

describe("the cancellation meter", () => {
  it("gives gross, net and their ratio", () => {
    const meter = { gross: 48.5, net: -0.97, unit: "logit" };
    expect(amounts(cancellationMeter(meter).table, 1).map(({ value }) => value)).toEqual([48.5, -0.97]);
    expect(cancellationRatio(meter)).toBe("50.0 : 1");
    expect(cancellationRatio({ ...meter, net: 0 })).toBe("infinity : 1");
    expect(cancellationRatio({ ...meter, gross: 0, net: 0 })).toBe("1 : 1");
  });
});

describe("a figure", () => {
  it("refuses a width that it cannot be read at", () => {
    expect(() => ledger(parts).svg({ width: 100 })).toThrow(
      new RangeError("figure: width must be at least 280, got 100"),
    );
  });
});

// Measures of several seeds as lines, bands and dots, and the words that numbers and verdicts get.

import { describe, expect, it } from "vitest";
import { bandOf, cutBand, dotOf, intervalWords, logBandOf } from "../../src/experiments/bands.ts";
import { intervalOrNumber, numberText } from "../../src/experiments/number-text.ts";
import { decisiveCheck, headline } from "../../src/experiments/report-data.ts";
import { checksOf } from "../../src/experiments/verdict.ts";

describe("bands", () => {
  it("are means and 95 % intervals at each place, without a band for one seed", () => {
    const { y, band } = bandOf(
      "a",
      [1, 2],
      [
        [1, 10],
        [3, 10],
      ],
    );
    expect([...(y as number[])]).toEqual([2, 10]);
    // t for one degree of freedom times the standard error 1.
    expect(Number(band?.high[0])).toBeCloseTo(2 + 12.706, 10);
    expect(band?.low[1]).toBe(10);
    expect(bandOf("a", [1], [[5]]).band).toBeUndefined();
  });

  it("on logarithmic axes are of logarithms, and never below zero", () => {
    const { y, band } = logBandOf("a", [1], [[1], [100]]);
    expect(Number(y[0])).toBeCloseTo(10, 12);
    expect(Number(band?.low[0])).toBeGreaterThan(0);
    expect(() => logBandOf("a", [1], [[0]])).toThrow("values of a must be above 0");
  });

  it("end where their axis does, and lines are left as they are", () => {
    const line = { name: "a", x: [1, 2], y: [0.5, 0.99], band: { low: [-0.2, 0.9], high: [0.4, 1.1] } };
    expect(cutBand(line, [0, 1])).toEqual({ ...line, band: { low: [0, 0.9], high: [0.4, 1] } });
    expect(cutBand({ name: "a", x: [1], y: [5] }, [0, 1])).toEqual({ name: "a", x: [1], y: [5] });
  });

  it("of a dot are its interval, with every value", () => {
    expect(dotOf([1, 1])).toEqual({ series: 0, mean: 1, values: [1, 1], low: 1, high: 1 });
    expect(dotOf([4], 2)).toEqual({ series: 2, mean: 4, values: [4] });
    expect([intervalWords(1), intervalWords(5)]).toEqual(["one seed", "95 % interval over 5 seeds"]);
  });
});

describe("words", () => {
  it("of numbers have three digits, and powers of ten at the ends", () => {
    const values = [0, 1.23456, 0.000123456, -2e-17, 1234, 12345678, Number.NaN, Infinity];
    expect(values.map((value) => numberText(value))).toEqual([
      "0",
      "1.23",
      "1.23e-4",
      "-2e-17",
      "1,234",
      "1.23e7",
      "none",
      "∞",
    ]);
    expect(intervalOrNumber({ mean: 0.5, half: 0.123, count: 3 })).toBe("0.5 ± 0.12");
    expect(intervalOrNumber({ mean: 0.5, half: Number.NaN, count: 1 })).toBe("0.5");
  });

  it("of a verdict are those of the check that it rests on: what fails before what is undecided, central before others", () => {
    const bound = { least: 1, reason: "r" };
    const checks = checksOf(
      {
        fine: { ...bound, measure: "fine", central: true },
        open: { ...bound, measure: "open", central: true },
        bad: { ...bound, measure: "bad" },
      },
      { fine: [2, 2], open: [0.5, 1, 2.5], bad: [0, 0] },
    );
    expect(decisiveCheck(checks)?.name).toBe("bad");
    expect(decisiveCheck(checks.slice(0, 2))?.name).toBe("open");
    expect(headline({ checks: checks.slice(0, 1) })).toBe("fine: 2 ± 0 (at least 1)");
    expect(headline({ checks: [] })).toBe("no number");
  });
});

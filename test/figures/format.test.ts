// How numbers are printed, case by case.

import { describe, expect, it } from "vitest";
import { countOf, decimalsFor, formatCount, formatExact, formatNumber, formatShare } from "../../src/figures/format.ts";

/** The number that a printed one says. */
const parsed = (text: string): number => Number(text.replaceAll("\u2212", "-"));

describe("formatNumber(value)", () => {
  it.each([
    [0, "0"],
    [0.42123, "0.421"],
    [-12.345, "\u221212.3"],
    [1234.5, "1235"],
    [3.14e-7, "3.1e\u22127"],
    [2.5e9, "2.5e9"],
    [Number.NaN, "NaN"],
    [-Infinity, "\u2212infinity"],
  ])("%d is %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("puts a sign before every number that has one", () => {
    expect([0.5, -0.5, 0].map((value) => formatNumber(value, { signed: true }))).toEqual([
      "+0.500",
      "\u22120.500",
      "0",
    ]);
  });

  it("keeps fixed decimals unless the number would vanish", () => {
    expect(formatNumber(12.3456, { decimals: 2 })).toBe("12.35");
    expect(formatNumber(0.005, { decimals: 2 })).toBe("0.01");
    expect(formatNumber(0.0004, { decimals: 2, digits: 2 })).toBe("4.0e\u22124");
  });

  it("is at most half a unit of its last of three digits away from the number", () => {
    for (let k = -200; k < 200; k++) {
      const value = 1.7 ** (k / 3) * (k % 2 === 0 ? 1 : -1);
      const digits = Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6 ? 2 : 3;
      const error = Math.abs(parsed(formatNumber(value)) - value);
      expect(error / Math.abs(value)).toBeLessThanOrEqual(0.5 * 10 ** (1 - digits) * (1 + 1e-12));
    }
  });
});

describe("decimalsFor(values)", () => {
  it("lets the largest show four digits", () => {
    expect([decimalsFor([24.31, -0.1]), decimalsFor([0.02]), decimalsFor([12345]), decimalsFor([])]).toEqual([
      2, 5, 0, 0,
    ]);
  });

  it("lets a total that is far smaller than its parts show three", () => {
    expect(decimalsFor([1470, -1469], { total: 0.813 })).toBe(3);
    expect(formatNumber(0.813, { decimals: 3 })).toBe("0.813");
  });

  it("does not show digits that are rounding", () => {
    expect(decimalsFor([1470, -1470], { total: 1e-13 })).toBe(6);
  });
});

describe("other numbers", () => {
  it("are exact where a user has set them", () => {
    expect([1e-4, 2.5e-5, 0.05, 3].map(formatExact)).toEqual(["1e\u22124", "2.5e\u22125", "0.05", "3"]);
  });

  it("count and share", () => {
    expect([formatCount(60000), countOf(1, "step"), countOf(1204, "example"), formatShare(0.9712)]).toEqual([
      "60,000",
      "1 step",
      "1,204 examples",
      "97.1 %",
    ]);
  });
});

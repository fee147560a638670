// Quantiles against numpy's definition, by hand.

import { expect, it } from "vitest";
import { quantile } from "../../src/numeric/quantile.ts";

it("is the middle of an odd number of values, and between two of an even one", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5);
});

it("is linear between neighbours", () => {
  // Place 0.05 * 20 = 1 of 0..20; place 0.05 * 4 = 0.2 of 0, 10, 20, 30, 40.
  expect(
    quantile(
      Array.from({ length: 21 }, (_, k) => k),
      0.05,
    ),
  ).toBeCloseTo(1, 12);
  expect(quantile([0, 10, 20, 30, 40], 0.05)).toBeCloseTo(2, 12);
  expect([quantile([5, 7], 0), quantile([5, 7], 1)]).toEqual([5, 7]);
});

it("leaves out what is not finite", () => {
  expect(quantile([Number.NaN, 1, Number.POSITIVE_INFINITY], 0.5)).toBe(1);
  expect(quantile([], 0.5)).toBeNaN();
});

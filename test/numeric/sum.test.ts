// Compensated sums against exact ones: the error must stay at a rounding or two where a plain sum loses everything.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Accumulator, ColumnAccumulator, dot, sum, VectorAccumulator } from "../../src/numeric/sum.ts";

/** Multiples of 2^-20 below 2^33: their sums are exact in integers, and often not in float64. */
const SCALE = 2 ** 20;
const grid = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
const lists = fc.array(grid, { maxLength: 40 });
const exactSum = (numerators: readonly number[]): number =>
  Number(numerators.reduce((total, n) => total + BigInt(n), 0n)) / SCALE;

describe("sum(values)", () => {
  it("is the exact sum but for its last rounding", () => {
    fc.assert(
      fc.property(lists, (numerators) => {
        const values = numerators.map((n) => n / SCALE);
        const gross = values.reduce((total, value) => total + Math.abs(value), 0);
        const error = Math.abs(sum(values) - exactSum(numerators));
        // One rounding of the result, and n squared roundings of roundings of gross.
        const n = values.length;
        expect(error).toBeLessThanOrEqual(2 ** -53 * Math.abs(exactSum(numerators)) + n * n * 2 ** -104 * gross);
      }),
      { seed: 1 },
    );
  });

  it.each([
    ["what a large number swallows and another gives back", [1e16, 1, -1e16], 1],
    ["a large number that comes late", [1, 1e100, 1, -1e100], 2],
    ["ten tenths", Array.from({ length: 10 }, () => 0.1), 1],
    ["nothing", [], 0],
  ])("keeps %s", (_what, values, wanted) => {
    expect(sum(values)).toBe(wanted);
  });

  it("is infinite or NaN where a plain sum is", () => {
    expect(sum([1, Infinity, 2])).toBe(Infinity);
    expect(sum([-Infinity, 1])).toBe(-Infinity);
    expect(sum([Infinity, -Infinity])).toBeNaN();
    expect(dot([1, Infinity], [1, 1])).toBe(Infinity);
    const total = new VectorAccumulator(2);
    total.add(0, Infinity);
    total.add(1, 2);
    expect([...total.values()]).toEqual([Infinity, 2]);
  });

  it("takes any iterable, and is NaN where a value is", () => {
    expect(sum(new Float32Array([0.5, 0.25]))).toBe(0.75);
    expect(sum(new Set([1, 2]))).toBe(3);
    expect(sum([1, Number.NaN, 2])).toBeNaN();
  });
});

describe("Accumulator and VectorAccumulator", () => {
  it("give what sum gives, one number or each of several, in any order of interleaving", () => {
    fc.assert(
      fc.property(lists, lists, (first, second) => {
        const parts = [first, second].map((numerators) => numerators.map((n) => n / SCALE));
        const one = new Accumulator();
        for (const value of parts[0]) one.add(value);
        const both = new VectorAccumulator(3);
        const longest = Math.max(first.length, second.length);
        for (let k = 0; k < longest; k++) {
          parts.forEach((values, i) => {
            if (k < values.length) both.add(i, values[k]);
          });
        }
        expect(one.value).toBe(sum(parts[0]));
        expect([...both.values()]).toEqual([sum(parts[0]), sum(parts[1]), 0]);
      }),
      { seed: 1 },
    );
  });

  it("can be read on the way", () => {
    const total = new Accumulator();
    total.add(1e16);
    total.add(1);
    expect(total.value).toBe(1e16);
    total.add(-1e16);
    expect(total.value).toBe(1);
  });
});

describe("ColumnAccumulator", () => {
  it("adds up each element of a matrix apart, and gives it row by row", () => {
    // Larger than a square of 32, and no multiple of it.
    const [rows, columns] = [35, 71];
    const matrix = new ColumnAccumulator(rows, columns);
    const last = new Float64Array(rows * columns);
    for (let k = 0; k < rows * columns; k += 3) {
      for (const value of [1e16, k + 1, -1e16]) matrix.add(Math.floor(k / columns), k % columns, value);
      last[k] = k + 1;
    }
    expect(matrix.values()).toEqual(last);
  });
});

describe("dot(a, b, aStart, bStart, size)", () => {
  it("compensates the sum of the products", () => {
    expect(dot([1e8, 1, 1e8], [1e8, 1, -1e8])).toBe(1);
  });

  it("takes `size` elements from each start", () => {
    const [a, b] = [Float32Array.of(9, 1, 2, 3, 9), Float64Array.of(10, 20, 30, 9)];
    expect(dot(a, b, 1, 0, 3)).toBe(1 * 10 + 2 * 20 + 3 * 30);
    expect(dot(a, b, 1, 1, 2)).toBe(1 * 20 + 2 * 30);
    expect(dot(a, b, 0, 0, 0)).toBe(0);
  });
});

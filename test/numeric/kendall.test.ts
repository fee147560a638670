import fc from "fast-check";
import { expect, test } from "vitest";
import { kendall } from "../../src/numeric/kendall.ts";
import { readFixture } from "../helpers/fixtures.ts";

const { real, description } = readFixture("neighbours");

test.each(["tied", "loose"] as const)("tau-b of %s lists is scipy's", (name) => {
  const { data } = real(name);
  expect(kendall(data.subarray(0, 60), data.subarray(60))).toBeAllclose(description.kendall[name], { rtol: 1e-12 });
});

/** By its definition, pair by pair. */
function slowly(a: readonly number[], b: readonly number[]): number | undefined {
  let [score, inA, inB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < i; j++) {
      const [x, y] = [Math.sign(a[i] - a[j]), Math.sign(b[i] - b[j])];
      score += x * y;
      inA += x * x;
      inB += y * y;
    }
  return inA * inB > 0 ? score / Math.sqrt(inA * inB) : undefined;
}

test("Knight's method counts what pairs do, with ties of any number", () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 4 })), { maxLength: 40 });
  fc.assert(
    fc.property(pairs, (both) => {
      const [a, b] = [both.map(([x]) => x), both.map(([, y]) => y)];
      const [fast, slow] = [kendall(a, b), slowly(a, b)];
      if (slow === undefined) expect(fast).toBeUndefined();
      else expect(fast).toBeAllclose(slow, { atol: 1e-12 });
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("lists in one order have 1, in the opposite one -1, and without any order no correlation", () => {
  expect(kendall([1, 2, 3], [10, 20, 30])).toBe(1);
  expect(kendall([1, 2, 3], [30, 20, 10])).toBe(-1);
  expect(kendall([1, 1, 1], [1, 2, 3])).toBeUndefined();
  expect(kendall([], [])).toBeUndefined();
  expect(kendall([1, Number.POSITIVE_INFINITY], [1, 2])).toBe(1);
  expect(() => kendall([1], [1, 2])).toThrow("kendall: both must have as many numbers, got 1 and 2");
  expect(() => kendall([Number.NaN], [1])).toThrow("kendall: numbers must be ordered, got NaN");
});

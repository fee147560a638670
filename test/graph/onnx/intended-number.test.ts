import { describe, expect, it } from "vitest";
import { intendedNumber } from "../../../src/graph/onnx/intended-number.ts";

describe("intendedNumber(float32)", () => {
  it.each([
    0.01,
    -0.3,
    1e-5,
    1e-12,
    0.044715,
    2,
    0.125,
    65504,
    -1e9,
    3.4e38,
    0,
    Math.SQRT2,
    Math.SQRT1_2,
    -Math.SQRT1_2,
    Math.sqrt(3),
    Math.sqrt(1 / 768),
    768 ** -0.25,
    1 / 3,
    1 / 49,
    Math.sqrt(2 / Math.PI),
    Math.LN2,
    -Math.LN10,
    Math.LOG2E,
    Math.PI,
  ])("gives back %d", (value) => {
    expect(intendedNumber(Math.fround(value))).toBe(value);
  });

  it("is never further from a float32 than its rounding", () => {
    for (let i = 1; i < 2000; i++) {
      const value = Math.fround(Math.exp(12 * Math.sin(12.9898 * i)) * (i % 2 === 0 ? 1 : -1));
      expect(Math.fround(intendedNumber(value))).toBe(value);
    }
  });

  it("leaves numbers of float64, and what is not finite", () => {
    for (const value of [Math.PI, 0.1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(intendedNumber(value)).toBe(value);
    }
    expect(intendedNumber(Number.NaN)).toBeNaN();
  });
});

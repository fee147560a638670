// The matcher of this test suite, tested: a matcher that cannot fail would make every other test worthless.

import { describe, expect, it } from "vitest";
import { TOLERANCES } from "./setup.ts";

describe("toBeAllclose(expected, options)", () => {
  it("accepts numbers, arrays, typed arrays and tensors", () => {
    expect(1 + 1e-8).toBeAllclose(1);
    expect([1, 2]).toBeAllclose(Float64Array.of(1, 2));
    expect({ data: Float32Array.of(1, 2) }).toBeAllclose([1, 2]);
  });

  it("takes its tolerance from the dtype: float32 when either side is a Float32Array", () => {
    const near = 1 + TOLERANCES.float32;
    expect(Float32Array.of(near)).toBeAllclose([1]);
    expect([near]).not.toBeAllclose([1]);
    expect([near]).toBeAllclose([1], { dtype: "float32" });
  });

  it("is absolute near zero and relative far from it", () => {
    expect([1e6 + 1]).toBeAllclose([1e6], { rtol: 1e-6 });
    expect([1e-7]).toBeAllclose([0], { atol: 1e-7 });
    expect([1e-7]).not.toBeAllclose([0], { rtol: 1 });
  });

  it("never accepts NaN, accepts only equal infinities, and names the worst element", () => {
    expect([Number.NaN]).not.toBeAllclose([Number.NaN]);
    expect([Number.POSITIVE_INFINITY]).toBeAllclose([Number.POSITIVE_INFINITY]);
    expect([Number.POSITIVE_INFINITY]).not.toBeAllclose([1e300]);
    expect(() => expect([0, 1, 5]).toBeAllclose([0, 2, 2], { atol: 0.5 })).toThrow("element 2 of 3: expected 2, got 5");
  });

  it("refuses other lengths and two kinds of tolerance at once", () => {
    expect(() => expect([1]).toBeAllclose([1, 1])).toThrow("expected 2 elements, got 1");
    expect(() => expect([1]).toBeAllclose([1], { dtype: "float64", atol: 1 })).toThrow("dtype or atol and rtol");
  });
});

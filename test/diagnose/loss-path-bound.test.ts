// The bound of the loss path kernel by hand, the skew share of a matrix, and the directions that a share of the variation needs.

import { describe, expect, it } from "vitest";
import { kernelAsymmetry } from "../../src/diagnose/asymmetry.ts";
import { lossPathBound, lossPathNorm } from "../../src/diagnose/loss-path-bound.ts";
import { directionsFor } from "../../src/diagnose/spectrum-summary.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { reals } from "../../src/numeric/tensor.ts";

const square = (...values: number[]) => reals([2, 2], values);

describe("lossPathBound", () => {
  it("is B sqrt(trace) / n for one training, and what the maxima and the spread of several say", () => {
    const one = { matrix: square(4, 1, 1, 5), norm: 0.5 };
    expect(lossPathNorm(one.matrix)).toBeCloseTo(Math.sqrt(11) / 2, 14);
    const alone = lossPathBound([one], 0.1);
    expect(alone).toMatchObject({ norm: 0.5, trace: 9, spread: 0, complexity: 0.75 });
    expect(alone.slack).toBeCloseTo(3 * Math.sqrt(Math.log(20) / 4), 14);
    expect(alone.bound).toBeCloseTo(1.5 + alone.slack, 14);
    // Trace 16; off the diagonal (3 - 1) / 2 twice.
    const two = lossPathBound([one, { matrix: square(8, 3, 3, 8), norm: 2 }]);
    expect(two).toMatchObject({ norm: 2, trace: 16, spread: 2, complexity: Math.sqrt(18) });
  });

  it("refuses what is no sample of trainings", () => {
    const one = { matrix: square(1, 0, 0, 1), norm: 1 };
    expect(() => lossPathBound([])).toThrow(new RangeError("lossPathBound: there must be a training, got none"));
    expect(() => lossPathBound([one], 1)).toThrow(/delta must lie in \(0, 1\), got 1/);
    expect(() => lossPathBound([{ ...one, norm: -1 }])).toThrow(/norm must be a finite number >= 0, got -1/);
    expect(() => lossPathBound([one, { matrix: reals([1, 1], [1]), norm: 1 }])).toThrow(
      /of the same points, got 2 and 1/,
    );
    expect(() => lossPathBound([{ matrix: square(1, Number.NaN, 0, 1), norm: 1 }])).toThrow(InvalidDataError);
  });
});

describe("kernelAsymmetry", () => {
  it("is 0 for a symmetric, 1 for a skew matrix, and sqrt(1/2) for one entry beside the diagonal", () => {
    expect(kernelAsymmetry(square(1, 2, 2, 3))).toBe(0);
    expect(kernelAsymmetry(square(0, 2, -2, 0))).toBe(1);
    expect(kernelAsymmetry(square(0, 7, 0, 0))).toBeCloseTo(Math.SQRT1_2, 15);
  });
});

describe("directionsFor", () => {
  it("counts the largest values that hold a share of the sum, in any order", () => {
    expect(directionsFor([1, 90, 9], 0.9)).toBe(1);
    expect(directionsFor([1, 90, 9], 0.95)).toBe(2);
    expect(directionsFor([1, 90, 9], 1)).toBe(3);
    expect(directionsFor([5, 5, 0, -1e-17], 1)).toBe(2);
    expect(directionsFor([0, 0], 0.95)).toBe(0);
    expect(directionsFor([3], 0.95)).toBe(1);
  });

  it("refuses no values, and what is no share", () => {
    expect(() => directionsFor([], 0.5)).toThrow(/^directionsFor: values must hold a number or more, got 0$/);
    expect(() => directionsFor([1], 0)).toThrow(/^directionsFor: share must lie in \(0, 1\], got 0$/);
  });
});

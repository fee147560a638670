// Measures of richness on numbers by hand, slopes on powers, and the gauge's thresholds.

import { describe, expect, it } from "vitest";
import { featureMovement, kernelDrift, kernelRotation, richnessGauge } from "../../src/diagnose/richness.ts";
import { logLogSlope, slopeOverSeeds } from "../../src/diagnose/slopes.ts";
import { reals } from "../../src/numeric/tensor.ts";

const of = (...values: number[]) => reals([values.length], values);

describe("featureMovement, kernelDrift and kernelRotation", () => {
  it("are relative to the start", () => {
    // |(0, 3)| / |(3, 4)|.
    expect(featureMovement(of(3, 4), of(3, 7))).toBe(0.6);
    expect(kernelDrift(of(3, 4), of(6, 8))).toBe(1);
    expect(kernelDrift(of(0, 0), of(0, 0))).toBe(0);
    expect(kernelDrift(of(0, 0), of(1, 0))).toBe(Number.POSITIVE_INFINITY);
  });

  it("tell a kernel that grows from one that turns", () => {
    expect(kernelRotation(of(3, 4), of(6, 8))).toBeCloseTo(0, 15);
    expect(kernelRotation(of(1, 0), of(0, 2))).toBe(1);
    expect(kernelRotation(of(1, 0), of(-1, 0))).toBe(2);
  });

  it.each([featureMovement, kernelDrift, kernelRotation])("refuse shapes that differ: %o", (measure) => {
    expect(() => measure(of(1), of(1, 2))).toThrow(
      new RangeError(`${measure.name}: both must have the same shape, got [1] and [2]`),
    );
  });
});

describe("richnessGauge", () => {
  it.each([
    [0.02, 0.0999, "lazy"],
    [0.1, 0.01, "intermediate"],
    [0.02, 0.499, "intermediate"],
    [0.5, 0, "rich"],
    [0.01, 4, "rich"],
  ] as const)("of movement %d and drift %d is %s", (movement, drift, regime) => {
    const found = richnessGauge({ featureMovement: movement, kernelDrift: drift });
    expect(found).toEqual({ featureMovement: movement, kernelDrift: drift, gauge: Math.max(movement, drift), regime });
  });

  it("refuses what is no measure", () => {
    expect(() => richnessGauge({ featureMovement: Number.NaN, kernelDrift: 0 })).toThrow(
      new RangeError("richnessGauge: featureMovement must be a number >= 0, got NaN"),
    );
  });
});

describe("slopes over seeds", () => {
  const sizes = [64, 128, 512];
  const power = (seed: number, exponent: number) =>
    sizes.map((size) => ({ seed, size, measure: 3 * size ** exponent }));

  it("are the exponents of powers, with Student's interval of their mean", () => {
    expect(logLogSlope(power(1, -0.5))).toBeCloseTo(-0.5, 12);
    const { slope, half, seeds } = slopeOverSeeds([...power(1, -0.4), ...power(2, -0.5), ...power(3, -0.6)]);
    // Deviation 0.1, 3 seeds: 4.303 0.1 / sqrt 3.
    expect([slope, half, seeds]).toEqual([expect.closeTo(-0.5, 12), expect.closeTo(0.24843, 4), 3]);
    expect(slopeOverSeeds(power(1, 1)).half).toBeNaN();
  });

  it("refuse one size, and measures that have no logarithm", () => {
    expect(() => logLogSlope([{ size: 2, measure: 1 }])).toThrow(/there must be two sizes or more/);
    expect(() => logLogSlope([{ size: 2, measure: 0 }])).toThrow(/must be > 0, got 0 at 2/);
  });
});

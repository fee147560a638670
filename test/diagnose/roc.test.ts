// ROC curves and their areas against scikit-learn, DeLong's variance against its definition, intervals against what they must cover.

import { describe, expect, it } from "vitest";
import { auroc, bootstrapInterval, delongInterval, falsePositiveRate, rocCurve } from "../../src/diagnose/roc.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { readFixture } from "../helpers/fixtures.ts";

const fixture = readFixture("roc");
const exact = { atol: 1e-12, rtol: 0 };

describe.each(fixture.description.cases)("scores $name", ({ name, auroc: area, variance, fpr95 }) => {
  const of = (key: string) => fixture.real(`${name}.${key}`).data;
  const scores = { inside: of("inside"), outside: of("outside") };

  it("have scikit-learn's area, curve and false positive rate at 95 %", () => {
    expect(auroc(scores)).toBeAllclose(area, exact);
    const { thresholds, truePositives, falsePositives } = rocCurve(scores);
    expect(thresholds[0]).toBe(Number.POSITIVE_INFINITY);
    expect(thresholds.slice(1)).toEqual(of("thresholds"));
    expect(truePositives).toBeAllclose(of("true"), exact);
    expect(falsePositives).toBeAllclose(of("false"), exact);
    expect(falsePositiveRate(scores)).toBeAllclose(fpr95, exact);
  });

  it("have DeLong's interval, within [0, 1]", () => {
    const half = 1.959963984540054 * Math.sqrt(variance);
    const found = delongInterval(scores);
    expect(found.auroc).toBeAllclose(area, exact);
    expect([found.low, found.high]).toBeAllclose([Math.max(0, area - half), Math.min(1, area + half)], exact);
  });

  it("give the other side's area where they are turned round", () => {
    const turned = { inside: scores.inside.map((s) => -s), outside: scores.outside.map((s) => -s) };
    expect(auroc(turned)).toBeAllclose(1 - area, exact);
    expect(auroc({ inside: scores.outside, outside: scores.inside })).toBeAllclose(1 - area, exact);
  });
});

it("the bootstrap's interval is the same for a seed, holds the area, and is about DeLong's", () => {
  const random = randomFrom(3, "scores");
  const scores = {
    inside: Array.from({ length: 100 }, () => random.normal() + 1),
    outside: Array.from({ length: 100 }, () => random.normal()),
  };
  const [found, delong] = [bootstrapInterval(scores, { seed: 1, resamples: 100 }), delongInterval(scores)];
  expect(bootstrapInterval(scores, { seed: 1, resamples: 100 })).toEqual(found);
  expect(bootstrapInterval(scores, { seed: 2, resamples: 100 })).not.toEqual(found);
  expect(found.low < found.auroc && found.auroc < found.high).toBe(true);
  // Quantiles of 100 resamples vary by about a fifth of the width.
  expect((found.high - found.low) / (delong.high - delong.low)).toBeCloseTo(1, 0);
  expect([found.low, found.high]).toBeAllclose([delong.low, delong.high], { atol: 0.02, rtol: 0 });
});

it("equal scores say nothing: area 1/2, and all of outside passes", () => {
  const scores = { inside: [2, 2, 2], outside: [2, 2] };
  expect(auroc(scores)).toBe(0.5);
  expect(delongInterval(scores)).toEqual({ auroc: 0.5, low: 0.5, high: 0.5 });
  expect(falsePositiveRate(scores)).toBe(1);
  expect(rocCurve(scores).truePositives).toEqual(Float64Array.of(0, 1));
});

it("one score a set has an area and no interval; infinities are scores", () => {
  expect(auroc({ inside: [1], outside: [0] })).toBe(1);
  expect(delongInterval({ inside: [1], outside: [0] }).low).toBeNaN();
  expect(auroc({ inside: [Number.POSITIVE_INFINITY, 0], outside: [Number.NEGATIVE_INFINITY, 0] })).toBe(0.875);
});

it("refuses sets without scores, NaN, and what is no sensitivity", () => {
  expect(() => auroc({ inside: [], outside: [1] })).toThrow(
    new RangeError("auroc: inside must hold a score, got none"),
  );
  expect(() => rocCurve({ inside: [1], outside: [0, Number.NaN] })).toThrow(
    new RangeError("rocCurve: outside must be numbers, got NaN at index 1"),
  );
  expect(() => falsePositiveRate({ inside: [1], outside: [0] }, 0)).toThrow(
    new RangeError("falsePositiveRate: sensitivity must lie in (0, 1], got 0"),
  );
  expect(() => bootstrapInterval({ inside: [1], outside: [0] }, { seed: 1, resamples: 3 })).toThrow(
    new RangeError("bootstrapInterval: resamples must be a whole number >= 40, got 3"),
  );
});

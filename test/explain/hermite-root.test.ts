import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hermiteRoot } from "../../src/explain/hermite-root.ts";

/** The root that is found for a function with its derivative, from its values at the ends of [a, b]. */
function rootOf(f: (t: number) => number, df: (t: number) => number, [a, b]: readonly [number, number]): number {
  return hermiteRoot({ a, b, fa: f(a), fb: f(b), da: df(a), db: df(b) });
}

describe("hermiteRoot", () => {
  it("is exact for a line", () => {
    expect(
      rootOf(
        (t) => 3 * (t - 0.37),
        () => 3,
        [0, 1],
      ),
    ).toBeCloseTo(0.37, 14);
    expect(
      rootOf(
        (t) => -2e-9 * (t - 0.9),
        () => -2e-9,
        [0.5, 1],
      ),
    ).toBeCloseTo(0.9, 14);
  });

  it("is exact for a cubic", () => {
    const f = (t: number): number => (t - 0.2) * (t * t + 1);
    const df = (t: number): number => t * t + 1 + 2 * t * (t - 0.2);
    expect(rootOf(f, df, [0, 1])).toBeCloseTo(0.2, 14);
  });

  it("misses the root of a smooth function by the fourth power of the interval", () => {
    const errors = [1, 2, 4].map((parts) => {
      const h = 0.8 / parts;
      const root = rootOf((t) => Math.exp(t) - 2, Math.exp, [Math.LN2 - 0.4 * h, Math.LN2 + 0.6 * h]);
      return Math.abs(root - Math.LN2);
    });
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(3.5);
    expect(Math.log2(errors[1] / errors[2])).toBeGreaterThan(3.5);
  });

  it("stays strictly inside the interval, whatever the slopes say", () => {
    const size = fc.double({ min: 1e-12, max: 1e6, noNaN: true });
    const slope = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    const start = fc.double({ min: 0, max: 0.9, noNaN: true });
    const length = fc.double({ min: 1e-9, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(size, size, slope, slope, start, length, fc.boolean(), (fa, fb, da, db, a, h, upwards) => {
        const b = a + h;
        const sign = upwards ? 1 : -1;
        const t = hermiteRoot({ a, b, fa: -sign * fa, fb: sign * fb, da, db });
        expect(t).toBeGreaterThan(a);
        expect(t).toBeLessThan(b);
      }),
      { seed: 1 },
    );
  });
});

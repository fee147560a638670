// The scaling figure: places on logarithmic axes, and words with its numbers.

import { describe, expect, it } from "vitest";
import { lastExponent, logTicks, type Scaling, scalingFigure, scalingText } from "../../bench/scaling-figure.ts";

const MIB = 2 ** 20;
const scaling: Scaling = {
  title: "Gram matrix against the number of examples",
  axis: "examples n",
  fixed: "A model.",
  points: [500, 1000, 2000, 4000].map((x) => ({
    x,
    seconds: 1e-6 * x ** 2,
    leastSeconds: 5e-7 * x ** 2,
    bytes: (x / 50) * MIB,
    budget: 512 * MIB,
  })),
};

/** Centres of the dots of one panel. */
function dots(svg: string, panel: "seconds" | "MiB"): [x: number, y: number][] {
  const circle = new RegExp(`<circle cx="([\\d.]+)" cy="([\\d.]+)"[^>]*><title>[^<]* ${panel}</title>`, "g");
  return [...svg.matchAll(circle)].map(([, x, y]) => [Number(x), Number(y)]);
}

describe("scalingFigure(scaling)", () => {
  it("puts a dot for each point, powers on straight lines", () => {
    for (const panel of ["seconds", "MiB"] as const) {
      const places = dots(scalingFigure(scaling), panel);
      expect(places).toHaveLength(4);
      const [dx, dy] = [places[1][0] - places[0][0], places[1][1] - places[0][1]];
      expect(dx).toBeGreaterThan(50);
      expect(dy).toBeLessThan(-10);
      places.forEach(([x, y], k) => {
        // Places are written to a hundredth of a pixel.
        expect(Math.abs(x - places[0][0] - k * dx)).toBeLessThan(0.05);
        expect(Math.abs(y - places[0][1] - k * dy)).toBeLessThan(0.05);
      });
    }
  });

  it("draws what takes no measurable memory, and a budget that is overrun", () => {
    const [first, ...rest] = scaling.points;
    const svg = scalingFigure({
      ...scaling,
      points: [{ ...first, bytes: 0 }, ...rest.map((p) => ({ ...p, bytes: 1e9 }))],
    });
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(scalingText({ ...scaling, points: [{ ...first, bytes: 1e9 }, ...rest] }).caption).toContain("954 MiB");
  });

  it("says how the time grows and what was allowed", () => {
    expect(lastExponent(scaling.points)).toBeCloseTo(2, 12);
    const { caption } = scalingText(scaling);
    expect(caption).toBe(
      "A model. From 2000 to 4000 the time grows with the power 2.0. At most 80.0 MiB beside an idle process and the result, of 512 allowed.",
    );
  });
});

describe("logTicks(values)", () => {
  it("are 1, 2 and 5 around the values, and decades over more than three of them", () => {
    expect(logTicks([0.03, 0.4])).toEqual([0.02, 0.05, 0.1, 0.2, 0.5]);
    expect(logTicks([1, 5000])).toEqual([1, 10, 100, 1000, 10000]);
  });

  it("are two at least where all values are one", () => {
    expect(logTicks([2, 2])).toEqual([2, 5]);
  });
});

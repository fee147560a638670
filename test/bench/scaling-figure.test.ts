// The scaling figure: places on logarithmic axes, and words with its numbers.

import { describe, expect, it } from "vitest";
import { lastExponent, type Scaling, scalingFigure } from "../../bench/scaling-figure.ts";

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

/** Places of the measured line of each plot. */
function measuredLines(svg: string): [x: number, y: number][][] {
  return [...svg.matchAll(/<path d="M([\d.,L]+)" class="pk-class-0-line"/g)]
    .map(([, d]) => d.split("L").map((place) => place.split(",").map(Number) as [number, number]))
    .filter(({ length }) => length === scaling.points.length);
}

describe("scalingFigure(scaling)", () => {
  it("puts a place for each point, powers on straight lines", () => {
    const plots = measuredLines(scalingFigure(scaling).svg());
    expect(plots).toHaveLength(2);
    for (const places of plots) {
      const [dx, dy] = [places[1][0] - places[0][0], places[1][1] - places[0][1]];
      expect(dx).toBeGreaterThan(50);
      expect(dy).toBeLessThan(-10);
      places.forEach(([x, y], k) => {
        // Places are written to a tenth of a pixel.
        expect(Math.abs(x - places[0][0] - k * dx)).toBeLessThan(0.5);
        expect(Math.abs(y - places[0][1] - k * dy)).toBeLessThan(0.5);
      });
    }
  });

  it("draws what takes no measurable memory, and a budget that is overrun", () => {
    const [first, ...rest] = scaling.points;
    const points = [{ ...first, bytes: 0 }, ...rest.map((p) => ({ ...p, bytes: 1e9 }))];
    const figure = scalingFigure({ ...scaling, points });
    expect(figure.svg()).not.toMatch(/NaN|undefined|Infinity/);
    expect(figure.caption).toContain("954 MiB");
  });

  it("says how the time grows and what was allowed", () => {
    expect(lastExponent(scaling.points)).toBeCloseTo(2, 12);
    expect(scalingFigure(scaling).caption).toBe(
      "A model. From 2000 to 4000 the time grows with the power 2.0. At most 80.0 MiB beside an idle process and the result, of 512 allowed.",
    );
  });
});

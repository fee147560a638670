// What holds for every figure at every width: words, keys, nothing cut off, nothing that is no number.

import { describe, expect, it } from "vitest";
import { darkColours, lightColours } from "../../src/figures/palette.ts";
import { cividis, luminance, type Rgb, signedRamp } from "../../src/figures/ramp.ts";
import { widthOf } from "../../src/figures/svg.ts";
import { tableCsv } from "../../src/figures/table.ts";
import { figures } from "./cases/index.ts";
import { textsOf } from "./texts.ts";

const WIDTHS = [280, 800];
const names = Object.keys(figures);

describe.each(names)("the figure %s", (name) => {
  const figure = figures[name]();

  it("has a title, a caption that is its description, and a table as wide as its heads", () => {
    const svg = figure.svg();
    expect(figure.title).toMatch(/^[A-Z].*[^.]$/);
    expect(figure.caption).toMatch(/[.!?]$/);
    expect(svg).toContain('role="img"');
    expect(
      textsOf(svg)
        .map(({ text }) => text)
        .join(" "),
    ).toContain(figure.title);
    for (const row of figure.table.rows) expect(row).toHaveLength(figure.table.columns.length);
    expect(new Set(figure.table.columns).size).toBe(figure.table.columns.length);
    expect(tableCsv(figure.table).split("\n").length).toBeGreaterThan(1);
  });

  it.each(WIDTHS)("writes nothing beyond its edges and draws only numbers at %i pixels", (width) => {
    const svg = figure.svg({ width, captioned: false });
    const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(svg)?.[1]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|infinity/);
    for (const { text, left, right, y } of textsOf(svg)) {
      // A pixel for the rounding of widths, which are estimates.
      expect([text, left >= -1, right <= width + 1, y > 0 && y <= height]).toEqual([text, true, true, true]);
    }
  });

  it("is the same without title and caption but for them", () => {
    expect(figure.svg({ captioned: false }).length).toBeLessThan(figure.svg().length);
    expect(figure.svg()).toBe(figures[name]().svg());
  });
});

/** Contrast of WCAG 2. */
function contrast(a: string, b: string): number {
  const rgb = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
  const [dark, light] = [luminance(rgb(a)), luminance(rgb(b))].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

describe("colours", () => {
  it("have 3:1 on their ground where they are marks, 4.5:1 where they are words, light and dark", () => {
    for (const colours of [lightColours, darkColours]) {
      for (const [name, colour] of Object.entries(colours)) {
        if (name === "ground" || name === "grid") continue;
        const least = name === "text" || name === "muted" ? 4.5 : 3;
        expect([name, contrast(colour, colours.ground) >= least]).toEqual([name, true]);
      }
    }
  });

  it("of heat maps are told apart by their lightness alone: it never turns back along a ramp", () => {
    for (const [ramp, sign] of [
      [cividis, 1],
      [signedRamp, -1],
    ] as const) {
      for (let k = 1; k <= 50; k++) {
        expect(sign * (luminance(ramp(k / 50)) - luminance(ramp((k - 1) / 50)))).toBeGreaterThan(0);
      }
    }
  });

  it("of cividis are those of the published table at its ends and in its middle", () => {
    // Nunez, Anderton and Renslow 2018, S1: entries 0, 127 and 255, in levels.
    const published: readonly Rgb[] = [
      [0, 34, 78],
      [124, 123, 120],
      [254, 232, 56],
    ];
    [0, 0.5, 1].forEach((t, k) => {
      cividis(t).forEach((level, c) => {
        expect(Math.abs(level - published[k][c])).toBeLessThanOrEqual(13);
      });
    });
  });
});

it("widths of texts are estimated by their characters", () => {
  expect(widthOf("step", 11)).toBeCloseTo(4 * 0.56 * 11, 10);
});

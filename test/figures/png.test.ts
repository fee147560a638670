// Figures as PNG, decoded again by another library: size, colours, and text without any font of the system.

import { PNG } from "pngjs";
import { expect, it } from "vitest";
import { renderPng } from "../../src/figures/png.node.ts";
import { generic } from "./cases/generic.ts";

async function decoded(svg: string, scale: number): Promise<PNG> {
  return PNG.sync.read(Buffer.from(await renderPng(svg, { scale })));
}

/** Pixels of about one colour. */
function countOf(png: PNG, [r, g, b]: readonly [number, number, number]): number {
  let count = 0;
  for (let k = 0; k < png.data.length; k += 4)
    if (Math.abs(png.data[k] - r) + Math.abs(png.data[k + 1] - g) + Math.abs(png.data[k + 2] - b) < 12) count++;
  return count;
}

it("a figure is as large as it says, or twice as large", async () => {
  const svg = generic.lines().svg({ width: 300 });
  const height = Number(/ height="(\d+)"/.exec(svg)![1]);
  const [single, double] = [await decoded(svg, 1), await decoded(svg, 2)];
  expect([single.width, single.height]).toEqual([324, height]);
  expect([double.width, double.height]).toEqual([648, 2 * height]);
  expect(countOf(single, [0, 114, 178])).toBeGreaterThan(100);
});

it("text is drawn in the bundled fonts, bold where it is asked for, signs and Greek too", async () => {
  const text = (word: string, weight: number): string =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30" font-family="system-ui, sans-serif" font-size="16"><text x="4" y="20" font-weight="${weight}">${word}</text></svg>`;
  const ink = async (word: string, weight = 400): Promise<number> => {
    const { data } = await decoded(text(word, weight), 1);
    let sum = 0;
    for (let k = 3; k < data.length; k += 4) sum += data[k];
    return sum;
  };
  const plain = await ink("kernel");
  expect(plain).toBeGreaterThan(5000);
  expect(await ink("kernel", 600)).toBeGreaterThan(1.15 * plain);
  // A sign that no font has is an empty box: all alike. These are not.
  const signs = await Promise.all(["▲", "−", "λ", "±", "Ж"].map((sign) => ink(sign)));
  expect(new Set(signs).size).toBe(signs.length);
});

it("pixels of a matrix stay squares: two colours and nothing between them", async () => {
  const { data } = await decoded(
    generic
      .heatmap()
      .svg({ width: 300, captioned: false })
      .replace(
        /.*(<image [^>]*width="2[^>]*>).*/s,
        (_, image: string) =>
          `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300" width="300" height="300">${image}</svg>`,
      ),
    2,
  );
  const colours = new Set<number>();
  for (let k = 0; k < data.length; k += 4)
    if (data[k + 3] === 255) colours.add((data[k] << 16) | (data[k + 1] << 8) | data[k + 2]);
  // 3,600 cells have no more colours than levels of the ramp; smoothing makes thousands.
  expect(colours.size).toBeGreaterThan(20);
  expect(colours.size).toBeLessThan(800);
});

it("refuses a scale that makes no picture", async () => {
  await expect(renderPng("<svg/>", { scale: 0 })).rejects.toThrow(
    new RangeError("renderPng: scale must be in 0.5..8, got 0"),
  );
});

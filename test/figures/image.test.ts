// Pictures of examples, decoded again by another PNG library (pngjs).

import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { isImageShape, type Picture, pictureOf, valueRange } from "../../src/figures/image.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";

const PREFIX = "data:image/png;base64,";

/** Red, green and blue of every pixel. */
function decoded(picture: Picture | undefined): { width: number; height: number; pixels: number[][] } {
  expect(picture?.uri.startsWith(PREFIX)).toBe(true);
  const png = PNG.sync.read(Buffer.from(picture!.uri.slice(PREFIX.length), "base64"));
  expect([png.width, png.height]).toEqual([picture!.width, picture!.height]);
  const pixels = Array.from({ length: png.width * png.height }, (_, k) => [...png.data.subarray(4 * k, 4 * k + 3)]);
  return { width: png.width, height: png.height, pixels };
}

describe("pictureOf(x, { range })", () => {
  it("writes one grey pixel for each value, row by row, and clips what is outside the range", () => {
    const x = reals([1, 2, 3], [0, 0.5, 1, -1, 0.2, 7]);
    const { width, height, pixels } = decoded(pictureOf(x, { range: [0, 1] }));
    expect([width, height]).toEqual([3, 2]);
    expect(pixels.map(([red]) => red)).toEqual([0, 128, 255, 0, 51, 255]);
    expect(pixels.every(([red, green, blue]) => red === green && green === blue)).toBe(true);
  });

  it("takes channels first and writes them as red, green, blue; a leading axis of one is a batch", () => {
    const x = reals([1, 3, 2, 2], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    expect(decoded(pictureOf(x, { range: [0, 1] })).pixels).toEqual([
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [0, 0, 0],
    ]);
  });

  it("averages blocks of an image that is larger than maxSide, partial ones at the edges too", () => {
    const x = reals([1, 3, 3], [0, 1, 0.2, 1, 0, 0.4, 0.6, 0.8, 1]);
    // Blocks of 2: (0 + 1 + 1 + 0) / 4, (0.2 + 0.4) / 2, (0.6 + 0.8) / 2, 1.
    const { pixels } = decoded(pictureOf(x, { range: [0, 1], maxSide: 2 }));
    expect(pixels.map(([red]) => red)).toEqual([128, 77, 179, 255]);
  });

  it("reads integers, and is undefined for what is no picture", () => {
    const pixels = decoded(pictureOf(integers([1, 2, 2], [0, 16, 8, 4]), { range: [0, 16] })).pixels;
    expect(pixels.map(([red]) => red)).toEqual([0, 255, 128, 64]);
    expect(pictureOf(reals([7], new Array(7).fill(0)), { range: [0, 1] })).toBeUndefined();
  });

  it("refuses a range that is empty", () => {
    const message = "pictureOf: range must go from low to high, got [1, 1]";
    expect(() => pictureOf(reals([1, 2, 2], [0, 0, 0, 0]), { range: [1, 1] })).toThrow(new RangeError(message));
  });
});

describe("isImageShape(shape)", () => {
  it.each([
    [[1, 28, 28], true],
    [[3, 32, 24], true],
    [[1, 3, 8, 8], true],
    [[2, 8, 8], false],
    [[1, 1, 40], false],
    [[40], false],
    [[2, 1, 8, 8], false],
  ])("[%s] is %s", (shape, expected) => {
    expect(isImageShape(shape)).toBe(expected);
  });
});

describe("valueRange(values)", () => {
  it("is [0, 1] for values within it, the extremes for others, and never empty", () => {
    expect(valueRange([0.1, 0.9])).toEqual([0, 1]);
    expect(valueRange([0, 255])).toEqual([0, 255]);
    expect(valueRange([-0.42, 2.8])).toEqual([-0.42, 2.8]);
    expect(valueRange([5, 5])).toEqual([0, 1]);
    expect(valueRange([])).toEqual([0, 1]);
  });
});

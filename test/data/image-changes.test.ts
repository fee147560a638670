// Images moved, turned and cut into patches: against places that can be counted, scipy's bilinear turn, and what must be kept.

import { describe, expect, it } from "vitest";
import { rotatedImages, shiftedImages, shuffledPatches } from "../../src/data/image-changes.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { reals } from "../../src/numeric/tensor.ts";

/** Two images of two channels of 4 x 4, all numbers different. */
const images = reals(
  [2, 2, 4, 4],
  Array.from({ length: 64 }, (_, k) => k + 1),
);
const one = reals([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);

describe("images that are changed", () => {
  it("shiftedImages moves pixels down and right, and brings in zeros", () => {
    expect([...shiftedImages(one, { down: 1 }).data]).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect([...shiftedImages(one, { right: -1 }).data]).toEqual([2, 3, 0, 5, 6, 0, 8, 9, 0]);
    expect([...shiftedImages(one, {}).data]).toEqual([...one.data]);
  });

  it("rotatedImages turns by a quarter counterclockwise, and four quarters are nothing", () => {
    expect(rotatedImages(one, 90).data).toBeAllclose([3, 6, 9, 2, 5, 8, 1, 4, 7], { atol: 1e-12 });
    expect(rotatedImages(images, 360).data).toBeAllclose(images.data, { atol: 1e-12 });
  });

  it("rotatedImages is scipy's bilinear turn", () => {
    // scipy.ndimage.affine_transform(a, [[c, s], [-s, c]], offset, order=1, mode='grid-constant') about the middle, 30 degrees.
    const scipy = [
      1.0358983848622454, 2.901923788646684, 3.1076951545867377, 2.6339745962155616, 5.0, 7.366025403784439,
      3.2320508075688776, 7.098076211353316, 5.30384757729337,
    ];
    expect(rotatedImages(one, 30).data).toBeAllclose(scipy, { atol: 1e-10 });
  });

  it("shuffledPatches moves whole patches, alike in all channels, and loses nothing", () => {
    const { data } = shuffledPatches(images, 2, randomFrom(3, "patches"));
    expect([...data].sort((a, b) => a - b)).toEqual([...images.data]);
    const patch = (values: ArrayLike<number>, plane: number, row: number, column: number): string =>
      [0, 1, 4, 5].map((k) => values[plane * 16 + row * 4 + column + k]).join();
    for (const plane of [0, 1, 2, 3]) {
      const before = [0, 2].flatMap((row) => [0, 2].map((column) => patch(images.data, plane, row, column)));
      const after = [0, 2].flatMap((row) => [0, 2].map((column) => patch(data, plane, row, column)));
      expect([...after].sort()).toEqual([...before].sort());
    }
    // The second channel is the first plus 16.
    for (let k = 0; k < 16; k++) expect(data[16 + k] - data[k]).toBe(16);
    expect(shuffledPatches(images, 2, randomFrom(3, "patches")).data).toEqual(data);
    expect(shuffledPatches(images, 4, randomFrom(3, "patches")).data).toEqual(images.data);
  });

  it("what cannot be changed is refused in one line", () => {
    expect(() => shiftedImages(reals([4, 4], new Float64Array(16)), {})).toThrow(
      "shiftedImages: images must be (n, channels, height, width), got shape [4,4]",
    );
    expect(() => shiftedImages(one, { down: 0.5 })).toThrow(
      "shiftedImages: down and right must be whole numbers, got 0.5 and 0",
    );
    expect(() => rotatedImages(one, Number.NaN)).toThrow("rotatedImages: degrees must be finite, got NaN");
    expect(() => shuffledPatches(one, 2, randomFrom(1, "patches"))).toThrow(
      "shuffledPatches: size must divide a height of 3 and a width of 3, got 2",
    );
    expect(shiftedImages(reals([0, 1, 3, 3], []), { down: 1 }).data.length).toBe(0);
  });
});

// Images cut into patches that change places: what must be kept, and what is refused.

import { describe, expect, it } from "vitest";
import { shuffledPatches } from "../../src/data/shuffled-patches.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { reals } from "../../src/numeric/tensor.ts";

/** Two images of two channels of 4 x 4, all numbers different. */
const images = reals(
  [2, 2, 4, 4],
  Array.from({ length: 64 }, (_, k) => k + 1),
);
const one = reals([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);

describe("images in shuffled patches", () => {
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
    expect(() => shuffledPatches(reals([4, 4], new Float64Array(16)), 2, randomFrom(1, "patches"))).toThrow(
      "shuffledPatches: images must be (n, channels, height, width), got shape [4,4]",
    );
    expect(() => shuffledPatches(one, 2, randomFrom(1, "patches"))).toThrow(
      "shuffledPatches: size must divide a height of 3 and a width of 3, got 2",
    );
    expect(shuffledPatches(reals([0, 1, 4, 4], []), 2, randomFrom(1, "patches")).data.length).toBe(0);
  });
});

// Printed characters: MNIST's frame by its definition, labels by nearest neighbours in other families of type.

import { expect, test } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import type { Split } from "../../src/data/types.ts";

const SIDE = 28;

function imageOf({ x }: Split, i: number): Float32Array {
  return x.data.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE) as Float32Array;
}

/** Ink's box and centre of mass, in pixels. */
function measured(image: Float32Array) {
  let [mass, row, column] = [0, 0, 0];
  let [top, bottom, left, right] = [SIDE, -1, SIDE, -1];
  image.forEach((ink, i) => {
    if (ink === 0) return;
    const [r, c] = [Math.floor(i / SIDE), i % SIDE];
    mass += ink;
    row += ink * r;
    column += ink * c;
    [top, bottom, left, right] = [Math.min(top, r), Math.max(bottom, r), Math.min(left, c), Math.max(right, c)];
  });
  return { height: bottom - top + 1, width: right - left + 1, row: row / mass, column: column / mass };
}

/** Share of every third image of the test part whose nearest training image, by squared distance, is of its class. */
function agreement({ train, test }: { train: Split; test: Split }): number {
  const size = SIDE * SIDE;
  let [right, asked] = [0, 0];
  for (let q = 0; q < test.x.shape[0]; q += 3, asked++) {
    let [least, nearest] = [Number.POSITIVE_INFINITY, -1];
    for (let n = 0; n < train.x.shape[0]; n++) {
      let distance = 0;
      for (let k = 0; k < size && distance < least; k++)
        distance += (train.x.data[n * size + k] - test.x.data[q * size + k]) ** 2;
      if (distance < least) [least, nearest] = [distance, n];
    }
    if (train.y.data[nearest] === test.y.data[q]) right++;
  }
  return right / asked;
}

test.each([
  ["printed-digits", 10],
  ["printed-letters", 26],
] as const)(
  "%s lie in MNIST's frame, and other families of type show the same characters",
  async (source, characters) => {
    const data = await loadDataset(source);
    expect(data).toMatchObject({ source, inputShape: [1, SIDE, SIDE], byteScale: 255, task: "classification" });
    expect(data.classes).toHaveLength(characters);
    expect([data.train.x.shape[0], data.test.x.shape[0]]).toEqual([33 * characters, 39 * characters]);
    let centred = 0;
    for (const part of [data.train, data.test]) {
      for (let i = 0; i < part.x.shape[0]; i++) {
        expect(Number(part.y.data[i])).toBe(i % characters);
        const { height, width, row, column } = measured(imageOf(part, i));
        // The outline fits 20 x 20; half-covered pixels at its edges are seldom one more.
        expect(Math.max(height, width)).toBeGreaterThanOrEqual(20);
        expect(Math.max(height, width)).toBeLessThanOrEqual(21);
        expect(imageOf(part, i).some((ink) => ink > 0.3)).toBe(true);
        if (Math.abs(row - 13.5) <= 0.51 && Math.abs(column - 13.5) <= 0.51) centred++;
      }
    }
    // Whole pixels, and ink never leaves the frame: an L of heavy serifs may stay off the middle.
    expect(centred / (72 * characters)).toBeGreaterThan(0.99);
    expect(agreement(data)).toBeGreaterThan(0.85);
  },
);

test("printed digits keep the first training images, all ten of one face first, and hash to one value everywhere", async () => {
  const whole = await loadDataset("printed-digits");
  const few = await loadDataset("printed-digits", { limit: 10 });
  expect(few.train.x.data).toEqual(whole.train.x.data.slice(0, 10 * SIDE * SIDE));
  expect([...few.train.y.data].map(Number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(few.test.x.shape[0]).toBe(390);
  expect(whole.sha256).toBe("1af520e05296303ecb7c3c2579e12d0e3f2db88931baf1824d9eec3b1cb4a1af");
});

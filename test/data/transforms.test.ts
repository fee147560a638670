// Transforms of images: scipy.ndimage's numbers, what each must leave as it is, what each must never do, and clear errors.

import { describe, expect, it } from "vitest";
import { imageTransformUnits, transformImages } from "../../src/data/transforms/registry.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { readFixture } from "../helpers/fixtures.ts";

const fixture = readFixture("images");

const drawn = (shape: readonly number[], seed: number): Tensor<"float64"> => {
  const random = randomFrom(seed, "pixels");
  return reals(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform()),
  );
};

it.each(fixture.description.cases)("$key is scipy.ndimage's", ({ key, name, amount }) => {
  const found = transformImages(fixture.real("image"), { name, amount });
  expect(found.shape).toEqual([12, 9]);
  expect(found).toBeAllclose(fixture.real(key), { atol: 1e-12, rtol: 0 });
});

describe.each(Object.keys(imageTransformUnits))("%s", (name) => {
  it("changes nothing at 0, something elsewhere, and never its argument", () => {
    const images = drawn([2, 1, 7, 6], 1);
    const before = images.data.slice();
    expect(transformImages(images, { name, amount: 0 })).toEqual(images);
    const moved = transformImages(images, { name, amount: 0.7 });
    expect(moved.shape).toEqual(images.shape);
    expect(moved.data).not.toEqual(before);
    expect(images.data).toEqual(before);
  });

  it("keeps the dtype, has a unit, and gives the same for the same seed", () => {
    const images = drawn([1, 5, 5], 2);
    const single: Tensor<"float32"> = { dtype: "float32", shape: images.shape, data: Float32Array.from(images.data) };
    const of = () => transformImages(single, { name, amount: 0.5, seed: 3 });
    expect(of().dtype).toBe("float32");
    expect(of()).toEqual(of());
    expect(of()).toBeAllclose(transformImages(images, { name, amount: 0.5, seed: 3 }), { dtype: "float32" });
    expect(imageTransformUnits[name]).toMatch(/degrees|pixels|deviation/);
  });

  it("takes empty batches, and images of one pixel", () => {
    expect(transformImages(reals([0, 1, 4, 4], []), { name, amount: 1 }).data).toHaveLength(0);
    expect(transformImages(reals([1, 1], [0.5]), { name, amount: 1 }).data).toHaveLength(1);
  });

  it("refuses amounts that mean nothing", () => {
    expect(() => transformImages(drawn([3, 3], 1), { name, amount: Number.NaN })).toThrow(
      new RangeError(`transformImages: the amount of ${name} must be finite, got NaN`),
    );
  });
});

describe("rotation", () => {
  it("by four quarter turns is the identity to the last bit, and a quarter turn goes counterclockwise", () => {
    const images = drawn([2, 1, 6, 6], 4);
    let turned = images;
    for (let k = 0; k < 4; k++) turned = transformImages(turned, { name: "rotation", amount: 90 });
    expect(turned).toEqual(images);
    expect([...transformImages(reals([2, 2], [1, 2, 3, 4]), { name: "rotation", amount: 90 }).data]).toEqual([
      2, 4, 1, 3,
    ]);
    const [back, round] = [-270, 450].map((amount) => transformImages(images, { name: "rotation", amount }));
    expect(back).toEqual(round);
  });

  it("and back leaves the middle of a smooth image nearly as it was", () => {
    const smooth = reals(
      [21, 21],
      Array.from({ length: 441 }, (_, at) => Math.exp(-((Math.floor(at / 21) - 9) ** 2 + ((at % 21) - 11) ** 2) / 30)),
    );
    const there = transformImages(smooth, { name: "rotation", amount: 20 });
    const back = transformImages(there, { name: "rotation", amount: -20 });
    const off = back.data.map((value, at) => Math.abs(value - smooth.data[at]));
    expect(Math.max(...off)).toBeLessThan(0.05);
    expect(Math.max(...there.data.map((value, at) => Math.abs(value - smooth.data[at])))).toBeGreaterThan(0.05);
  });
});

describe("stroke", () => {
  const amounts = [-2, -1.4, -0.7, -0.2, 0, 0.1, 0.5, 1, 1.6, 2.3];

  it("is monotone: a wider stroke is nowhere darker, and pixels stay in [0, 1]", () => {
    const images = drawn([1, 9, 9], 5);
    const all = amounts.map((amount) => transformImages(images, { name: "stroke", amount }).data);
    for (let k = 1; k < all.length; k++) expect(all[k].every((value, at) => value >= all[k - 1][at])).toBe(true);
    expect(all.every((pixels) => pixels.every((value) => value >= 0 && value <= 1))).toBe(true);
  });

  it("moves the edges of a bar by the amount: its width grows by twice that", () => {
    const bar = reals(
      [11, 11],
      Array.from({ length: 121 }, (_, at) => (at % 11 >= 4 && at % 11 <= 6 ? 1 : 0)),
    );
    const width = (amount: number): number =>
      transformImages(bar, { name: "stroke", amount })
        .data.slice(55, 66)
        .reduce((sum, value) => sum + value, 0);
    for (const amount of [-1, -0.5, 0, 0.25, 1, 1.5])
      expect(width(amount)).toBeAllclose(3 + 2 * amount, { atol: 1e-12, rtol: 0 });
  });

  it("needs pixels in [0, 1]", () => {
    expect(() => transformImages(reals([1, 2], [0.5, 1.5]), { name: "stroke", amount: 1 })).toThrow(
      new RangeError("transformImages: stroke needs pixels in [0, 1], got 1.5 at 1"),
    );
  });
});

it("shift by whole pixels moves them to the right, and what leaves the frame is lost", () => {
  const image = reals([2, 3], [1, 2, 3, 4, 5, 6]);
  expect([...transformImages(image, { name: "shift", amount: 1 }).data]).toEqual([0, 1, 2, 0, 4, 5]);
  expect([...transformImages(image, { name: "shift", amount: -2 }).data]).toEqual([3, 0, 0, 6, 0, 0]);
  expect([...transformImages(image, { name: "shift", amount: 9 }).data]).toEqual([0, 0, 0, 0, 0, 0]);
});

describe("noise", () => {
  it("has mean 0 and the variance that was asked for", () => {
    const { data } = transformImages(reals([1, 200, 200], new Float64Array(40_000)), { name: "noise", amount: 0.3 });
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    // Four standard errors: deviation / sqrt(n), variance sqrt(2 / n).
    expect(Math.abs(mean)).toBeLessThan(4 * 0.3 * Math.sqrt(1 / 40_000));
    expect(Math.abs(variance - 0.09)).toBeLessThan(4 * 0.09 * Math.sqrt(2 / 40_000));
  });

  it("of an image does not depend on the images after it, and differs from theirs and by seed", () => {
    const images = reals([3, 4, 4], new Float64Array(48));
    const of = (count: number, seed: number) =>
      transformImages(reals([count, 4, 4], images.data.slice(0, 16 * count)), { name: "noise", amount: 1, seed }).data;
    expect(of(3, 1).slice(0, 16)).toEqual(of(1, 1));
    expect(of(3, 1).slice(16, 32)).not.toEqual(of(1, 1));
    expect(of(1, 2)).not.toEqual(of(1, 1));
  });
});

it("blur keeps the sum of what lies far from the frame, and leaves a flat middle flat", () => {
  const dot = reals(
    [15, 15],
    Array.from({ length: 225 }, (_, at) => (at === 112 ? 1 : 0)),
  );
  const { data } = transformImages(dot, { name: "blur", amount: 1 });
  expect(data.reduce((sum, value) => sum + value, 0)).toBeAllclose(1, { atol: 1e-12, rtol: 0 });
  expect(data[112]).toBeAllclose(1 / (2 * Math.PI), { atol: 1e-3, rtol: 0 });
  const flat = transformImages(reals([15, 15], new Float64Array(225).fill(0.4)), { name: "blur", amount: 1 });
  expect(flat.data[112]).toBeAllclose(0.4, { atol: 1e-12, rtol: 0 });
});

it("unknown names, amounts below 0 of noise and blur, and lists of pixels are refused", () => {
  const image = reals([2, 2], [0, 1, 0, 1]);
  expect(() => transformImages(image, { name: "rotatoin", amount: 1 })).toThrow(
    new RangeError(
      "transformImages: name must be one of rotation, stroke, shift, noise, blur, got rotatoin (did you mean rotation?)",
    ),
  );
  for (const name of ["noise", "blur"])
    expect(() => transformImages(image, { name, amount: -1 })).toThrow(
      new RangeError(`transformImages: the amount of ${name} must be >= 0, got -1`),
    );
  expect(() => transformImages(reals([4], [0, 1, 0, 1]), { name: "shift", amount: 1 })).toThrow(
    new RangeError("transformImages: images must have a height and a width, got shape [4]"),
  );
});

import { describe, expect, it } from "vitest";
import { layoutOf, viewsOf } from "../../src/numeric/layout.ts";

const layout = layoutOf([
  ["a.weight", [2, 3]],
  ["a.bias", [2]],
  ["scale", []],
]);

describe("layoutOf(shapes)", () => {
  it("lays shapes out one after another, in the order given", () => {
    expect(layout).toEqual({
      size: 9,
      entries: [
        { name: "a.weight", shape: [2, 3], offset: 0, size: 6 },
        { name: "a.bias", shape: [2], offset: 6, size: 2 },
        { name: "scale", shape: [], offset: 8, size: 1 },
      ],
    });
  });

  it("of nothing is empty", () => {
    expect(layoutOf([])).toEqual({ entries: [], size: 0 });
  });

  it("reads any iterable once", () => {
    expect(layoutOf(new Map([["w", [4]]])).size).toBe(4);
  });
});

describe("viewsOf(layout, flat, prefix)", () => {
  it("names the parts of a flat array, which they share", () => {
    const flat = Float64Array.from({ length: 9 }, (_, i) => i);
    const views = viewsOf(layout, flat);
    expect(views).toEqual({
      "a.weight": { dtype: "float64", shape: [2, 3], data: Float64Array.of(0, 1, 2, 3, 4, 5) },
      "a.bias": { dtype: "float64", shape: [2], data: Float64Array.of(6, 7) },
      scale: { dtype: "float64", shape: [], data: Float64Array.of(8) },
    });
    views["a.bias"].data[1] = 70;
    expect(flat[7]).toBe(70);
  });

  it("has the dtype of the array, and puts a prefix before each name", () => {
    const views = viewsOf(layout, new Float32Array(9), "gradient.");
    expect(Object.keys(views)).toEqual(["gradient.a.weight", "gradient.a.bias", "gradient.scale"]);
    expect(views["gradient.scale"].dtype).toBe("float32");
  });
});

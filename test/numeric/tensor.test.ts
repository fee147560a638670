import { describe, expect, it } from "vitest";
import {
  allocate,
  type DType,
  findNonFinite,
  integers,
  ReusedArrays,
  reals,
  sizeOf,
  sliceRows,
  takeRows,
  tensor,
  toReal,
  viewRows,
  zeros,
} from "../../src/numeric/tensor.ts";

const matrix = reals([3, 2], [1, 2, 3, 4, 5, 6]);

describe("sizeOf(shape)", () => {
  it("is the product of the axes: 1 for a scalar, 0 for an empty axis", () => {
    expect([sizeOf([2, 3, 4]), sizeOf([]), sizeOf([3, 0])]).toEqual([24, 1, 0]);
  });
});

describe("tensor(dtype, shape, data)", () => {
  it("wraps the array itself", () => {
    const data = Float32Array.of(1, 2);
    expect(tensor("float32", [2, 1], data)).toEqual({ dtype: "float32", shape: [2, 1], data });
    expect(tensor("float32", [2, 1], data).data).toBe(data);
  });

  it("refuses data that do not fill the shape", () => {
    expect(() => tensor("float64", [2, 3], new Float64Array(5))).toThrow(
      new RangeError("tensor: data must hold 6 elements for shape [2,3], got 5"),
    );
  });
});

describe("allocate(dtype, size) and zeros(dtype, shape)", () => {
  const arrays: [DType, new (size: number) => ArrayLike<unknown>][] = [
    ["float32", Float32Array],
    ["float64", Float64Array],
    ["int64", BigInt64Array],
    ["int32", Int32Array],
    ["uint8", Uint8Array],
    ["bool", Uint8Array],
  ];
  it.each(arrays)("%s", (dtype, TypedArray) => {
    expect(allocate(dtype, 3)).toEqual(new TypedArray(3));
    expect(zeros(dtype, [3, 2])).toEqual({ dtype, shape: [3, 2], data: new TypedArray(6) });
  });
});

describe("reals(shape, values) and integers(shape, values)", () => {
  it("keeps the largest int64, which is no double: it does not become the smallest", () => {
    expect(integers([2], [Number(2n ** 63n - 1n), -(2 ** 63)]).data).toEqual(
      BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n)),
    );
  });

  it("copy plain numbers into float64 and int64", () => {
    expect(reals([2], [0.5, -1])).toEqual({ dtype: "float64", shape: [2], data: Float64Array.of(0.5, -1) });
    expect(integers([1, 2], [3, -1])).toEqual({ dtype: "int64", shape: [1, 2], data: BigInt64Array.of(3n, -1n) });
  });

  it("refuse values that do not fill the shape", () => {
    expect(() => reals([2], [1])).toThrow("tensor: data must hold 2 elements for shape [2], got 1");
    expect(() => integers([], [1, 2])).toThrow("tensor: data must hold 1 elements for shape [], got 2");
  });
});

describe("toReal(source, dtype)", () => {
  it("gives the tensor itself where it has that dtype", () => {
    expect(toReal(matrix, "float64")).toBe(matrix);
  });

  it("rounds to float32, widens from it, and reads integers of every kind", () => {
    expect(toReal(reals([1], [0.1]), "float32").data).toEqual(Float32Array.of(0.1));
    expect(toReal(toReal(reals([1], [0.1]), "float32"), "float64").data).toEqual(Float64Array.of(Math.fround(0.1)));
    expect(toReal(integers([2], [-7, 2 ** 40]), "float64")).toEqual(reals([2], [-7, 2 ** 40]));
    expect(toReal(tensor("int32", [1], Int32Array.of(-3)), "float32").data).toEqual(Float32Array.of(-3));
    expect(toReal(tensor("bool", [2], Uint8Array.of(0, 1)), "float64").data).toEqual(Float64Array.of(0, 1));
  });

  it("keeps the shape and leaves the source alone", () => {
    const copy = toReal(matrix, "float32");
    copy.data[0] = 9;
    expect(copy.shape).toEqual([3, 2]);
    expect(matrix.data[0]).toBe(1);
  });
});

describe("takeRows(source, indices) and sliceRows(source, start, end)", () => {
  it("take rows in the order asked for, with repeats, as a copy", () => {
    const taken = takeRows(matrix, [2, 0, 2]);
    expect(taken).toEqual(reals([3, 2], [5, 6, 1, 2, 5, 6]));
    taken.data[0] = 9;
    expect(matrix.data[4]).toBe(5);
    expect(takeRows(integers([3], [7, 8, 9]), Int32Array.of(1))).toEqual(integers([1], [8]));
    expect(takeRows(matrix, [])).toEqual(reals([0, 2], []));
  });

  it("take rows of each tensor to an array of its own that is written over, where it is long enough", () => {
    const reused = new ReusedArrays();
    const first = takeRows(matrix, [2, 0], reused);
    const labels = takeRows(integers([3], [7, 8, 9]), [1], reused);
    const second = takeRows(matrix, [1], reused);
    expect([first.data, second]).toEqual([Float64Array.of(3, 4, 1, 2), reals([1, 2], [3, 4])]);
    expect(second.data.buffer).toBe(first.data.buffer);
    expect(labels).toEqual(integers([1], [8]));
    expect(takeRows(matrix, [0, 1, 2], reused)).toEqual(matrix);
  });

  it("slice a range of rows as a view", () => {
    const view = sliceRows(matrix, 1, 3);
    expect(view).toEqual(reals([2, 2], [3, 4, 5, 6]));
    expect(view.data.buffer).toBe(matrix.data.buffer);
    expect(sliceRows(matrix, 1, 1)).toEqual(reals([0, 2], []));
  });
});

describe("viewRows(source, indices)", () => {
  it("is a view of rows that lie one after another, and a copy of others", () => {
    const pair = viewRows(matrix, [1, 2]);
    expect(pair).toEqual(takeRows(matrix, [1, 2]));
    expect(pair.data.buffer).toBe(matrix.data.buffer);
    for (const rows of [
      [2, 1],
      [0, 2],
      [1, 1],
    ]) {
      expect(viewRows(matrix, rows)).toEqual(takeRows(matrix, rows));
      expect(viewRows(matrix, rows).data.buffer).not.toBe(matrix.data.buffer);
    }
    expect(viewRows(matrix, [])).toEqual(takeRows(matrix, []));
  });

  it("has the shape asked for where there are no such rows, as takeRows has", () => {
    for (const rows of [[3], [2, 3], [-1, 0]]) expect(viewRows(matrix, rows)).toEqual(takeRows(matrix, rows));
  });
});

describe("findNonFinite(source)", () => {
  it.each([Number.NaN, Infinity, -Infinity])("gives the first position of %s", (bad) => {
    expect(findNonFinite(reals([4], [1, bad, 2, bad]))).toBe(1);
    expect(findNonFinite(toReal(reals([2], [1, bad]), "float32"))).toBe(1);
  });

  it("is -1 for finite numbers and for integers", () => {
    expect(findNonFinite(matrix)).toBe(-1);
    expect(findNonFinite(integers([2], [1, 2]))).toBe(-1);
    // 1e39 is finite in float64 only.
    expect(findNonFinite(reals([1], [1e39]))).toBe(-1);
    expect(findNonFinite(toReal(reals([1], [1e39]), "float32"))).toBe(0);
  });
});

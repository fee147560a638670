import { expect, test } from "vitest";
import { bytesOf, elementsOf } from "../../src/numeric/bytes.ts";

test("bytesOf shows exactly the bytes of a view, and elementsOf makes them numbers again without copying", () => {
  const data = Float64Array.of(1, 2, 3).subarray(1, 3);
  expect(bytesOf(data).length).toBe(16);
  expect(elementsOf("float64", bytesOf(data))).toEqual(Float64Array.of(2, 3));
  expect(elementsOf("float64", bytesOf(data)).buffer).toBe(data.buffer);
});

test("elementsOf copies bytes that start between two elements", () => {
  const bytes = Uint8Array.of(9, 1, 0, 0, 0, 2, 0, 0, 0).subarray(1);
  expect(elementsOf("int32", bytes)).toEqual(Int32Array.of(1, 2));
  expect(elementsOf("int32", bytes).buffer).not.toBe(bytes.buffer);
});

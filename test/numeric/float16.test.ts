import { expect, test } from "vitest";
import { float16ToNumber } from "../../src/numeric/float16.ts";

test.each([
  [0x0000, 0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65504], // largest
  [0x0400, 2 ** -14], // smallest normal
  [0x03ff, 1023 * 2 ** -24], // largest subnormal
  [0x0001, 2 ** -24], // smallest
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
  [0x8000, -0],
])("float16ToNumber(%i) is %d (IEEE 754, table of binary16)", (bits, value) => {
  expect(float16ToNumber(bits)).toBe(value);
});

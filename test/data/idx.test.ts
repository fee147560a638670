import { describe, expect, test } from "vitest";
import { decodeIdx } from "../../src/data/idx.ts";
import { InvalidDataError } from "../../src/errors.ts";

const matrix = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

describe("decodeIdx", () => {
  test("reads axes in big-endian order and the bytes behind them", () => {
    expect(decodeIdx(matrix, "x")).toEqual({ dtype: "uint8", shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  test("refuses a file cut at any byte, saying what was expected and got", () => {
    for (let length = 0; length < matrix.length; length++) {
      expect(() => decodeIdx(matrix.subarray(0, length), "x")).toThrow(InvalidDataError);
    }
    expect(() => decodeIdx(matrix.subarray(0, 15), "x")).toThrow("x: shape (2, 3) needs 6 bytes of elements, got 3");
    expect(() => decodeIdx(matrix.subarray(0, 9), "x")).toThrow(
      "x: the IDX header must have 12 bytes, got 9 (truncated)",
    );
  });

  test("refuses other formats and other element types", () => {
    expect(() => decodeIdx(Uint8Array.of(31, 139, 8, 0, 0), "x.gz")).toThrow(
      "x.gz: an IDX file of unsigned bytes must begin with [0, 0, 8, axes], got [31, 139, 8, 0]",
    );
    const floats = matrix.slice();
    floats[2] = 0x0d;
    expect(() => decodeIdx(floats, "x")).toThrow("got [0, 0, 13, 2]");
    expect(() => decodeIdx(Uint8Array.of(...matrix, 0), "x")).toThrow("got 7");
  });
});

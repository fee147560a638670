// NPY against files that numpy wrote (scripts/npy_fixtures.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InvalidDataError } from "../../src/errors.ts";
import { decodeNpy, encodeNpy } from "../../src/numeric/npy.ts";
import { type DType, integers, reals, type Tensor } from "../../src/numeric/tensor.ts";

const folder = new URL("../../fixtures/npy/", import.meta.url);
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));
const expected: Record<string, { shape: number[]; values: string[] }> = JSON.parse(
  readFileSync(new URL("expected.json", folder), "utf8"),
);

const elementOf = (text: string, tensor: Tensor): number | bigint =>
  tensor.dtype === "int64" ? BigInt(text) : Number(text.replace("inf", "Infinity"));

function refusal(bytes: Uint8Array, name = "x.npy"): string {
  try {
    decodeNpy(bytes, name);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDataError);
    return (error as Error).message;
  }
  throw new Error("decodeNpy refused nothing");
}

describe("decodeNpy reads what numpy wrote", () => {
  const cases: [file: string, dtype: DType][] = [
    ["float32", "float32"],
    ["float64", "float64"],
    ["float16", "float32"],
    ["int64", "int64"],
    ["int32", "int32"],
    ["int16", "int32"],
    ["int8", "int32"],
    ["uint8", "uint8"],
    ["uint16", "int32"],
    ["uint32", "int64"],
    ["uint64", "int64"],
    ["bool", "bool"],
    ["scalar", "float64"],
    ["vector", "int64"],
    ["empty", "float32"],
    ["fortran", "int32"],
  ];
  test.each(cases)("%s becomes %s with the same shape and values", (file, dtype) => {
    const tensor = decodeNpy(fixture(`${file}.npy`), file);
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.shape).toEqual(expected[file].shape);
    expect([...tensor.data]).toEqual(expected[file].values.map((text) => elementOf(text, tensor)));
  });

  test("format version 2 reads as version 1 does", () => {
    expect(decodeNpy(fixture("version-2.npy"), "v2")).toEqual(decodeNpy(fixture("float32.npy"), "v1"));
  });

  test("bytes that start off their alignment give the same array", () => {
    const bytes = fixture("int64.npy");
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeNpy(shifted.subarray(3), "shifted")).toEqual(decodeNpy(bytes, "aligned"));
  });
});

describe("decodeNpy refuses, naming the file", () => {
  test.each([
    ["big-endian", "x.npy: elements must be little-endian, got numpy dtype '>i4'; save with .astype('<i4')"],
    ["complex", "got numpy dtype '<c8'"],
    ["text", "got numpy dtype '<U2'"],
    ["structured", "got numpy dtype 'structured'"],
    ["uint64-large", "x.npy: uint64 elements must be below 2^63, got 9223372036854775808 at element 0"],
  ])("%s", (file, message) => {
    expect(refusal(fixture(`${file}.npy`))).toContain(message);
  });

  test("an array cut at any byte, saying what was expected and got", () => {
    const bytes = fixture("int64.npy");
    for (let length = 0; length < bytes.length; length++) refusal(bytes.subarray(0, length));
    expect(refusal(bytes.subarray(0, bytes.length - 8))).toBe(
      "x.npy: shape (2, 3) of '<i8' needs 48 bytes of elements, got 40 (truncated)",
    );
    expect(refusal(bytes.subarray(0, 60))).toBe("x.npy: the NPY header must end at byte 128, got 60 bytes (truncated)");
    expect(refusal(bytes.subarray(0, 0))).toContain("got 0 bytes");
  });

  test("bytes behind the array", () => {
    const bytes = new Uint8Array(fixture("vector.npy").length + 1);
    bytes.set(fixture("vector.npy"));
    expect(refusal(bytes)).toContain("needs 40 bytes of elements, got 41");
  });

  test("what is no NPY file, a format of the future and a header without a shape", () => {
    expect(refusal(new TextEncoder().encode("a,b,c\n1,2,3\n"))).toContain('must begin with "\\x93NUMPY"');
    const future = fixture("float32.npy");
    future[6] = 9;
    expect(refusal(future)).toContain("version must be 1, 2 or 3, got 9");
    const shapeless = fixture("float32.npy");
    shapeless[shapeless.indexOf("(".charCodeAt(0))] = "[".charCodeAt(0);
    expect(refusal(shapeless)).toContain("must name descr, fortran_order and shape");
  });
});

describe("decodeNpy refuses what a header claims and no array can be", () => {
  /** A file of version 2 with this shape and header length, and no elements. */
  function claiming(shape: string, length?: number): Uint8Array {
    const text = `{'descr': '|u1', 'fortran_order': True, 'shape': ${shape}, }`;
    const bytes = new Uint8Array(12 + text.length);
    bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 2, 0]);
    new DataView(bytes.buffer).setUint32(8, length ?? text.length, true);
    bytes.set(new TextEncoder().encode(text), 12);
    return bytes;
  }

  test.each([
    [claiming(`(${2n ** 60n},)`), "x.npy: the shape must have at most 64 axes and fewer than 2^53 elements"],
    [claiming(`(0, ${2n ** 60n})`), "x.npy: the shape must have at most 64 axes and fewer than 2^53 elements"],
    [claiming(`(${Array(65).fill(1)})`), "got 65 axes (1, 1,"],
    [claiming("(1099511627776,)"), "needs 1099511627776 bytes of elements, got 0 (truncated)"],
    [claiming("(1,)", 2 ** 32 - 1), "x.npy: the NPY header must have at most 65536 bytes, got 4294967295"],
  ])("%#", (bytes, message) => {
    expect(refusal(bytes)).toContain(message);
  });
});

describe("encodeNpy", () => {
  test.each(["float32", "float64", "int64", "int32", "uint8", "bool", "scalar", "vector", "empty"])(
    "%s gives numpy.save's bytes",
    (file) => {
      const bytes = fixture(`${file}.npy`);
      expect(encodeNpy(decodeNpy(bytes, file))).toEqual(bytes);
    },
  );

  test("writes only the elements that a view shows", () => {
    const whole = reals([4], [1, 2, 3, 4]);
    const view = { ...whole, shape: [2], data: whole.data.subarray(1, 3) };
    expect(decodeNpy(encodeNpy(view), "view")).toEqual(reals([2], [2, 3]));
    expect(decodeNpy(encodeNpy(integers([1, 1], [7])), "one")).toEqual(integers([1, 1], [7]));
  });
});

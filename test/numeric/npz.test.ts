// NPZ against archives that numpy wrote (scripts/npy_fixtures.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InvalidDataError } from "../../src/errors.ts";
import { decodeNpy } from "../../src/numeric/npy.ts";
import { decodeNpz, encodeNpz } from "../../src/numeric/npz.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";

const folder = new URL("../../fixtures/npy/", import.meta.url);
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));

describe("decodeNpz", () => {
  test.each(["stored.npz", "deflated.npz"])("reads %s as numpy wrote it", (file) => {
    const first = decodeNpy(fixture("float32.npy"), "float32");
    const second = decodeNpy(fixture("vector.npy"), "vector");
    expect(decodeNpz(fixture(file), file)).toEqual({ first, second });
  });

  test("reads only the arrays that are asked for", () => {
    expect(Object.keys(decodeNpz(fixture("stored.npz"), "x.npz", ["second", "third"]))).toEqual(["second"]);
  });

  test.each(["stored.npz", "deflated.npz"])("refuses %s cut at any byte", (file) => {
    const bytes = fixture(file);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeNpz(bytes.subarray(0, length), "x.npz")).toThrow(InvalidDataError);
    }
    expect(() => decodeNpz(bytes.subarray(0, 100), "x.npz")).toThrow(
      /^x\.npz: an NPZ file must be a whole zip archive, got 100 bytes/,
    );
  });

  test("refuses an array with one flipped bit", () => {
    const bytes = fixture("stored.npz");
    // The last byte of the first array: its local entry ends where the second one's signature PK\3\4 begins.
    const second = bytes.findIndex((_, i) => i > 0 && bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === 3);
    bytes[second - 1] ^= 1;
    expect(() => decodeNpz(bytes, "x.npz")).toThrow("x.npz: the checksum of first.npy must match its content");
    expect(Object.keys(decodeNpz(bytes, "x.npz", ["second"]))).toEqual(["second"]);
  });

  test("refuses what is no archive", () => {
    expect(() => decodeNpz(new TextEncoder().encode("x_train"), "x.npz")).toThrow(InvalidDataError);
  });
});

describe("encodeNpz", () => {
  const arrays = { weights: reals([2, 2], [1, 2, 3, 4]), "layer/labels": integers([3], [0, 1, 2]) };

  test("is read back by decodeNpz", () => {
    expect(decodeNpz(encodeNpz(arrays), "x.npz")).toEqual(arrays);
  });

  test("gives the same bytes whatever the clock says: the date is the zip format's first day", () => {
    const bytes = encodeNpz(arrays);
    // Local header: time at byte 10, date at 12; 1980-01-01 00:00 is 0 and (0 << 9) | (1 << 5) | 1.
    expect([...bytes.subarray(10, 14)]).toEqual([0, 0, 33, 0]);
  });
});

// NPZ against archives that numpy wrote (scripts/npy_fixtures.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InvalidDataError } from "../../src/errors.ts";
import { decodeNpy } from "../../src/numeric/npy.ts";
import { decodeNpz, encodeNpz } from "../../src/numeric/npz.ts";
import { integers, reals, tensor } from "../../src/numeric/tensor.ts";

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

  /** Where the directory's record of the first entry begins. */
  const directoryOf = (bytes: Uint8Array): number =>
    bytes.findIndex((_, i) => bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === 1 && bytes[i + 3] === 2);
  const withField = (file: string, at: number, value: number): Uint8Array => {
    const bytes = fixture(file);
    new DataView(bytes.buffer).setUint32(directoryOf(bytes) + at, value, true);
    return bytes;
  };

  test("refuses an archive that would expand further than data do, before it expands anything", () => {
    const claiming = withField("deflated.npz", 24, 2 ** 32 - 1);
    expect(() => decodeNpz(claiming, "x.npz")).toThrow(
      new RegExp(
        `^x\\.npz: the arrays must expand to at most 67108864 bytes, got 4294967\\d{3} from ${claiming.length}$`,
      ),
    );
    expect(decodeNpz(encodeNpz({ x: tensor("uint8", [2 ** 20], new Uint8Array(2 ** 20)) }), "x").x.data.length).toBe(
      2 ** 20,
    );
  });

  test("refuses an entry that expands to more or to less than it says", () => {
    expect(() => decodeNpz(withField("deflated.npz", 24, 5), "x.npz")).toThrow("it expands to more than it says");
    expect(() => decodeNpz(withField("deflated.npz", 24, 5000), "x.npz")).toThrow("expands to less than it says");
  });

  test("refuses a name that is there twice, and more entries than there are", () => {
    const bytes = encodeNpz({ ab: reals([1], [1]), cd: reals([1], [2]) });
    const names = Buffer.from(bytes).toString("latin1").replaceAll("cd.npy", "ab.npy");
    expect(() => decodeNpz(new Uint8Array(Buffer.from(names, "latin1")), "x.npz")).toThrow(
      "x.npz: an NPZ file must name each file once, got ab.npy twice",
    );
    const many = fixture("stored.npz");
    new DataView(many.buffer).setUint16(many.length - 12, 65535, true);
    expect(() => decodeNpz(many, "x.npz")).toThrow("must hold its directory, got 65535 entries");
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

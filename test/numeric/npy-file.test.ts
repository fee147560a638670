// NPY files that are written in any order hold what one that is written at once holds.

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { createNpyFile, reopenNpyFile } from "../../src/numeric/npy-file.node.ts";
import { reals, toReal } from "../../src/numeric/tensor.ts";

const folder = mkdtempSync(join(tmpdir(), "pathkernel-npy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytesOf = (path: string) => new Uint8Array(readFileSync(path));

describe.each(["float32", "float64"] as const)("a file of %s", (dtype) => {
  const array = toReal(
    reals(
      [3, 5],
      Array.from({ length: 15 }, (_, k) => Math.sin(k)),
    ),
    dtype,
  );
  const path = join(folder, `${dtype}.npy`);

  it("is the array, in whatever order its parts come, also after it was closed", () => {
    const file = createNpyFile(path, array);
    file.write(10, array.data.subarray(10, 15));
    file.write(1, array.data.subarray(1, 4));
    file.flush();
    file.close();
    const again = reopenNpyFile(path, array)!;
    again.write(4, array.data.subarray(4, 10));
    again.write(0, array.data.subarray(0, 1));
    again.close();
    expect(bytesOf(path)).toEqual(encodeNpy(array));
  });

  it("is zeros where nothing was written, and replaces what was there", () => {
    writeFileSync(path, "something longer than the array ".repeat(100));
    createNpyFile(path, array).close();
    expect(bytesOf(path)).toEqual(encodeNpy({ ...array, data: array.data.map(() => 0) }));
  });

  it("is not reopened as another array, nor where it is cut off or missing", () => {
    createNpyFile(path, array).close();
    expect(reopenNpyFile(path, { dtype, shape: [5, 3] })).toBeUndefined();
    expect(reopenNpyFile(path, { dtype: dtype === "float32" ? "float64" : "float32", shape: [3, 5] })).toBeUndefined();
    truncateSync(path, bytesOf(path).length - 1);
    expect(reopenNpyFile(path, array)).toBeUndefined();
    expect(reopenNpyFile(join(folder, "none.npy"), array)).toBeUndefined();
  });
});

it("what the system refuses is one line", () => {
  const path = join(folder, "none", "K.npy");
  expect(() => createNpyFile(path, { dtype: "float32", shape: [2] })).toThrow(
    `cannot write ${path}: the folder ${join(folder, "none")} does not exist`,
  );
  expect(() => reopenNpyFile(folder, { dtype: "float32", shape: [2] })).toThrow(
    `cannot write ${folder}: it is a folder, a file is needed`,
  );
});

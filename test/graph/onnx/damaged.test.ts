// A damaged file is refused as a model; nothing else ever escapes. `npm run test:fuzz` does far more damage.

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPathkernelError } from "../../../src/errors.ts";
import { readOnnx } from "../../../src/graph/onnx/reader.ts";

const folder = new URL("../../../fixtures/onnx/", import.meta.url);
const names = readdirSync(folder).filter((file) => file.endsWith(".onnx"));
const files = names.map((file) => new Uint8Array(readFileSync(new URL(file, folder))));

/** What reading gives: "read", or the tag of the error; any other error escapes. */
function outcome(bytes: Uint8Array): string {
  try {
    readOnnx(bytes, { name: "damaged.onnx" });
    return "read";
  } catch (error) {
    if (isPathkernelError(error, "InvalidModel", "Unsupported")) return error.tag;
    throw error;
  }
}

describe("readOnnx", () => {
  it.each(names)("refuses %s cut off anywhere as no model", (name) => {
    const whole = files[names.indexOf(name)];
    // Every length at the ends, where the framing is; every 97th between.
    const lengths = Array.from({ length: whole.length }, (_, i) => i).filter(
      (i) => i < 64 || i > whole.length - 64 || i % 97 === 0,
    );
    const outcomes = new Set(lengths.map((length) => outcome(whole.subarray(0, length))));
    expect(outcomes).toEqual(new Set(["InvalidModel"]));
  });

  it("survives wrong bytes", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...files), damage, (whole, changes) => {
        const bytes = whole.slice();
        for (const [position, value] of changes) bytes[position % bytes.length] = value;
        expect(["read", "InvalidModel", "Unsupported"]).toContain(outcome(bytes));
      }),
      { seed: 1, numRuns: 150 },
    );
  });
});

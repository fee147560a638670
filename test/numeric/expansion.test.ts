// The limits of what a compressed file may expand to.

import { constants } from "node:buffer";
import { expect, it } from "vitest";
import { mostExpanded } from "../../src/numeric/expansion.ts";

it("64 MiB for any file, 200 times its size for large ones, never more than zlib takes as a limit", () => {
  expect(mostExpanded(0)).toBe(2 ** 26);
  expect(mostExpanded(1e6)).toBe(2e8);
  // Fashion-MNIST's training images, gzipped.
  expect(mostExpanded(26_421_880)).toBeLessThanOrEqual(Math.min(2 ** 32, constants.MAX_LENGTH));
});

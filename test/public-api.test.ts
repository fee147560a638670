// The public names, as a snapshot: a name that lands in or falls out of index.ts by accident fails here.

import { expect, it } from "vitest";

it("the package exports exactly these names", async () => {
  expect(Object.keys(await import("../src/index.ts"))).toMatchInlineSnapshot(`
    [
      "PathkernelError",
      "UnsupportedError",
      "InvalidModelError",
      "InvalidDataError",
      "FileError",
      "RunNotFoundError",
      "InvalidRunError",
      "ShapeMismatchError",
      "DivergedError",
      "EngineError",
      "isPathkernelError",
      "layoutOf",
      "viewsOf",
      "sizeOf",
      "tensor",
      "allocate",
      "zeros",
      "reals",
      "integers",
      "toReal",
      "takeRows",
      "sliceRows",
      "findNonFinite",
    ]
  `);
});

// The operators that a graph may hold, each with its shape rule: one file a family, joined here.

import type { ShapeRule } from "../types.ts";
import { blockedShapes } from "./blocked.ts";
import { constantShapes } from "./constants.ts";
import { convolutionShapes } from "./convolution.ts";
import { elementwiseShapes } from "./elementwise.ts";
import { indexingShapes } from "./indexing.ts";
import { matmulShapes } from "./matmul.ts";
import { poolingShapes } from "./pooling.ts";
import { reduceShapes } from "./reduce.ts";
import { slicingShapes } from "./slicing.ts";
import { structureShapes } from "./structure.ts";

/** Shape rules by operator name (opset 18). */
export const shapeRules: ReadonlyMap<string, ShapeRule> = new Map(
  Object.entries({
    ...elementwiseShapes,
    ...matmulShapes,
    ...structureShapes,
    ...slicingShapes,
    ...indexingShapes,
    ...reduceShapes,
    ...constantShapes,
    ...convolutionShapes,
    ...poolingShapes,
  }),
);

/** Those of the operators that only an engine writes, into graphs that nobody differentiates any more. */
export const engineShapeRules: ReadonlyMap<string, ShapeRule> = new Map(Object.entries(blockedShapes));

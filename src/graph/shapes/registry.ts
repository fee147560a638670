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

/** `Dropout` nodes are neither run nor differentiated: evaluation leaves them out, training has masks in their place. */
const dropout: ShapeRule = ({ inputs: [x] }) => [{ dtype: x!.dtype, shape: x!.shape }];

/** Those of operators in graphs that nobody differentiates: what only an engine writes, and `Dropout`, which is only stored. */
export const otherShapeRules: ReadonlyMap<string, ShapeRule> = new Map(
  Object.entries({ ...blockedShapes, Dropout: dropout }),
);

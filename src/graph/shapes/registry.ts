// The operators that a graph may hold, each with its shape rule: one file a family, joined here.

import type { ShapeRule } from "../types.ts";
import { elementwiseShapes } from "./elementwise.ts";
import { matmulShapes } from "./matmul.ts";

/** Shape rules by operator name (opset 18). */
export const shapeRules: ReadonlyMap<string, ShapeRule> = new Map(Object.entries({ ...elementwiseShapes, ...matmulShapes }));

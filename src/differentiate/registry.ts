// The differentiation rules of all operators: one file a family, joined here.

import type { OperatorRules } from "./rule.ts";
import { elementwiseRules } from "./rules/elementwise.ts";
import { matmulRules } from "./rules/matmul.ts";
import { piecewiseRules } from "./rules/piecewise.ts";

/** Rules by operator name; every operator that a rule emits is here itself. */
export const operatorRules: ReadonlyMap<string, OperatorRules> = new Map(
  Object.entries({ ...elementwiseRules, ...piecewiseRules, ...matmulRules }),
);

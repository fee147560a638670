// The differentiation rules of all operators: one file a family, joined here.

import type { OperatorRules } from "./rule.ts";
import { constantRules } from "./rules/constants.ts";
import { convolutionRules } from "./rules/convolution.ts";
import { elementwiseRules } from "./rules/elementwise.ts";
import { indexingRules } from "./rules/indexing.ts";
import { matmulRules } from "./rules/matmul.ts";
import { piecewiseRules } from "./rules/piecewise.ts";
import { poolingRules } from "./rules/pooling.ts";
import { reduceRules } from "./rules/reduce.ts";
import { slicingRules } from "./rules/slicing.ts";
import { structureRules } from "./rules/structure.ts";

/** Rules by operator name; every operator that a rule emits is here itself. */
export const operatorRules: ReadonlyMap<string, OperatorRules> = new Map(
  Object.entries({
    ...elementwiseRules,
    ...piecewiseRules,
    ...matmulRules,
    ...structureRules,
    ...slicingRules,
    ...indexingRules,
    ...reduceRules,
    ...constantRules,
    ...convolutionRules,
    ...poolingRules,
  }),
);

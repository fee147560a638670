// All cases of all operators, one file a family.

import type { OperatorCase } from "../../conformance/operator-case.ts";
import { convolutionCases } from "./convolution.ts";
import { elementwiseCases } from "./elementwise.ts";
import { indexingCases } from "./indexing.ts";
import { matmulCases } from "./matmul.ts";
import { poolingCases } from "./pooling.ts";
import { reduceCases } from "./reduce.ts";
import { structureCases } from "./structure.ts";

export const operatorCases: readonly OperatorCase[] = [
  ...elementwiseCases,
  ...matmulCases,
  ...structureCases,
  ...indexingCases,
  ...reduceCases,
  ...convolutionCases,
  ...poolingCases,
];

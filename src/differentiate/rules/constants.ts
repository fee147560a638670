// Rules of operators that make values of shapes and fixed numbers: they have derivative zero, except conversions of reals.

import { cast } from "../../graph/ops.ts";
import type { RuleTable } from "../rule.ts";

const zero = {};

export const constantRules: RuleTable = {
  Shape: zero,
  Size: zero,
  Range: zero,
  Constant: zero,
  ConstantOfShape: zero,
  /** Between reals the identity; to integers and truth values piecewise constant. */
  Cast: {
    vjp: ({ outputs }, [g]) => [outputs[0].dtype === "real" ? g : undefined],
    jvp: ({ b, outputs }, [t]) => [t && outputs[0].dtype === "real" ? cast(b, t, "real") : undefined],
  },
};

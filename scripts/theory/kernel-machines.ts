// Rows of the theory's table on machines that are solved for over a kernel: what their coefficients are of the targets.

import { linearInTargets } from "../../test/helpers/special/convex.ts";
import { affineInTargets } from "../../test/helpers/special/support-vectors.ts";
import type { TheoryRow } from "./row.ts";

const short = (value: number): string => value.toExponential(1);

export const rows: readonly TheoryRow[] = [
  {
    id: "003-06",
    statement: "a_i linear in the targets under a squared loss",
    by: "kernelRidge, explain, supportVectorRegressor, supportVectorClassifier",
    test: "machines/kernel-ridge.test.ts, explain/special-linear.test.ts, machines/support-vectors.test.ts",
    holds:
      "where the kernel does not change: linear models, ridge regression; in a network K depends on y too; of support vectors a_i = s_i alpha_i, affine in the targets only while the same points are at the same bounds",
    measure: async () => {
      const { small, large, flipped } = await affineInTargets();
      return `contributions of a linear model: relative difference ${short(await linearInTargets())}; support vector regression: departure from affine ${short(small)} of the change while support stays, ${short(large)} where it changes; classes exchanged: a + a' ${short(flipped)}`;
    },
    quick: true,
  },
];

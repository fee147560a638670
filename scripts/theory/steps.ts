// What enters a step beside the gradients of the examples: regularisers go into b (Domingos, Remark 4), clips are factors.

import { measureExactness } from "../../test/helpers/exactness.ts";
import type { OptimizerChoice } from "../../test/helpers/optimizer-choices.ts";
import { clippedChoices, regularisedChoices } from "../../test/helpers/step-choices.ts";
import type { TheoryRow } from "./row.ts";

/** The worst of some trainings of a tanh network in float64, explained with the adaptive rule at 1e-10. */
async function worstOf(choices: readonly OptimizerChoice[]): Promise<string> {
  let [residual, closure] = [0, 0];
  for (const optimizer of choices) {
    const tested = { optimizer, loss: "mse", model: "tanh", dtype: "float64" } as const;
    const measured = await measureExactness(tested, { steps: 20, queries: 3 });
    residual = Math.max(residual, measured.residual);
    closure = Math.max(closure, measured.closure);
  }
  const of = `${choices.length} trainings`;
  return `${of}: residual / scale at most ${residual.toExponential(1)}, closure / gross at most ${closure.toExponential(1)}`;
}

export const rows: readonly TheoryRow[] = [
  {
    id: "001-14",
    statement:
      "a regulariser goes into b: b = f(w_0) - sum_j sum_r u_r alpha_r grad R_j(w_r) - decay, alpha_r the clip",
    by: "createRegulariser, withClipping, explain (terms)",
    test: "explain/regularisers.test.ts, explain/clipping.test.ts, train/torch-steps.test.ts",
    holds:
      "l2, l1, elastic, distance, coupled and decoupled decay each apart, clipped by norm, by value or not; by value there is no path kernel",
    measure: async () => `regularised: ${await worstOf(regularisedChoices)}; clipped: ${await worstOf(clippedChoices)}`,
  },
];

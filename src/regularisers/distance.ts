// R(w) = lambda / 2 ||w - w_0||^2: a pull back to where training began.

import { positive } from "./numbers.ts";
import type { Regulariser } from "./types.ts";

export function createDistance(given: number): Regulariser {
  const lambda = positive("lambda of distance", given);
  return {
    name: "distance",
    options: { lambda },
    needsReference: true,
    value(params, reference) {
      let square = 0;
      for (let k = 0; k < params.length; k++) square += (params[k] - reference[k]) ** 2;
      return (lambda / 2) * square;
    },
    gradient(params, reference, rho) {
      for (let k = 0; k < params.length; k++) rho[k] = lambda * (params[k] - reference[k]);
    },
  };
}

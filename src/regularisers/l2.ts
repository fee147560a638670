// R(w) = lambda / 2 ||w||^2: weight decay as a part of the loss, so that clips and preconditioners have it too.

import { dot } from "../numeric/sum.ts";
import { positive } from "./numbers.ts";
import type { Regulariser } from "./types.ts";

export function createL2(given: number): Regulariser {
  const lambda = positive("lambda of l2", given);
  return {
    name: "l2",
    options: { lambda },
    needsReference: false,
    value: (params) => (lambda / 2) * dot(params, params),
    gradient(params, _reference, rho) {
      for (let k = 0; k < params.length; k++) rho[k] = lambda * params[k];
    },
  };
}

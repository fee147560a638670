// R(w) = lambda ||w||_1 (Tibshirani 1996). Its gradient is lambda sign(w), 0 at 0 as PyTorch has it.

import { sum } from "../numeric/sum.ts";
import { positive } from "./numbers.ts";
import type { Regulariser } from "./types.ts";

export function createL1(given: number): Regulariser {
  const lambda = positive("lambda of l1", given);
  return {
    name: "l1",
    options: { lambda },
    needsReference: false,
    value: (params) => lambda * sum(params.map(Math.abs)),
    gradient(params, _reference, rho) {
      for (let k = 0; k < params.length; k++) rho[k] = lambda * Math.sign(params[k]);
    },
  };
}

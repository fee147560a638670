// R(w) = lambda_1 ||w||_1 + lambda_2 / 2 ||w||^2, the elastic net (Zou & Hastie 2005).

import { createL1 } from "./l1.ts";
import { createL2 } from "./l2.ts";
import type { Regulariser } from "./types.ts";

export function createElastic(l1: number, l2: number): Regulariser {
  const [absolute, square] = [createL1(l1), createL2(l2)];
  return {
    name: "elastic",
    options: { l1, l2 },
    needsReference: false,
    value: (params, reference) => absolute.value(params, reference) + square.value(params, reference),
    gradient(params, _reference, rho) {
      for (let k = 0; k < params.length; k++) rho[k] = l1 * Math.sign(params[k]) + l2 * params[k];
    },
  };
}

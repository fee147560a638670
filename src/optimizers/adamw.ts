// AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), and AMSGrad: torch.optim.AdamW.

import { createFromMoments, momentRules } from "./moments.ts";
import { type OptimizerOptions, resolveOptions } from "./options.ts";
import type { Optimizer } from "./types.ts";

const RULES = momentRules(1e-2);

/** AdamW: w_s is first multiplied by 1 - eta_s lambda; the gradient is from before that. See `createFromMoments`. */
export function createAdamW(name: string, given: OptimizerOptions): Optimizer {
  return createFromMoments(name, resolveOptions(name, given, RULES), "decoupled");
}

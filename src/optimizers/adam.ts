// Adam (Kingma & Ba 2015, arXiv:1412.6980) with L2 decay in the gradient, and AMSGrad: torch.optim.Adam.

import { createFromMoments, momentRules } from "./moments.ts";
import { type OptimizerOptions, resolveOptions } from "./options.ts";
import type { Optimizer } from "./types.ts";

const RULES = momentRules(0);

/** Adam: weight decay is coupled, G_s = g_s + lambda w_s, and passes through the moments; see `createFromMoments`. */
export function createAdam(name: string, given: OptimizerOptions): Optimizer {
  return createFromMoments(name, resolveOptions(name, given, RULES), "coupled");
}

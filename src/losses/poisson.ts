// Negative log-likelihood of counts, for outputs that are logarithms of rates.

import { mul, sub } from "../graph/ops.ts";
import { meanOfExample } from "../graph/outputs.ts";
import type { Loss } from "./types.ts";

/** l = mean over outputs of exp(y) - target y; l' = (exp(y) - target) / C. As `torch.nn.PoissonNLLLoss()`: without the term ln(target!). */
export const poisson: Loss = {
  name: "poisson",
  target: "real",
  targets: { must: "at least 0", holds: (target) => target >= 0 },
  value: (b, y, target) => meanOfExample(b, sub(b, b.op("Exp", [y]), mul(b, target, y))),
};

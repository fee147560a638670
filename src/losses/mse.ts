// Mean squared error, and its half.

import type { GraphBuilder } from "../graph/builder.ts";
import { mul, sub } from "../graph/ops.ts";
import { meanOfExample } from "../graph/outputs.ts";
import type { Value } from "../graph/types.ts";
import type { Loss } from "./types.ts";

/** factor / C sum_c (y_c - target_c)^2. */
function meanSquare(b: GraphBuilder, y: Value, target: Value, factor: number): Value {
  const error = sub(b, y, target);
  return meanOfExample(b, mul(b, error, error), factor);
}

/** l = mean over outputs of (y - target)^2; l' = 2 (y - target) / C. As `torch.nn.MSELoss` (mean over N and all outputs). */
export const mse: Loss = {
  name: "mse",
  target: "real",
  value: (b, y, target) => meanSquare(b, y, target, 1),
};

/** Half of `mse`: l' = (y - target) / C, the sources' convention for one output. */
export const halfMse: Loss = {
  name: "half-mse",
  target: "real",
  value: (b, y, target) => meanSquare(b, y, target, 0.5),
};

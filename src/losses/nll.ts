// Negative log-likelihood of outputs that are probabilities, for class indices: Domingos' Remark 3.

import type { GraphBuilder } from "../graph/builder.ts";
import { neg, where } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { atClass } from "./class-mask.ts";
import { ignoredAt, meanOverPositions, sumOverPositions } from "./positions.ts";
import type { Loss } from "./types.ts";

/** -ln p_t at each position, 0 where it does not count. The other probabilities are not read: their derivative is 0 even where they are 0. */
function surprise(b: GraphBuilder, p: Value, target: Value): Value {
  return neg(b, b.op("Log", [where(b, ignoredAt(b, target), 1, atClass(b, target, p))]));
}

const SHARED: Pick<Loss, "target" | "probabilities" | "outputs"> = {
  target: "class",
  probabilities: (_, y) => y,
  outputs: "probabilities > 0",
};

/**
 * l = -ln p_t, p the outputs, t the target's class; l' = -1 / p_t at t, 0 elsewhere. As `torch.nn.NLLLoss` of ln p. With positions the mean over
 * those that count.
 *
 * At p_t = 0 the loss is infinite, below it is no number: training ends there as diverged, and says what the outputs must be.
 */
export const nll: Loss = {
  ...SHARED,
  name: "nll",
  value: (b, y, target) => meanOverPositions(b, target, surprise(b, y, target)),
};

/**
 * l = -sum_i ln p_i over the positions i of an example that count: the joint likelihood of outputs that are independent given x, the form that
 * Domingos' Remark 3 has. l'_i = -1 / p_i. As `torch.nn.NLLLoss(reduction="sum")` of ln p for each example.
 */
export const jointNll: Loss = {
  ...SHARED,
  name: "joint-nll",
  sums: true,
  value: (b, y, target) => sumOverPositions(b, target, surprise(b, y, target)),
};

// Binary cross-entropy on logits, for targets in [0, 1].

import { mul, sub } from "../graph/ops.ts";
import { meanOfExample } from "../graph/outputs.ts";
import type { Loss } from "./types.ts";

/**
 * l = mean over outputs of softplus(y) - target y; l' = (sigmoid(y) - target) / C.
 * As `torch.nn.BCEWithLogitsLoss`: max(y, 0) - y target + log(1 + exp(-|y|)) is the same function.
 */
export const binaryCrossEntropy: Loss = {
  name: "binary-cross-entropy",
  target: "real",
  targets: { must: "in [0, 1]", holds: (target) => target >= 0 && target <= 1 },
  binary: true,
  probabilities: (b, y) => b.op("Sigmoid", [y]),
  value: (b, y, target) => meanOfExample(b, sub(b, b.op("Softplus", [y]), mul(b, y, target))),
};

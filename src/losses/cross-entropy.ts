// Cross-entropy on logits, for class indices.

import { neg, reduceSum, where } from "../graph/ops.ts";
import { classMask } from "./class-mask.ts";
import type { Loss } from "./types.ts";

/** l = -log softmax(y)[target]; l' = softmax(y) - onehot(target). As `torch.nn.CrossEntropyLoss`. */
export const crossEntropy: Loss = {
  name: "cross-entropy",
  target: "class",
  probabilities: (b, y) => b.op("Softmax", [y], { axis: 1 }),
  value: (b, y, target) =>
    neg(b, reduceSum(b, where(b, classMask(b, target, y), b.op("LogSoftmax", [y], { axis: 1 }), 0), [1])),
};

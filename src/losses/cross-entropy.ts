// Cross-entropy on logits, for class indices.

import type { GraphBuilder } from "../graph/builder.ts";
import { div, neg, where } from "../graph/ops.ts";
import { IGNORED, sumOfExample } from "../graph/outputs.ts";
import type { Value } from "../graph/types.ts";
import { integers } from "../numeric/tensor.ts";
import { classMask } from "./class-mask.ts";
import type { Loss } from "./types.ts";

/** Positions of each example that count, at least 1: (N). */
function counted(b: GraphBuilder, target: Value): Value {
  const ignored = b.op("Equal", [target, b.constant(integers([], [IGNORED]))]);
  return b.op("Max", [sumOfExample(b, where(b, ignored, 0, 1)), b.scalar(1)]);
}

/**
 * l = -log softmax(y)[target]; l' = softmax(y) - onehot(target). As `torch.nn.CrossEntropyLoss`.
 *
 * With positions, y (N, T, C) and targets (N, T): the mean over the positions of an example, leaving out those of target -100 (an example
 * of such alone has loss 0). The mean of a batch is PyTorch's over N and T where every example counts as many positions; where they
 * differ, PyTorch weighs examples by their positions, and here each weighs the same. Classes are on the last axis, not the second.
 */
export const crossEntropy: Loss = {
  name: "cross-entropy",
  target: "class",
  probabilities: (b, y) => b.op("Softmax", [y], { axis: y.shape.length - 1 }),
  value: (b, y, target) => {
    const logarithms = b.op("LogSoftmax", [y], { axis: y.shape.length - 1 });
    // An ignored position has no true entry in the mask.
    const total = neg(b, sumOfExample(b, where(b, classMask(b, target, y), logarithms, 0)));
    return y.shape.length === 2 ? total : div(b, total, counted(b, target));
  },
};

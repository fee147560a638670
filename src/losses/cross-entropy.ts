// Cross-entropy on logits, for class indices, with or without label smoothing.

import { add, div, mul, neg, reduceSum, where } from "../graph/ops.ts";
import { sumOfExample } from "../graph/outputs.ts";
import { atClass, classMask } from "./class-mask.ts";
import { counted, meanOverPositions } from "./positions.ts";
import type { Loss } from "./types.ts";

const SHARED: Pick<Loss, "target" | "probabilities"> = {
  target: "class",
  probabilities: (b, y) => b.op("Softmax", [y], { axis: y.shape.length - 1 }),
};

/**
 * l = -log softmax(y)[target]; l' = softmax(y) - onehot(target). As `torch.nn.CrossEntropyLoss`.
 *
 * With positions, y (N, T, C) and targets (N, T): the mean over the positions of an example, leaving out those of target -100 (an example
 * of such alone has loss 0). The mean of a batch is PyTorch's over N and T where every example counts as many positions; where they
 * differ, PyTorch weighs examples by their positions, and here each weighs the same. Classes are on the last axis, not the second.
 */
export const crossEntropy: Loss = {
  ...SHARED,
  name: "cross-entropy",
  value: (b, y, target) => {
    const logarithms = b.op("LogSoftmax", [y], { axis: y.shape.length - 1 });
    // An ignored position has no true entry in the mask.
    const total = neg(b, sumOfExample(b, where(b, classMask(b, target, y), logarithms, 0)));
    return y.shape.length === 2 ? total : div(b, total, counted(b, target));
  },
};

/**
 * Cross-entropy to the target mixed with all classes alike: l = -(1 - e) log p_t - e/C sum_c log p_c, p = softmax(y);
 * l' = p - (1 - e) onehot(t) - e/C. As `torch.nn.CrossEntropyLoss(label_smoothing=e)`; positions as above.
 */
export function smoothedCrossEntropy(smoothing: number): Loss {
  return {
    ...SHARED,
    name: `cross-entropy:${smoothing}`,
    value: (b, y, target) => {
      const axis = y.shape.length - 1;
      const logarithms = b.op("LogSoftmax", [y], { axis });
      const own = mul(b, atClass(b, target, logarithms), smoothing - 1);
      const all = mul(b, reduceSum(b, logarithms, [axis]), -smoothing / (y.shape[axis] as number));
      return meanOverPositions(b, target, add(b, own, all));
    },
  };
}

// Losses that are zero from some margin on: hinge, perceptron, and the margin of a class over the others.

import type { GraphBuilder } from "../graph/builder.ts";
import { add, mul, neg, reduceSum, sub, unsqueeze, where } from "../graph/ops.ts";
import { meanOfExample } from "../graph/outputs.ts";
import type { Value } from "../graph/types.ts";
import { atClass, classMask } from "./class-mask.ts";
import { meanOverPositions } from "./positions.ts";
import type { Loss } from "./types.ts";

const SIGNS: Pick<Loss, "target" | "targets" | "labels" | "binary"> = {
  target: "real",
  targets: { must: "-1 or 1", holds: (target) => target === -1 || target === 1 },
  labels: "signs",
  binary: true,
};

/** mean over outputs of max(0, margin - target y). */
function signedMargin(b: GraphBuilder, y: Value, target: Value, margin: number): Value {
  const own = neg(b, mul(b, target, y));
  return meanOfExample(b, b.op("Relu", [margin === 0 ? own : add(b, own, margin)]));
}

/**
 * l = mean over outputs of max(0, 1 - t y), targets t in {-1, 1}; l' = -t / C where t y < 1, else 0: the loss of support vector machines.
 * Examples beyond the margin contribute nothing to a step.
 */
export const hinge: Loss = { ...SIGNS, name: "hinge", value: (b, y, target) => signedMargin(b, y, target, 1) };

/**
 * l = mean over outputs of max(0, -t y), targets t in {-1, 1}; l' = -t / C where t y < 0, else 0: Rosenblatt's perceptron, whose steps add or take away the
 * examples that are on the wrong side. At y = 0 the derivative is 0 (relu'(0) = 0): from weights of zero nothing moves.
 */
export const perceptron: Loss = {
  ...SIGNS,
  name: "perceptron",
  value: (b, y, target) => signedMargin(b, y, target, 0),
};

/**
 * l = 1/C sum over classes c other than the target t of max(0, margin - y_t + y_c). As `torch.nn.MultiMarginLoss(margin=margin)`; with positions the
 * mean over those that count.
 */
export function multiMargin(margin: number): Loss {
  return {
    name: `multi-margin:${margin}`,
    target: "class",
    value: (b, y, target) => {
      const last = y.shape.length - 1;
      const own = unsqueeze(b, atClass(b, target, y), [last]);
      const over = b.op("Relu", [add(b, sub(b, y, own), margin)]);
      const others = reduceSum(b, where(b, classMask(b, target, y), 0, over), [last]);
      return meanOverPositions(b, target, mul(b, others, 1 / (y.shape[last] as number)));
    },
  };
}

// Huber's loss: squares near the target, distances further out.

import { mul, sub } from "../graph/ops.ts";
import { meanOfExample } from "../graph/outputs.ts";
import type { Loss } from "./types.ts";

/**
 * l = mean over outputs of e²/2 for |e| <= delta, delta (|e| - delta/2) else, e = y - target; l' = clip(e, -delta, delta) / C. As `torch.nn.HuberLoss`.
 */
export function huber(delta: number): Loss {
  return {
    name: `huber:${delta}`,
    target: "real",
    value: (b, y, target) => {
      const error = sub(b, y, target);
      const clipped = b.op("Clip", [error, b.scalar(-delta), b.scalar(delta)]);
      // c (e - c/2) is both branches at once, and so is its derivative c.
      return meanOfExample(b, mul(b, clipped, sub(b, error, mul(b, clipped, 0.5))));
    },
  };
}

// The adjoints of broadcasting: over the whole batch, and for each example apart.

import type { GraphBuilder } from "../graph/builder.ts";
import { isBatch, type Shape } from "../graph/dim.ts";
import { reduceSum, reshape } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import type { Factor } from "./factor.ts";

/**
 * Per-example adjoint of broadcasting a value of fixed `shape` to `full` (N, ...): sums what was broadcast, but never over
 * examples; gives (N, ...shape). Undefined where the batch is not the first axis of `full`.
 */
export function unbroadcastPerExample(b: GraphBuilder, full: Value, shape: Shape): Factor | undefined {
  if (full.shape[0] !== "N" || full.shape.slice(1).some(isBatch)) return undefined;
  const lead = full.shape.length - shape.length;
  const axes: number[] = [];
  for (let i = 1; i < full.shape.length; i++) {
    if (i < lead || (shape[i - lead] === 1 && full.shape[i] !== 1)) axes.push(i);
  }
  return { kind: "dense", value: reshape(b, reduceSum(b, full, axes), ["N", ...shape]) };
}

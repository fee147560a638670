// The adjoints of broadcasting: over the whole batch, and for each example apart.

import type { GraphBuilder } from "../graph/builder.ts";
import { isBatch, type Shape } from "../graph/dim.ts";
import { reduceSum, reshape } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { exampleLayout, examplesFirst } from "./example-layout.ts";
import type { Factor } from "./factor.ts";

/** Sums (N, ...) over what was broadcast from `shape`, but never over examples: (N, ...shape). */
export function sumPerExample(b: GraphBuilder, full: Value, shape: Shape): Value {
  const lead = full.shape.length - shape.length;
  const axes: number[] = [];
  for (let i = 1; i < full.shape.length; i++) {
    if (i < lead || (shape[i - lead] === 1 && full.shape[i] !== 1)) axes.push(i);
  }
  return reshape(b, reduceSum(b, full, axes), ["N", ...shape]);
}

/**
 * Per-example adjoint of broadcasting a value of `shape` to `output`, for a cotangent `full` of the output's shape; gives
 * (N, ...shape). Undefined where it cannot be told how the examples lie in the output.
 */
export function unbroadcastPerExample(
  b: GraphBuilder,
  full: Value,
  { shape, output }: { readonly shape: Shape; readonly output: Value },
): Factor | undefined {
  const first = output.shape[0] === "N" && !output.shape.slice(1).some(isBatch);
  if (first) return { kind: "dense", value: sumPerExample(b, full, shape) };
  const layout = exampleLayout(b, output);
  return layout && { kind: "dense", value: sumPerExample(b, examplesFirst(b, full, layout), shape) };
}

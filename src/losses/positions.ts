// Losses at the positions of an example, made into one: those that do not count are left out.

import type { GraphBuilder } from "../graph/builder.ts";
import { div, where } from "../graph/ops.ts";
import { IGNORED, sumOfExample } from "../graph/outputs.ts";
import type { Value } from "../graph/types.ts";
import { integers } from "../numeric/tensor.ts";

/** Whether the target of a position is -100: the shape of the targets, bool. */
export function ignoredAt(b: GraphBuilder, target: Value): Value {
  return b.op("Equal", [target, b.constant(integers([], [IGNORED]))]);
}

/** Positions of each example that count, at least 1: (N). */
export function counted(b: GraphBuilder, target: Value): Value {
  return b.op("Max", [sumOfExample(b, where(b, ignoredAt(b, target), 0, 1)), b.scalar(1)]);
}

/** Losses in the shape of the targets, (N) or (N, ...positions), to (N): their mean over positions that count, 0 where none does. */
export function meanOverPositions(b: GraphBuilder, target: Value, losses: Value): Value {
  const total = sumOverPositions(b, target, losses);
  return target.shape.length === 1 ? total : div(b, total, counted(b, target));
}

/** The same with their sum. */
export function sumOverPositions(b: GraphBuilder, target: Value, losses: Value): Value {
  return sumOfExample(b, where(b, ignoredAt(b, target), 0, losses));
}

// Class indices as masks with one true entry at each position.

import type { GraphBuilder } from "../graph/builder.ts";
import { reduceSum, unsqueeze, where } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { integers } from "../numeric/tensor.ts";

/** (N, ...positions) class indices -> the shape of y, bool, true at the class; nowhere for an index that is no class. */
export function classMask(b: GraphBuilder, target: Value, y: Value): Value {
  const last = y.shape.length - 1;
  const count = y.shape[last] as number;
  const classes = b.constant(
    integers(
      [count],
      Array.from({ length: count }, (_, k) => k),
    ),
  );
  return b.op("Equal", [unsqueeze(b, target, [last]), classes]);
}

/** y at the target's class, for each position: the shape of the targets; 0 for an index that is no class. */
export function atClass(b: GraphBuilder, target: Value, y: Value): Value {
  return reduceSum(b, where(b, classMask(b, target, y), y, 0), [y.shape.length - 1]);
}

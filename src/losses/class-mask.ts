// Class indices as masks with one true entry a row.

import type { GraphBuilder } from "../graph/builder.ts";
import { unsqueeze } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { integers } from "../numeric/tensor.ts";

/** (N) class indices -> (N, C) bool, true at the class. */
export function classMask(b: GraphBuilder, target: Value, y: Value): Value {
  const count = y.shape[1] as number;
  const classes = b.constant(
    integers(
      [count],
      Array.from({ length: count }, (_, k) => k),
    ),
  );
  return b.op("Equal", [unsqueeze(b, target, [1]), classes]);
}

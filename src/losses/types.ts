// What every loss is: a graph fragment from outputs and targets to one number for each example.

import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/types.ts";

export interface Loss {
  readonly name: string;
  /** `class`: targets are int64 class indices (N), or (N, ...positions); `real`: targets have the shape of the outputs (N, ...). */
  readonly target: "class" | "real";
  /** Turns outputs into probabilities where the loss reads them as logits; undefined for regression losses. */
  readonly probabilities?: (b: GraphBuilder, y: Value) => Value;
  /** l(y_n, target_n) for each example: (N). A step's loss is the sum over its batch of c_{s,n} l_n (theory 1.0). */
  value(b: GraphBuilder, y: Value, target: Value): Value;
}

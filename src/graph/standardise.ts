// Standardising along axes, as layer, group and instance normalisation do before they scale.

import type { GraphBuilder } from "./builder.ts";
import { add, div, mul, sub } from "./ops.ts";
import type { Value } from "./types.ts";

/** (x - mean over axes) / sqrt(variance over axes + epsilon). */
export function standardised(
  b: GraphBuilder,
  x: Value,
  options: { readonly axes: readonly number[]; readonly epsilon: number },
): Value {
  const axes = b.ints(options.axes);
  const centred = sub(b, x, b.op("ReduceMean", [x, axes], { keepdims: 1 }));
  const variance = b.op("ReduceMean", [mul(b, centred, centred), axes], { keepdims: 1 });
  return div(b, centred, b.op("Sqrt", [add(b, variance, options.epsilon)]));
}

// The parameters at the nodes of a quadrature rule along a recorded step.

import { fixedRule, fixedRuleNames } from "../numeric/quadrature.ts";
import { allocate, type RealArray, type RealDType } from "../numeric/tensor.ts";

export interface StepNode {
  /** w_s + t (w_{s+1} - w_s), in the run's dtype; w_s itself at t = 0. */
  readonly params: RealArray;
  readonly weight: number;
}

/** The nodes that a rule has on a step from `before` to `after`. RangeError for a rule without fixed nodes. */
export function stepNodes(where: string, rule: string): (before: RealArray, after: RealArray) => StepNode[] {
  const known = fixedRule(rule);
  if (!known) throw new RangeError(`${where}: rule must be one of ${fixedRuleNames.join(", ")}, got ${rule}`);
  return (before, after) =>
    known.nodes.map((t, q) => ({ params: between(before, after, t), weight: known.weights[q] }));
}

function between(before: RealArray, after: RealArray, t: number): RealArray {
  if (t === 0) return before;
  if (t === 1) return after;
  const dtype: RealDType = before instanceof Float32Array ? "float32" : "float64";
  const params = allocate(dtype, before.length) as RealArray;
  for (let k = 0; k < params.length; k++) params[k] = before[k] + t * (after[k] - before[k]);
  return params;
}

// Rules of ReduceMax and ReduceMin: all goes to the first extreme element.

import { fullLike, reshape, sub } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import type { OperatorRules, RuleContext, RuleTable } from "../rule.ts";
import { axesOf, type Lanes, lanesOf } from "./lanes.ts";

// Beyond every number that a model computes, yet its differences with them are finite in float32.
const NEVER_CHOSEN = 1e30;

interface Extreme extends Lanes {
  /** The input, in lanes. */
  readonly x: Value;
  /** Position of the first extreme element of each lane. */
  readonly position: Value;
}

function extremeOf(node: RuleContext): Extreme {
  const { b, op } = node;
  const lanes = lanesOf(b, node.inputs[0]!, axesOf(node));
  const x = lanes.view(node.inputs[0]!);
  const position = b.op(op === "ReduceMax" ? "ArgMax" : "ArgMin", [x], { axis: lanes.axis, keepdims: 1 });
  return { ...lanes, x, position };
}

/**
 * PyTorch's `amax` splits the cotangent evenly among equal extremes; here the first one has all, as in Max and MaxPool: it
 * is the derivative of the piece that the value is computed by. The two differ only at ties.
 */
const extreme: OperatorRules = {
  vjp: (node, [g]) => {
    const { b } = node;
    const { axis, x, position, back, heads } = extremeOf(node);
    return [back(b.op("ScatterElements", [fullLike(b, x, 0), position, heads(g!)], { axis }))];
  },
  jvp: (node, [t]) => {
    if (!t) return [];
    const { b } = node;
    const { axis, position, view } = extremeOf(node);
    return [reshape(b, b.op("GatherElements", [view(t), position], { axis }), node.outputs[0].shape)];
  },
  /** Each element minus the best of the others: its sign says whether it is the extreme one. */
  switches: (node) => {
    const { b, op } = node;
    const { axis, length, x, position, heads } = extremeOf(node);
    if (length === 1) return [];
    const best = heads(node.outputs[0]);
    const last = b.op("Expand", [
      b.scalar(op === "ReduceMax" ? -NEVER_CHOSEN : NEVER_CHOSEN),
      b.op("Shape", [position]),
    ]);
    const others = b.op("ScatterElements", [x, position, last], { axis });
    const second = b.op(op, [others, b.ints([axis])], { keepdims: 1 });
    return [b.op("ScatterElements", [sub(b, x, best), position, sub(b, best, second)], { axis })];
  },
};

export const extremeRules: RuleTable = { ReduceMax: extreme, ReduceMin: extreme };

// Rules of smooth operators that act element by element, with broadcasting.

import { addAll, div, expandLike, mul, neg, sub, unbroadcast, where } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { unbroadcastPerExample } from "../broadcast.ts";
import type { OperatorRules, RuleContext, RuleTable } from "../rule.ts";

/** How a tangent (or cotangent) passes through a node's input: multiplication by the diagonal of its Jacobian. */
export type Diagonal = (node: RuleContext, t: Value, input: number) => Value;

/**
 * Rules of an operator whose Jacobian with respect to each input is diagonal, up to broadcasting: one `Diagonal` serves the
 * reverse, the forward and the per-example rule.
 */
export function diagonalRules(diagonal: Diagonal, switches?: OperatorRules["switches"]): OperatorRules {
  return {
    vjp: (node, [cotangent], needs) =>
      node.inputs.map((input, i) => (needs[i] && input ? unbroadcast(node.b, diagonal(node, cotangent!, i), input.shape) : undefined)),
    jvp: (node, tangents) => [
      addAll(
        node.b,
        tangents.map((t, i) => t && diagonal(node, expandLike(node.b, t, node.outputs[0]), i)),
      ),
    ],
    factor: (node, i, cotangent) => unbroadcastPerExample(node.b, diagonal(node, cotangent, i), node.inputs[i]!.shape),
    ...(switches ? { switches } : {}),
  };
}

/** A unary operator by its derivative at x, given x and y. */
const smooth = (derivative: (node: RuleContext, x: Value, y: Value) => Value): OperatorRules =>
  diagonalRules((node, t) => mul(node.b, t, derivative(node, node.inputs[0]!, node.outputs[0])));

const divide: Diagonal = (node, t, i) => {
  const [, y] = node.inputs as Value[];
  const quotient = div(node.b, t, y);
  return i === 0 ? quotient : neg(node.b, mul(node.b, quotient, node.outputs[0]));
};

/** d x^p / dx = p x^(p-1); d x^p / dp = x^p ln x, 0 where x <= 0 (the exponent of a non-positive base is not a free number). */
const power: Diagonal = (node, t, i) => {
  const { b } = node;
  const [x, p] = node.inputs as Value[];
  if (i === 1) {
    const positive = b.op("Greater", [x, b.scalar(0)]);
    return mul(b, t, mul(b, node.outputs[0], b.op("Log", [where(b, positive, x, 1)])));
  }
  const exponent = b.constantOf(p);
  if (exponent?.data.length === 1 && Number(exponent.data[0]) === 2) return mul(b, t, mul(b, x, 2));
  return mul(b, t, mul(b, p, b.op("Pow", [x, sub(b, p, 1)])));
};

export const elementwiseRules: RuleTable = {
  Add: diagonalRules((_node, t) => t),
  Sum: diagonalRules((_node, t) => t),
  Sub: diagonalRules((node, t, i) => (i === 0 ? t : neg(node.b, t))),
  Mul: diagonalRules((node, t, i) => mul(node.b, t, node.inputs[1 - i]!)),
  Div: diagonalRules(divide),
  Pow: diagonalRules(power),
  Neg: diagonalRules((node, t) => neg(node.b, t)),
  Reciprocal: smooth(({ b }, _x, y) => neg(b, mul(b, y, y))),
  Tanh: smooth(({ b }, _x, y) => sub(b, 1, mul(b, y, y))),
  Sigmoid: smooth(({ b }, _x, y) => mul(b, y, sub(b, 1, y))),
  Softplus: smooth(({ b }, x) => b.op("Sigmoid", [x])),
  /** d erf(x) / dx = 2 / sqrt(pi) exp(-x^2). */
  Erf: smooth(({ b }, x) => mul(b, b.op("Exp", [neg(b, mul(b, x, x))]), 2 / Math.sqrt(Math.PI))),
  Exp: smooth((_node, _x, y) => y),
  Log: diagonalRules((node, t) => div(node.b, t, node.inputs[0]!)),
  Sqrt: diagonalRules((node, t) => div(node.b, t, mul(node.b, node.outputs[0], 2))),
  Sin: smooth(({ b }, x) => b.op("Cos", [x])),
  Cos: smooth(({ b }, x) => neg(b, b.op("Sin", [x]))),
  Identity: diagonalRules((_node, t) => t),
};

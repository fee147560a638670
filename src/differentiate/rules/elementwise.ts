// Rules of smooth operators that act element by element, with broadcasting.

import { add, addAll, cast, div, expandLike, fullLike, mul, neg, sub, unbroadcast, where } from "../../graph/ops.ts";
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
      node.inputs.map((input, i) =>
        needs[i] && input ? unbroadcast(node.b, diagonal(node, cotangent!, i), input.shape) : undefined,
      ),
    jvp: (node, tangents) => [
      addAll(
        node.b,
        tangents.map((t, i) => t && diagonal(node, expandLike(node.b, t, node.outputs[0]), i)),
      ),
    ],
    factor: (node, i, cotangent) =>
      unbroadcastPerExample(node.b, diagonal(node, cotangent, i), {
        shape: node.inputs[i]!.shape,
        output: node.outputs[0],
      }),
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

/** The exponent as a real value, and its number where it is one fixed number. */
function exponentOf({ b, inputs }: RuleContext): { p: Value; fixed: number | undefined } {
  const constant = b.constantOf(inputs[1]!);
  const fixed = constant?.data.length === 1 ? Number(constant.data[0]) : undefined;
  return { p: fixed === undefined ? cast(b, inputs[1]!, "real") : b.scalar(fixed), fixed };
}

/** d x^p / dp = x^p ln x, 0 where x <= 0 (the exponent of a non-positive base is not a free number). */
function powerInExponent({ b, inputs, outputs }: RuleContext, t: Value): Value {
  const x = inputs[0]!;
  const positive = b.op("Greater", [x, b.scalar(0)]);
  return mul(b, t, mul(b, outputs[0], b.op("Log", [where(b, positive, x, 1)])));
}

/** d x^p / dx = p x^(p-1), which is 0 at x = p = 0. */
const power: Diagonal = (node, t, i) => {
  if (i === 1) return powerInExponent(node, t);
  const { b } = node;
  const x = node.inputs[0]!;
  const { p, fixed } = exponentOf(node);
  if (fixed === 0) return fullLike(b, t, 0);
  if (fixed === 1) return t;
  if (fixed === 2) return mul(b, t, mul(b, x, 2));
  if (fixed !== undefined) return mul(b, t, mul(b, p, b.op("Pow", [x, b.scalar(fixed - 1)])));
  const [noPower, noBase] = [p, x].map((value) => b.op("Equal", [value, b.scalar(0)]));
  const base = where(b, b.op("And", [noPower, noBase]), 1, x);
  return mul(b, t, mul(b, p, b.op("Pow", [base, sub(b, p, 1)])));
};

export const elementwiseRules: RuleTable = {
  Add: diagonalRules((_node, t) => t),
  Sum: diagonalRules((_node, t) => t),
  Mean: diagonalRules((node, t) => div(node.b, t, node.inputs.length)),
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
  Atan: smooth(({ b }, x) => b.op("Reciprocal", [add(b, mul(b, x, x), 1)])),
  Identity: diagonalRules((_node, t) => t),
};

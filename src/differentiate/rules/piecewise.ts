// Rules of operators that are smooth on each side of a switch: masks select (Where), they never multiply.

import { div, mul, sub, where } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { numberAttribute, type RuleContext, type RuleTable } from "../rule.ts";
import { type Diagonal, diagonalRules } from "./elementwise.ts";

const x0 = (node: RuleContext): Value => node.inputs[0]!;
const positive = ({ b, inputs }: RuleContext): Value => b.op("Greater", [inputs[0]!, b.scalar(0)]);
const input0: (node: RuleContext) => readonly Value[] = (node) => [x0(node)];

/** relu'(0) = 0. */
const relu: Diagonal = (node, t) => where(node.b, positive(node), t, 0);

const leakyRelu: Diagonal = (node, t) =>
  where(node.b, positive(node), t, mul(node.b, t, numberAttribute(node, "alpha", 0.01)));

/** elu'(x) = 1 for x > 0, alpha exp(x) else; the exponent is masked first, so that no infinity is ever multiplied. */
const elu: Diagonal = (node, t) => {
  const { b } = node;
  const mask = positive(node);
  const slope = mul(b, b.op("Exp", [where(b, mask, 0, x0(node))]), numberAttribute(node, "alpha", 1));
  return where(b, mask, t, mul(b, t, slope));
};

/** |x|' = sign(x), 0 at 0. */
const abs: Diagonal = (node, t) => {
  const { b } = node;
  const negative = b.op("Less", [x0(node), b.scalar(0)]);
  return where(b, positive(node), t, where(b, negative, b.op("Neg", [t]), 0));
};

/** Passes where min <= x <= max (both ends included, as PyTorch's clamp); the limits get what the input does not. */
const clip: Diagonal = (node, t, i) => {
  const { b } = node;
  const [x, low, high] = node.inputs;
  const below = low && b.op("Less", [x!, low]);
  const above = high && b.op("Greater", [x!, high]);
  if (i === 1) return where(b, below!, t, 0);
  if (i === 2) return where(b, above!, t, 0);
  const inner = below ? where(b, below, 0, t) : t;
  return above ? where(b, above, 0, inner) : inner;
};

/** Max and Min of several values: the first of equal ones wins. */
const extreme =
  (better: "Greater" | "Less"): Diagonal =>
  (node, t, i) => {
    const { b } = node;
    const orEqual = `${better}OrEqual`;
    return node.inputs.reduce<Value>((passed, other, k) => {
      if (k === i) return passed;
      // An earlier input must be beaten strictly, a later one need only be matched.
      return where(b, b.op(k < i ? better : orEqual, [node.inputs[i]!, other!]), passed, 0);
    }, t);
  };

/** x_k - best(x_0..x_{k-1}) for each further input. */
const extremeSwitches = (node: RuleContext): readonly Value[] => {
  const inputs = node.inputs as readonly Value[];
  return inputs
    .slice(1)
    .map((x, k) => sub(node.b, x, k === 0 ? inputs[0] : node.b.op(node.op, inputs.slice(0, k + 1))));
};

const clipSwitches = (node: RuleContext): readonly Value[] =>
  node.inputs.slice(1).flatMap((limit) => (limit ? [sub(node.b, x0(node), limit)] : []));

/** A comparison of reals switches where its sides are equal. */
const comparison = {
  switches: (node: RuleContext): readonly Value[] =>
    node.inputs[0]!.dtype === "real" ? [sub(node.b, node.inputs[0]!, node.inputs[1]!)] : [],
};

const choose: Diagonal = (node, t, i) =>
  i === 1 ? where(node.b, node.inputs[0]!, t, 0) : where(node.b, node.inputs[0]!, 0, t);

/** The remainder of x by y is x - k y with a whole k, which is fixed between its jumps. */
const remainder: Diagonal = (node, t, i) => {
  if (i === 0) return t;
  const { b } = node;
  const [x, y] = node.inputs as readonly Value[];
  const quotient = b.op("Round", [div(b, sub(b, x, node.outputs[0]), y)]);
  return b.op("Neg", [mul(b, t, quotient)]);
};

/** Derivative zero wherever there is one. */
const constant = {};

export const piecewiseRules: RuleTable = {
  Relu: diagonalRules(relu, input0),
  LeakyRelu: diagonalRules(leakyRelu, input0),
  Elu: diagonalRules(elu, (node) => (numberAttribute(node, "alpha", 1) === 1 ? [] : [x0(node)])),
  Abs: diagonalRules(abs, input0),
  Clip: diagonalRules(clip, clipSwitches),
  Max: diagonalRules(extreme("Greater"), extremeSwitches),
  Min: diagonalRules(extreme("Less"), extremeSwitches),
  Where: diagonalRules(choose),
  Sign: { switches: input0 },
  Floor: constant,
  Ceil: constant,
  Round: constant,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  Equal: comparison,
  Not: constant,
  And: constant,
  Or: constant,
  Xor: constant,
  IsNaN: constant,
  IsInf: constant,
  Mod: diagonalRules(remainder),
};

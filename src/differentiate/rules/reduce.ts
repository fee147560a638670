// Rules of smooth reductions, running sums aside, and of softmax.

import { UnsupportedError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { type Dim, isBatch, normaliseAxis } from "../../graph/dim.ts";
import { cast, div, expandLike, mul, sub, unsqueeze, where } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { numberAttribute, type OperatorRules, type RuleContext, type RuleTable } from "../rule.ts";
import { axesOf, lanesOf } from "./lanes.ts";
import { extremeRules } from "./reduce-extreme.ts";
import { linearJvp } from "./structure.ts";

/** A value of the output's shape with the reduced axes put back as 1, so that it broadcasts against the input. */
function lifted(node: RuleContext, y: Value): Value {
  return numberAttribute(node, "keepdims", 1) ? y : unsqueeze(node.b, y, axesOf(node));
}

/** The node's reduction of another value of the input's shape, by another operator. */
const reducedBy = (node: RuleContext, op: string, x: Value): Value =>
  node.b.op(op, [x, node.inputs[1]], node.attributes);

/**
 * Rules of y = F(sum over the lane of h(x)) by d y / d x as a product: `through` multiplies a value of the input's shape by
 * the factor that belongs to it. The tangent is summed, the cotangent spread.
 */
const summing = (through: (node: RuleContext, t: Value) => Value): OperatorRules => ({
  vjp: (node, [g]) => [through(node, expandLike(node.b, lifted(node, g!), node.inputs[0]!))],
  jvp: (node, [t]) => [t && reducedBy(node, "ReduceSum", through(node, t))],
});

/** Elements that go into each element of the output, as a real value. */
function countOf({ b, inputs, outputs }: RuleContext): Value {
  const count = b.op("Div", [b.op("Size", [inputs[0]!]), b.op("Size", [outputs[0]])]);
  const known = b.intsOf(count)?.[0];
  return known === undefined || isBatch(known) ? cast(b, count, "real") : b.scalar(known);
}

const mean: OperatorRules = {
  vjp: (node, [g]) => [expandLike(node.b, lifted(node, div(node.b, g!, countOf(node))), node.inputs[0]!)],
  jvp: linearJvp,
};

/** x / |x|, 0 where the whole lane is 0 (as PyTorch). */
const l2 = summing((node, t) => {
  const { b } = node;
  const norm = lifted(node, node.outputs[0]);
  const zero = b.op("Equal", [norm, b.scalar(0)]);
  return mul(b, t, div(b, node.inputs[0]!, where(b, zero, 1, norm)));
});

/** sign(x), chosen by masks. */
const l1: OperatorRules = {
  ...summing((node, t) => {
    const { b } = node;
    const x = node.inputs[0]!;
    const negative = where(b, b.op("Less", [x, b.scalar(0)]), b.op("Neg", [t]), 0);
    return where(b, b.op("Greater", [x, b.scalar(0)]), t, negative);
  }),
  switches: (node) => [node.inputs[0]!],
};

const logSum = summing((node, t) => div(node.b, t, lifted(node, reducedBy(node, "ReduceSum", node.inputs[0]!))));

/** exp(x - y), the softmax of the lane. */
const logSumExp = summing((node, t) =>
  mul(node.b, t, node.b.op("Exp", [sub(node.b, node.inputs[0]!, lifted(node, node.outputs[0]))])),
);

/** x moved by `by` along an axis of fixed length, ones moving in. */
function shifted(b: GraphBuilder, x: Value, axis: number, by: number): Value {
  const at = (amount: number): number[] => x.shape.map((_, i) => (i === axis ? amount : 0));
  return b.op("Pad", [x, b.ints([...at(by), ...at(-by)]), b.scalar(1)], { mode: "constant" });
}

/**
 * The product of all other elements of each lane, zeros or not: products of those before and those behind, by doubling
 * (log2 of the length rounds). Quotients y / x would fail at 0.
 */
function productOfOthers(b: GraphBuilder, x: Value, axis: number, length: Dim): Value {
  if (isBatch(length)) throw new UnsupportedError("ReduceProd over the batch axis cannot be differentiated");
  const side = (direction: 1 | -1): Value => {
    let product = shifted(b, x, axis, direction);
    for (let by = 1; by < length - 1; by *= 2) product = mul(b, product, shifted(b, product, axis, by * direction));
    return product;
  };
  return mul(b, side(1), side(-1));
}

const prod = summing((node, t) => {
  const { b } = node;
  const x = node.inputs[0]!;
  const lanes = lanesOf(b, x, axesOf(node));
  if (lanes.length === 1) return t;
  return mul(b, t, lanes.back(productOfOthers(b, lanes.view(x), lanes.axis, lanes.length)));
});

function alongAxis(node: RuleContext, op: string, x: Value): Value {
  const axis = normaliseAxis(numberAttribute(node, "axis", -1), x.shape.length);
  return node.b.op(op, [x, node.b.ints([axis])], { keepdims: 1 });
}

/** The Jacobian diag(y) - y y^T is symmetric: one rule for both directions. */
function softmax(node: RuleContext, t: Value): Value {
  const [y] = node.outputs;
  const weighted = mul(node.b, t, y);
  return sub(node.b, weighted, mul(node.b, y, alongAxis(node, "ReduceSum", weighted)));
}

const probabilities = (node: RuleContext): Value => node.b.op("Exp", [node.outputs[0]]);

const logSoftmax: OperatorRules = {
  vjp: (node, [g]) => [sub(node.b, g!, mul(node.b, probabilities(node), alongAxis(node, "ReduceSum", g!)))],
  jvp: (node, [t]) => [t && sub(node.b, t, alongAxis(node, "ReduceSum", mul(node.b, probabilities(node), t)))],
};

export const reduceRules: RuleTable = {
  ReduceSum: { vjp: (node, [g]) => [expandLike(node.b, lifted(node, g!), node.inputs[0]!)], jvp: linearJvp },
  ReduceMean: mean,
  ReduceProd: prod,
  ReduceL1: l1,
  ReduceL2: l2,
  ReduceSumSquare: summing((node, t) => mul(node.b, t, mul(node.b, node.inputs[0]!, 2))),
  ReduceLogSum: logSum,
  ReduceLogSumExp: logSumExp,
  ...extremeRules,
  Softmax: { vjp: (node, [g]) => [softmax(node, g!)], jvp: (node, [t]) => [t && softmax(node, t)] },
  LogSoftmax: logSoftmax,
};

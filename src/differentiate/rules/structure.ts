// Rules of operators that keep or repeat the elements and change their axes: all linear, each the adjoint of another.

import type { GraphBuilder } from "../../graph/builder.ts";
import { type Dim, multiplyDims, normaliseAxis } from "../../graph/dim.ts";
import { reduceSum, reshape, squeeze, transpose, unbroadcast, unsqueeze } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { unbroadcastPerExample } from "../broadcast.ts";
import { inverse } from "../permutation.ts";
import {
  type FactorRule,
  intsOfInput,
  type JvpRule,
  listAttribute,
  type OperatorRules,
  type RuleContext,
  type RuleTable,
  type VjpRule,
} from "../rule.ts";

/** Forward rule of an operator that is linear in its first input: the same operator on the tangent. */
export const linearJvp: JvpRule = ({ b, op, inputs, attributes }, [t]) => [
  t && b.op(op, [t, ...inputs.slice(1)], attributes),
];

/** Rules of an operator that is linear in its first input and has no other real one. */
const linear = (adjoint: (node: RuleContext, g: Value, x: Value) => Value): OperatorRules => ({
  vjp: (node, [g], needs) => [needs[0] ? adjoint(node, g!, node.inputs[0]!) : undefined],
  jvp: linearJvp,
});

const reshaping = linear(({ b }, g, x) => reshape(b, g, x.shape));

function transposed({ b, attributes }: RuleContext, g: Value): Value {
  const rank = g.shape.length;
  const backwards = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return transpose(b, g, inverse(listAttribute({ attributes }, "perm", backwards)));
}

/** Puts back the axes of length 1 that x has and g lacks. */
function unsqueezed(node: RuleContext, g: Value, x: Value): Value {
  const rank = x.shape.length;
  const all = x.shape.map((_, i) => i);
  const axes = node.inputs[1]
    ? intsOfInput(node, 1).map((axis) => normaliseAxis(axis as number, rank))
    : all.filter((i) => x.shape[i] === 1);
  return unsqueeze(node.b, g, axes);
}

const squeezed = (node: RuleContext, g: Value): Value =>
  squeeze(
    node.b,
    g,
    intsOfInput(node, 1).map((axis) => normaliseAxis(axis as number, g.shape.length)),
  );

/** Sums the copies: each repeated axis is split into (repeats, length). */
function summedCopies(b: GraphBuilder, g: Value, { x, repeats }: { x: Value; repeats: readonly Dim[] }): Value {
  const split: Dim[] = [];
  const axes: number[] = [];
  x.shape.forEach((dim, i) => {
    if (repeats[i] !== 1) axes.push(split.push(repeats[i]) - 1);
    split.push(dim);
  });
  if (x.shape.some((dim, i) => multiplyDims(dim, repeats[i]) === 0)) return reshape(b, g, x.shape);
  return reduceSum(b, reshape(b, g, split), axes);
}

const expandVjp: VjpRule = ({ b, inputs }, [g], needs) => [needs[0] ? unbroadcast(b, g!, inputs[0]!.shape) : undefined];

/** One copy for each example, as Expand makes them; copies side by side on an axis of more than 1 have no broadcast form. */
const tileFactor: FactorRule = (node, _input, g) => {
  const { shape } = node.inputs[0]!;
  const repeats = intsOfInput(node, 1);
  if (shape.some((dim, i) => dim !== 1 && repeats[i] !== 1)) return undefined;
  return unbroadcastPerExample(node.b, g, { shape, output: node.outputs[0] });
};

export const structureRules: RuleTable = {
  Reshape: reshaping,
  Flatten: reshaping,
  Transpose: linear(transposed),
  Squeeze: linear(unsqueezed),
  Unsqueeze: linear(squeezed),
  Expand: {
    vjp: expandVjp,
    jvp: linearJvp,
    factor: ({ b, inputs, outputs }, _input, g) =>
      unbroadcastPerExample(b, g, { shape: inputs[0]!.shape, output: outputs[0] }),
  },
  Tile: {
    ...linear((node, g, x) => summedCopies(node.b, g, { x, repeats: intsOfInput(node, 1) })),
    factor: tileFactor,
  },
};

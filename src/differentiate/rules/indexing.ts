// Rules of operators that take elements by index, and of their adjoints, which add them up where they came from.

import { UnsupportedError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { type Dim, isBatch, normaliseAxis, sizeOfShape } from "../../graph/dim.ts";
import { expandLike, fullLike, pad, reshape } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { exampleLayout, examplesFirst } from "../example-layout.ts";
import {
  type FactorRule,
  type JvpRule,
  numberAttribute,
  type RuleContext,
  type RuleTable,
  type VjpRule,
} from "../rule.ts";
import { linearJvp } from "./structure.ts";

const axisOf = (node: RuleContext): number =>
  normaliseAxis(numberAttribute(node, "axis", 0), node.inputs[0]!.shape.length);

/** Zeros of the shape of x, with `values` added at `indices` of one axis; the indices may repeat. */
function scatterAdd(
  b: GraphBuilder,
  x: Value,
  axis: number,
  { indices, values }: { indices: Value; values: Value },
): Value {
  return b.op("ScatterElements", [fullLike(b, x, 0), indices, values], { axis, reduction: "add" });
}

/**
 * One fixed index: zeros around its slice. Else every element is added to the row that it came from, at a cost
 * proportional to the elements taken and the size of x (an embedding), not to their product.
 */
const gatherVjp: VjpRule = (node, [g]) => {
  const { b } = node;
  const [x, indices] = node.inputs as readonly Value[];
  const axis = axisOf(node);
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const count = sizeOfShape(indices.shape);
  const taken = reshape(b, g!, [...before, count, ...after]);
  const known = b.intsOf(indices);
  if (known?.length === 1 && !isBatch(known[0])) {
    const size = x.shape[axis] as number;
    const index = known[0] < 0 ? known[0] + size : known[0];
    const amounts = (amount: number): number[] => x.shape.map((_, i) => (i === axis ? amount : 0));
    return [pad(b, taken, amounts(index), amounts(size - 1 - index))];
  }
  const lifted: Dim[] = [...before.map(() => 1), count, ...after.map(() => 1)];
  const rows = expandLike(b, reshape(b, indices, lifted), taken);
  return [scatterAdd(b, x, axis, { indices: rows, values: taken })];
};

/** Rows of a table at indices that examples bring: the rows stay apart, each with its index. */
const gatherFactor: FactorRule = (node, input, g) => {
  const { b } = node;
  const [table, indices] = node.inputs as readonly Value[];
  if (input !== 0 || axisOf(node) !== 0) return undefined;
  const layout = exampleLayout(b, indices);
  if (!layout) return undefined;
  const [rows, ...inner] = table.shape as readonly number[];
  const size = sizeOfShape(inner);
  const first = examplesFirst(b, indices, layout);
  const steps = sizeOfShape(first.shape.slice(1));
  const right = reshape(b, examplesFirst(b, g, layout), ["N", steps, size]);
  return { kind: "rows", indices: reshape(b, first, ["N", steps]), right, rows, inner };
};

const gatherElementsVjp: VjpRule = (node, [g]) => {
  const [x, indices] = node.inputs as readonly Value[];
  return [scatterAdd(node.b, x, axisOf(node), { indices, values: g! })];
};

/** Without reduction the indices are distinct (ONNX leaves repeated ones undefined), so that each place has one origin. */
const scatterElementsVjp: VjpRule = (node, [g], needs) => {
  const { b, attributes } = node;
  const [, indices, updates] = node.inputs as readonly Value[];
  const axis = axisOf(node);
  const kept = (): Value =>
    attributes.reduction === "add" ? g! : b.op("ScatterElements", [g!, indices, fullLike(b, updates, 0)], { axis });
  return [
    needs[0] ? kept() : undefined,
    undefined,
    needs[2] ? b.op("GatherElements", [g!, indices], { axis }) : undefined,
  ];
};

const scatterElementsJvp: JvpRule = ({ b, inputs, attributes }, tangents) => {
  const [x, indices, updates] = inputs as readonly Value[];
  const [dx, dUpdates] = [tangents[0] ?? fullLike(b, x, 0), tangents[2] ?? fullLike(b, updates, 0)];
  return [b.op("ScatterElements", [dx, indices, dUpdates], attributes)];
};

/** The values [off, on] are numbers of the model's author; a derivative with respect to them is asked by nobody. */
const refuseOneHot = (): never => {
  throw new UnsupportedError("OneHot: its values must not depend on parameters", { hint: "use Equal and Where" });
};

const flipped = ({ attributes }: RuleContext) => ({ ...attributes, reverse: attributes.reverse ? 0 : 1 });

export const indexingRules: RuleTable = {
  Gather: { vjp: gatherVjp, jvp: linearJvp, factor: gatherFactor },
  GatherElements: { vjp: gatherElementsVjp, jvp: linearJvp },
  ScatterElements: { vjp: scatterElementsVjp, jvp: scatterElementsJvp },
  OneHot: { vjp: refuseOneHot, jvp: refuseOneHot },
  ArgMax: {},
  ArgMin: {},
  CumSum: { vjp: (node, [g]) => [node.b.op("CumSum", [g, node.inputs[1]], flipped(node))], jvp: linearJvp },
};

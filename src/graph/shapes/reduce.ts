// Shape rules of reductions (opset 18: the axes are an optional input) and of softmax.

import { UnsupportedError } from "../../errors.ts";
import { type Dim, isBatch, multiplyDims, normaliseAxis, type Shape } from "../dim.ts";
import type { Attributes, ShapeContext, ShapeRule } from "../types.ts";
import { axisOf, fixedInts } from "./known.ts";

// Operators that are the identity when nothing is reduced; the norms and logarithms are not, and engines differ there.
const IDENTITY_WITHOUT_AXES = new Set(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"]);

/** The axes that a reduction runs over, in order: those given, or all (none with noop_with_empty_axes). */
export function reducedAxes(
  op: string,
  rank: number,
  given: readonly number[] | undefined,
  attributes: Attributes,
): number[] {
  if (given?.length) return [...new Set(given.map((axis) => normaliseAxis(axis, rank)))].sort((a, b) => a - b);
  if (!attributes.noop_with_empty_axes) return Array.from({ length: rank }, (_, i) => i);
  if (IDENTITY_WITHOUT_AXES.has(op)) return [];
  throw new UnsupportedError(`${op}: axes must be given with noop_with_empty_axes`);
}

/** The result of reducing a list of known integers to one number. */
function folded(op: string, list: Shape): Dim | undefined {
  if (op === "ReduceProd" && list.filter(isBatch).length < 2) return list.reduce<Dim>(multiplyDims, 1);
  if (op === "ReduceSum" && !list.some(isBatch)) return (list as readonly number[]).reduce((a, b) => a + b, 0);
  return undefined;
}

const reduction: ShapeRule = (context: ShapeContext) => {
  const { op, inputs, attributes } = context;
  const { dtype, shape } = inputs[0]!;
  const axes = new Set(reducedAxes(op, shape.length, inputs[1] && fixedInts(context, 1, "axes"), attributes));
  const keep = attributes.keepdims ?? 1;
  const result = shape.flatMap((dim, i): Dim[] => (axes.has(i) ? (keep ? [1] : []) : [dim]));
  const list = shape.length === 1 && axes.size === 1 ? context.ints(0) : undefined;
  const single = list && folded(op, list);
  return [{ dtype, shape: result, ints: single === undefined ? undefined : [single] }];
};

const alongAxis: ShapeRule = (context) => {
  axisOf(context, -1);
  return [{ dtype: context.inputs[0]!.dtype, shape: context.inputs[0]!.shape }];
};

const REDUCTIONS = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp"];

export const reduceShapes: Readonly<Record<string, ShapeRule>> = {
  ...Object.fromEntries(REDUCTIONS.map((name) => [`Reduce${name}`, reduction])),
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
};

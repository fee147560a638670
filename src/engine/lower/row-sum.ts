// Sums over the rows of a matrix as a product with ones: ONNX Runtime adds rows up on one thread, and multiplies on all.

import type { GraphBuilder } from "../../graph/builder.ts";
import type { Dim } from "../../graph/dim.ts";
import { concat, reshape } from "../../graph/ops.ts";
import type { Graph, Node, Value } from "../../graph/types.ts";

/**
 * Whether a node is ReduceSum over the first axis of a matrix: the gradient of a bias. For (128, 512) in float32 it takes 0.18 ms, the
 * product 0.03.
 */
export function sumsRows(graph: Graph, { op, inputs }: Node): boolean {
  const axes = op === "ReduceSum" ? graph.constants.get(inputs[1] ?? "") : undefined;
  return axes?.data.length === 1 && Number(axes.data[0]) === 0 && graph.values.get(inputs[0])!.shape.length === 2;
}

/** Rows of ones by how many, as a graph writes that: what lies along one batch axis has as many rows as all else that does. */
const rowsOfOnes = new WeakMap<GraphBuilder, Map<Dim, Value>>();

function onesFor(b: GraphBuilder, x: Value): Value {
  const known = rowsOfOnes.get(b) ?? new Map<Dim, Value>();
  rowsOfOnes.set(b, known);
  const [rows] = x.shape;
  const counted = (): Value => concat(b, [b.ints([1]), b.op("Shape", [x], { start: 0, end: 1 })], 0);
  const ones = known.get(rows) ?? b.op("Expand", [b.scalar(1), counted()]);
  known.set(rows, ones);
  return ones;
}

/** (1, ..., 1) x, in the shape that the sum has. */
export function rowSum(b: GraphBuilder, x: Value, keepdims: boolean): Value {
  const sum = b.op("MatMul", [onesFor(b, x), x]);
  return keepdims ? sum : reshape(b, sum, [x.shape[1]]);
}

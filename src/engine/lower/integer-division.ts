// Divisions of integers by -1: the smallest integer has no opposite, and the processor ends the process that asks for it.

import type { GraphBuilder } from "../../graph/builder.ts";
import { sub, where } from "../../graph/ops.ts";
import type { Graph, Node, Value } from "../../graph/types.ts";
import { type Tensor, tensor } from "../../numeric/tensor.ts";

/** Whether a node divides integers by what may be -1. ONNX Runtime checks for 0 itself, and dies of INT64_MIN / -1. */
export function mayDivideByMinusOne(graph: Graph, { op, inputs, outputs }: Node): boolean {
  if (op !== "Div" && op !== "Mod") return false;
  if (graph.values.get(outputs[0])?.dtype === "real") return false;
  const divisor = graph.constants.get(inputs[1]);
  return divisor === undefined || Array.from(divisor.data, Number).includes(-1);
}

/** The same result; -1 stands apart: x / -1 is 0 - x, which overflows quietly, and x mod -1 is x mod 1. */
export function integerDivision(
  b: GraphBuilder,
  { op, attributes }: Node,
  [x, y]: readonly (Value | undefined)[],
): Value {
  const single = (value: number): Value => b.constant(integer(y!, value));
  const isMinusOne = b.op("Equal", [y, single(-1)]);
  const safe = where(b, isMinusOne, single(1), y!);
  const quotient = b.op(op, [x, safe], attributes);
  return op === "Mod" ? quotient : where(b, isMinusOne, sub(b, single(0), x!), quotient);
}

const integer = ({ dtype }: Value, value: number): Tensor =>
  dtype === "int32" ? tensor("int32", [], Int32Array.of(value)) : tensor("int64", [], BigInt64Array.of(BigInt(value)));

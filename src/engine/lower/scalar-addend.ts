// Products with one number added: ONNX Runtime's WebGPU provider ends the process where that number has no axis.

import type { GraphBuilder } from "../../graph/builder.ts";
import { reshape } from "../../graph/ops.ts";
import type { Graph, Node, Value } from "../../graph/types.ts";

/** Whether a node is Gemm whose addend has the shape []; ONNX allows it, WebGPU (1.30) aborts: "terminate called without an active exception". */
export function addsScalar(graph: Graph, { op, inputs }: Node): boolean {
  return op === "Gemm" && inputs[2] !== undefined && graph.values.get(inputs[2])?.shape.length === 0;
}

/** The inputs with that addend in the shape [1]. */
export function withAxis(b: GraphBuilder, [x, y, addend]: readonly (Value | undefined)[]): (Value | undefined)[] {
  const constant = b.constantOf(addend!);
  return [x, y, constant ? b.constant({ ...constant, shape: [1] }) : reshape(b, addend!, [1])];
}

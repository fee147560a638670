// Rewrites a graph for the dtype it is compiled in: operators without a kernel, or with a slow one, become compositions of others.

import { GraphBuilder, valueIn } from "../../graph/builder.ts";
import type { Attributes, Graph, Value } from "../../graph/types.ts";
import type { RealDType } from "../../numeric/tensor.ts";
import { composedInFloat32, convolutionLowerings } from "./convolution.ts";
import { elementwiseLowerings } from "./elementwise.ts";

/** Writes the composition of one operator to a builder and gives its (only) output. */
export type Lowering = (b: GraphBuilder, inputs: readonly (Value | undefined)[], attributes: Attributes) => Value;

/** Operators that ONNX Runtime's CPU provider has in float32 only, or not exactly in float64. */
const LOWERINGS: ReadonlyMap<string, Lowering> = new Map(
  Object.entries({ ...convolutionLowerings, ...elementwiseLowerings }),
);

/** The same function made of operators that the engine has in `dtype`; the graph itself when nothing is to be done. */
export function lowerGraph(graph: Graph, dtype: RealDType): Graph {
  const composed = dtype === "float32" ? composedInFloat32(graph) : undefined;
  if (composed ? composed.size === 0 : !graph.nodes.some((node) => LOWERINGS.has(node.op))) return graph;
  const b = new GraphBuilder();
  const values = new Map<string, Value>();
  for (const name of graph.inputs) {
    const { dtype: type, shape } = valueIn(graph, name);
    values.set(name, b.input(name, type, shape));
  }
  for (const [name, constant] of graph.constants) values.set(name, b.constant(constant));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => values.get(name));
    const lowering = !composed || composed.has(node) ? LOWERINGS.get(node.op) : undefined;
    const outputs = lowering ? [lowering(b, inputs, node.attributes)] : b.ops(node.op, inputs, node.attributes);
    node.outputs.forEach((name, i) => {
      values.set(name, outputs[i]);
    });
  }
  return b.build(Object.fromEntries(graph.outputs.map((name) => [name, values.get(name) as Value])));
}

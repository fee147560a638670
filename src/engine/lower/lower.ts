// Rewrites a graph for the dtype it is compiled in: operators without a float64 kernel become compositions that have one.

import { GraphBuilder, valueOf } from "../../graph/builder.ts";
import type { Attributes, Graph, Value } from "../../graph/types.ts";
import type { RealDType } from "../../numeric/tensor.ts";
import { convolutionLowerings } from "./convolution.ts";
import { elementwiseLowerings } from "./elementwise.ts";

/** Writes the composition of one operator to a builder and gives its (only) output. */
export type Lowering = (b: GraphBuilder, inputs: readonly (Value | undefined)[], attributes: Attributes) => Value;

/** Operators that ONNX Runtime's CPU provider has in float32 only. */
const FLOAT64_LOWERINGS: ReadonlyMap<string, Lowering> = new Map(
  Object.entries({ ...convolutionLowerings, ...elementwiseLowerings }),
);

/** The same function made of operators that the engine has in `dtype`; the graph itself when nothing is to be done. */
export function lowerGraph(graph: Graph, dtype: RealDType): Graph {
  if (dtype === "float32" || !graph.nodes.some((node) => FLOAT64_LOWERINGS.has(node.op))) return graph;
  const b = new GraphBuilder();
  const values = new Map<string, Value>();
  for (const name of graph.inputs) {
    const { dtype: type, shape } = valueOf(graph, name);
    values.set(name, b.input(name, type, shape));
  }
  for (const [name, constant] of graph.constants) values.set(name, b.constant(constant));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => values.get(name));
    const lowering = FLOAT64_LOWERINGS.get(node.op);
    const outputs = lowering ? [lowering(b, inputs, node.attributes)] : b.ops(node.op, inputs, node.attributes);
    node.outputs.forEach((name, i) => {
      values.set(name, outputs[i]);
    });
  }
  return b.build(Object.fromEntries(graph.outputs.map((name) => [name, values.get(name) as Value])));
}

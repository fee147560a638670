// Writes a graph again, node by node, with some of its nodes replaced.

import { GraphBuilder, valueIn } from "./builder.ts";
import type { Graph, Node, Value } from "./types.ts";

/** Gives the outputs of one node from its inputs, by whatever nodes it writes to the builder. */
export type NodeWriter = (b: GraphBuilder, node: Node, inputs: readonly (Value | undefined)[]) => readonly Value[];

/** The node as it is. */
export const copyNode: NodeWriter = (b, { op, attributes }, inputs) => b.ops(op, inputs, attributes);

/** A graph with the same inputs, outputs and constants, and what `write` makes of its nodes. */
export function rewrite(graph: Graph, write: NodeWriter): Graph {
  const b = new GraphBuilder();
  const values = new Map<string, Value>();
  for (const name of graph.inputs) {
    const { dtype, shape } = valueIn(graph, name);
    values.set(name, b.input(name, dtype, shape));
  }
  for (const [name, constant] of graph.constants) values.set(name, b.constant(constant));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
    const outputs = write(b, node, inputs);
    node.outputs.forEach((name, i) => {
      values.set(name, outputs[i]);
    });
  }
  return b.build(Object.fromEntries(graph.outputs.map((name) => [name, values.get(name) as Value])));
}

// Dropout in a graph as it is stored: ONNX nodes, which training and evaluation each read in their own way.

import { tensor } from "../numeric/tensor.ts";
import type { GraphBuilder } from "./builder.ts";
import { copyNode, rewrite } from "./rewrite.ts";
import type { Graph, Node, Value } from "./types.ts";

const DROPOUT = "Dropout";

/** A node that drops elements of x with probability `ratio` while training; each is its own, also beside another of the same x. */
export function dropout(b: GraphBuilder, x: Value, ratio: number): Value {
  const seed = b.nodes.filter(({ op }) => op === DROPOUT).length;
  const training = b.constant(tensor("bool", [], Uint8Array.of(1)));
  return b.op(DROPOUT, [x, b.scalar(ratio), training], { seed });
}

export const isDropout = ({ op }: Pick<Node, "op">): boolean => op === DROPOUT;

/** The ratio of each `Dropout` node of a graph, in their order. */
export function dropoutRatios(graph: Graph): readonly number[] {
  return graph.nodes.filter(isDropout).map(({ inputs }) => Number(graph.constants.get(inputs[1])?.data[0]));
}

/** The graph for evaluation: each `Dropout` is the identity. The graph itself where it has none. */
export function withoutDropout(graph: Graph): Graph {
  if (!graph.nodes.some(isDropout)) return graph;
  return rewrite(graph, (b, node, inputs) => (isDropout(node) ? [inputs[0] as Value] : copyNode(b, node, inputs)));
}

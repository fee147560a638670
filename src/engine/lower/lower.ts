// Rewrites a graph for the engine it is compiled for: operators without a kernel, or with a slow one, become compositions of others.

import type { GraphBuilder } from "../../graph/builder.ts";
import { copyNode, rewrite } from "../../graph/rewrite.ts";
import type { Attributes, Graph, Node, Value } from "../../graph/types.ts";
import type { RealDType } from "../../numeric/tensor.ts";
import { blockedConvolution, blocksFit } from "./blocked-convolution.ts";
import { composedInFloat32, convolutionLowerings } from "./convolution.ts";
import { elementwiseLowerings } from "./elementwise.ts";
import { hasFewRows, otherWayRound } from "./few-rows.ts";
import { integerDivision, mayDivideByMinusOne } from "./integer-division.ts";
import { rowSum, sumsRows } from "./row-sum.ts";
import { addsScalar, withAxis } from "./scalar-addend.ts";
import { isTurned, turnedProduct } from "./turned-product.ts";

/** Writes the composition of one operator to a builder and gives its (only) output. */
export type Lowering = (b: GraphBuilder, inputs: readonly (Value | undefined)[], attributes: Attributes) => Value;

/** What a graph is compiled for. */
export interface Target {
  readonly dtype: RealDType;
  /** Channels in a block of the engine's convolutions, 1 where it has none. */
  readonly channelBlock: number;
}

/** Operators that ONNX Runtime's CPU provider has in float32 only, or not exactly in float64. */
const LOWERINGS: ReadonlyMap<string, Lowering> = new Map(
  Object.entries({ ...convolutionLowerings, ...elementwiseLowerings }),
);

/** What a node is replaced by, where it is. */
function loweringOf(graph: Graph, node: Node, { channelBlock, composed }: Choice): Lowering | undefined {
  const { op, attributes } = node;
  if (mayDivideByMinusOne(graph, node)) return (b, inputs) => integerDivision(b, node, inputs);
  if (sumsRows(graph, node)) return (b, [x]) => rowSum(b, x!, attributes.keepdims !== 0);
  if (composed && isTurned(graph, node)) return (b, inputs) => turnedProduct(b, inputs, attributes);
  if (composed && hasFewRows(graph, node)) return (b, inputs) => otherWayRound(b, inputs, attributes);
  if (composed && blocksFit(graph, node, channelBlock))
    return (b, inputs) => blockedConvolution(b, inputs, { attributes, block: channelBlock });
  return !composed || composed.has(node) ? LOWERINGS.get(op) : undefined;
}

interface Choice {
  readonly channelBlock: number;
  /** In float32, the nodes that are composed there too. */
  readonly composed: ReadonlySet<Node> | undefined;
}

/** The same function made of operators that the engine has; the graph itself when nothing is to be done. */
export function lowerGraph(graph: Graph, { dtype, channelBlock }: Target): Graph {
  const composed = dtype === "float32" ? composedInFloat32(graph) : undefined;
  const found = new Map<Node, Lowering>();
  for (const node of graph.nodes) {
    const lowering = loweringOf(graph, node, { channelBlock, composed });
    if (lowering) found.set(node, lowering);
  }
  const scalars = new Set(graph.nodes.filter((node) => addsScalar(graph, node)));
  if (found.size + scalars.size === 0) return graph;
  return rewrite(graph, (b, node, given) => {
    const lowering = found.get(node);
    const inputs = scalars.has(node) ? withAxis(b, given) : given;
    return lowering ? [lowering(b, inputs, node.attributes)] : copyNode(b, node, inputs);
  });
}

// How many floating-point operations a graph takes.

import { valueIn } from "./builder.ts";
import { resolveDim, type Shape, sizeOfShape } from "./dim.ts";
import type { Graph, Node } from "./types.ts";

/** Multiplications and additions of one node on a batch: products count 2 m n k, everything else one for each element written. */
function flopsOfNode(graph: Graph, node: Node, batch: number): number {
  const size = (shape: Shape): number => resolveDim(sizeOfShape(shape), batch);
  const shapeOf = (name: string): Shape => valueIn(graph, name).shape;
  const written = size(shapeOf(node.outputs[0]));
  switch (node.op) {
    case "MatMul":
      return 2 * written * resolveDim(shapeOf(node.inputs[0]).at(-1)!, batch);
    case "Gemm":
      return 2 * written * resolveDim(shapeOf(node.inputs[0])[node.attributes.transA ? 0 : 1], batch);
    case "Conv": {
      const weight = shapeOf(node.inputs[1]);
      return 2 * written * size(weight.slice(1));
    }
    case "ConvTranspose": {
      const weight = shapeOf(node.inputs[1]);
      return 2 * size(shapeOf(node.inputs[0])) * size(weight.slice(1));
    }
    case "Reshape":
    case "Squeeze":
    case "Unsqueeze":
    case "Identity":
    case "Shape":
      return 0;
    default:
      return Math.max(written, ...node.inputs.map((name) => (name === "" ? 0 : size(shapeOf(name)))));
  }
}

/** Counts of graphs by batch: a plan asks for the same ones again each time. */
const counted = new WeakMap<Graph, Map<number, number>>();

/** Floating-point operations of a whole graph on `batch` examples, by counting; a product's multiplication and addition are two. */
export function flopsOf(graph: Graph, batch: number): number {
  const ofGraph = counted.get(graph) ?? new Map<number, number>();
  counted.set(graph, ofGraph);
  const flops = ofGraph.get(batch) ?? graph.nodes.reduce((total, node) => total + flopsOfNode(graph, node, batch), 0);
  ofGraph.set(batch, flops);
  return flops;
}

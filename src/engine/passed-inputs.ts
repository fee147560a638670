// Outputs that are inputs: ONNX Runtime hands the input on, and leaves the array alone that is given for the output.

import type { Graph } from "../graph/types.ts";

const known = new WeakMap<Graph, ReadonlySet<string>>();

/** Names of outputs that are inputs, by the same name or another. */
export function passedInputs(graph: Graph): ReadonlySet<string> {
  const found = known.get(graph) ?? find(graph);
  known.set(graph, found);
  return found;
}

function find({ inputs, outputs, nodes }: Graph): ReadonlySet<string> {
  const passed = new Set(inputs);
  for (const node of nodes) if (node.op === "Identity" && passed.has(node.inputs[0])) passed.add(node.outputs[0]);
  return new Set(outputs.filter((name) => passed.has(name)));
}

// Graphs of a model's kernels by name: built once for a head, so that the engine compiles them once however many kernels are asked for.

import type { Graph } from "../graph/types.ts";
import type { KernelModel } from "./types.ts";

const graphs = new WeakMap<Graph, Map<string, Graph>>();

/** The graph of that name for the model's head and trained parameters; built where it is not known yet. */
export function cachedGraph(model: KernelModel, name: string, build: (model: KernelModel) => Graph): Graph {
  const ofHead = graphs.get(model.split.head) ?? new Map<string, Graph>();
  graphs.set(model.split.head, ofHead);
  const key = [name, ...model.layout.entries.map((entry) => entry.name)].join("\n");
  const graph = ofHead.get(key) ?? build(model);
  ofHead.set(key, graph);
  return graph;
}

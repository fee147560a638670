// The functions whose sign changes tell where a graph with piecewise operators changes its piece.

import type { GraphBuilder } from "../graph/builder.ts";
import { BATCH, divideDims, isBatch, sizeOfShape } from "../graph/dim.ts";
import { reshape } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { ancestors } from "./forward.ts";
import { descendants, rulesFor } from "./reverse.ts";

export interface SwitchOptions {
  /** Only what these values are computed from counts. */
  readonly targets: readonly Value[];
  /** Only what depends on one of these values can change its sign. */
  readonly parameters: readonly Value[];
}

/**
 * All switching functions between `parameters` and `targets`, each as (N, m): Relu's input, x_1 - x_0 of a maximum, and so on.
 * Empty for a smooth graph.
 */
export function switchesOf(b: GraphBuilder, { targets, parameters }: SwitchOptions): Value[] {
  const wanted = ancestors(b, targets);
  const moving = descendants(b.nodes, parameters);
  const switches = new Map<string, Value>();
  for (const node of b.nodes.slice()) {
    if (!node.outputs.some((output) => wanted.has(output.name) && moving.has(output.name))) continue;
    for (const value of rulesFor(node).switches?.({ ...node, b }) ?? []) {
      if (isBatch(value.shape[0])) switches.set(value.name, value);
    }
  }
  return [...switches.values()].map((value) => {
    const perExample = divideDims(sizeOfShape(value.shape), BATCH);
    return reshape(b, value, [BATCH, perExample]);
  });
}

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

/** A switching function as its operator gives it, (N, ...). */
export interface SwitchGroup {
  readonly operator: string;
  readonly value: Value;
}

/** All switching functions between `parameters` and `targets` with what they switch, in the order of the nodes; empty for a smooth graph. */
export function switchGroupsOf(b: GraphBuilder, { targets, parameters }: SwitchOptions): SwitchGroup[] {
  const wanted = ancestors(b, targets);
  const moving = descendants(b.nodes, parameters);
  const groups = new Map<string, SwitchGroup>();
  for (const node of b.nodes.slice()) {
    if (!node.outputs.some((output) => wanted.has(output.name) && moving.has(output.name))) continue;
    for (const value of rulesFor(node).switches?.({ ...node, b }) ?? []) {
      if (isBatch(value.shape[0]) && !groups.has(value.name)) groups.set(value.name, { operator: node.op, value });
    }
  }
  return [...groups.values()];
}

/** A value (N, ...) as (N, m). */
export function flatPerExample(b: GraphBuilder, value: Value): Value {
  return reshape(b, value, [BATCH, divideDims(sizeOfShape(value.shape), BATCH)]);
}

/**
 * All switching functions between `parameters` and `targets`, each as (N, m): Relu's input, x_1 - x_0 of a maximum, and so on.
 * Empty for a smooth graph.
 */
export function switchesOf(b: GraphBuilder, options: SwitchOptions): Value[] {
  return switchGroupsOf(b, options).map(({ value }) => flatPerExample(b, value));
}

// Forward mode: appends to a graph the directional derivatives of chosen values.

import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/types.ts";
import { rulesFor } from "./reverse.ts";

export interface Tangent {
  readonly value: Value;
  readonly tangent: Value;
}

/** Names of all values that `targets` are computed from, the targets included. */
export function ancestors(b: GraphBuilder, targets: readonly Value[]): Set<string> {
  const names = new Set(targets.map((target) => target.name));
  for (let i = b.nodes.length - 1; i >= 0; i--) {
    const node = b.nodes[i];
    if (node.outputs.some((output) => names.has(output.name)))
      for (const input of node.inputs) if (input) names.add(input.name);
  }
  return names;
}

/**
 * Jacobian-vector products: the tangents of `targets` given tangents of some values, (d target / d value) tangent.
 * Undefined where a target does not depend on any of them. Cost: about one forward pass beyond the values themselves.
 */
export function jvp(b: GraphBuilder, tangents: readonly Tangent[], targets: readonly Value[]): (Value | undefined)[] {
  const tangentOf = new Map(tangents.map(({ value, tangent }) => [value.name, tangent]));
  const wanted = ancestors(b, targets);
  for (const node of b.nodes.slice()) {
    if (!node.outputs.some((output) => wanted.has(output.name))) continue;
    const incoming = node.inputs.map((input) => (input?.dtype === "real" ? tangentOf.get(input.name) : undefined));
    if (!incoming.some(Boolean)) continue;
    const results = rulesFor(node).jvp?.({ ...node, b }, incoming) ?? [];
    results.forEach((tangent, i) => {
      if (tangent) tangentOf.set(node.outputs[i].name, tangent);
    });
  }
  return targets.map((target) => tangentOf.get(target.name));
}

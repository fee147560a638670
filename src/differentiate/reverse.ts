// Reverse mode: appends to a graph the cotangents of chosen values, given cotangents of its outputs.

import { UnsupportedError } from "../errors.ts";
import type { BuiltNode, GraphBuilder } from "../graph/builder.ts";
import { addAll } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { operatorRules } from "./registry.ts";

/** A value and the cotangent (of the same shape) that arrives there. */
export interface Seed {
  readonly value: Value;
  readonly cotangent: Value;
}

/** Names of all values that depend on any of `roots`, the roots included. */
export function descendants(nodes: readonly BuiltNode[], roots: readonly Value[]): Set<string> {
  const names = new Set(roots.map((root) => root.name));
  for (const node of nodes) {
    if (node.inputs.some((input) => input && names.has(input.name)))
      for (const output of node.outputs) names.add(output.name);
  }
  return names;
}

export interface ReverseOptions {
  readonly seeds: readonly Seed[];
  /** Names of the values whose cotangents are wanted or needed on the way; the pass never leaves this set. */
  readonly active: ReadonlySet<string>;
  /** Called for each node that a cotangent reaches, before its rule runs. */
  readonly visit?: (node: BuiltNode, cotangents: readonly (Value | undefined)[]) => void;
}

/** One reverse pass over the nodes that are in the builder when it is called; gives the cotangent of each active value. */
export function reverse(
  b: GraphBuilder,
  { seeds, active, visit }: ReverseOptions,
): (value: Value) => Value | undefined {
  const arriving = new Map<string, Value[]>();
  const arrive = (value: Value, cotangent: Value): void => {
    const list = arriving.get(value.name);
    if (list) list.push(cotangent);
    else arriving.set(value.name, [cotangent]);
  };
  const total = (value: Value): Value | undefined => addAll(b, arriving.get(value.name) ?? []);
  for (const seed of seeds) arrive(seed.value, seed.cotangent);
  for (const node of b.nodes.slice().reverse()) {
    if (!node.outputs.some((output) => arriving.has(output.name))) continue;
    const cotangents = node.outputs.map(total);
    visit?.(node, cotangents);
    const needs = node.inputs.map((input) => input !== undefined && input.dtype === "real" && active.has(input.name));
    if (!needs.some(Boolean)) continue;
    const results = rulesFor(node).vjp?.({ ...node, b }, cotangents, needs) ?? [];
    results.forEach((cotangent, i) => {
      if (cotangent && needs[i]) arrive(node.inputs[i]!, cotangent);
    });
  }
  return total;
}

/** The rules of a node's operator; UnsupportedError when there are none. */
export function rulesFor(node: BuiltNode): ReturnType<typeof operatorRules.get> & object {
  const rules = operatorRules.get(node.op);
  if (!rules)
    throw new UnsupportedError(`operator ${node.op} cannot be differentiated`, {
      hint: "rewrite the model without it",
    });
  return rules;
}

/**
 * Vector-Jacobian products: the cotangents of `wrt` given those of the outputs, sum over seeds of (d value / d wrt)^T cotangent.
 * Undefined where a value does not reach an output. Cost: about twice the forward pass.
 */
export function vjp(b: GraphBuilder, seeds: readonly Seed[], wrt: readonly Value[]): (Value | undefined)[] {
  const cotangentOf = reverse(b, { seeds, active: descendants(b.nodes, wrt) });
  return wrt.map(cotangentOf);
}

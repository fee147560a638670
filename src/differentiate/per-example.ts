// Per-example derivatives with respect to parameters, kept factored: one entry for each use of a parameter.

import type { BuiltNode, GraphBuilder } from "../graph/builder.ts";
import { normaliseAxis } from "../graph/dim.ts";
import { reshape, transpose } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import type { Factor } from "./factor.ts";
import { inverse } from "./permutation.ts";
import { descendants, reverse, rulesFor, type Seed } from "./reverse.ts";
import { listAttribute } from "./rule.ts";

/**
 * A place where a value made of one parameter only meets values made of examples. `prelude` is the chain of structural nodes
 * (Transpose, Reshape, Slice, ...) from the parameter to that value, in the order of the graph.
 */
export interface Use {
  readonly parameter: Value;
  readonly prelude: readonly BuiltNode[];
  readonly factor: Factor;
}

export interface UsesOptions {
  /** Per-example scalars (N) and what each counts. */
  readonly seeds: readonly Seed[];
  /** Inputs whose first axis is the batch. */
  readonly examples: readonly Value[];
  readonly parameters: readonly Value[];
}

const RESHAPING = new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast"]);
const PRELUDE = new Set([...RESHAPING, "Transpose", "Slice"]);

/** The chain of structural nodes from a parameter to `value`; undefined when something else lies between. */
function preludeOf(
  value: Value,
  producers: ReadonlyMap<string, BuiltNode>,
  parameters: ReadonlySet<string>,
): { parameter: Value; prelude: BuiltNode[] } | undefined {
  const prelude: BuiltNode[] = [];
  let current = value;
  while (!parameters.has(current.name)) {
    const node = producers.get(current.name);
    if (!node || !PRELUDE.has(node.op) || current.shape.includes(0)) return undefined;
    prelude.unshift(node);
    current = node.inputs[0]!;
  }
  return { parameter: current, prelude };
}

/**
 * Every use of the parameters, with its factors for the scalar `sum of seeds' cotangent . value` of each example.
 *
 * Undefined when some use has no factored form: then only the VJP at N = 1, example by example, is left.
 * Cost: one backward pass that stops at the parameters, no outer product is formed.
 */
export function usesOf(b: GraphBuilder, { seeds, examples, parameters }: UsesOptions): readonly Use[] | undefined {
  const ofExamples = descendants(b.nodes, examples);
  const ofParameters = descendants(b.nodes, parameters);
  const active = new Set([...ofExamples].filter((name) => ofParameters.has(name)));
  const producers = new Map(b.nodes.flatMap((node) => node.outputs.map((output) => [output.name, node] as const)));
  const names = new Set(parameters.map((parameter) => parameter.name));
  const uses: Use[] = [];
  let complete = true;
  const visit = (node: BuiltNode, cotangents: readonly (Value | undefined)[]): void => {
    node.inputs.forEach((input, i) => {
      if (input?.dtype !== "real" || !ofParameters.has(input.name) || ofExamples.has(input.name)) return;
      if (!cotangents[0]) return;
      const origin = preludeOf(input, producers, names);
      const factor = origin && rulesFor(node).factor?.({ ...node, b }, i, cotangents[0]);
      if (origin && factor) uses.push({ ...origin, factor });
      else complete = false;
    });
  };
  reverse(b, { seeds, active, visit });
  return complete ? uses : undefined;
}

/** Takes (lead, ...parameter shape) forward through a prelude, for each of the leading entries apart. */
export function throughPrelude(b: GraphBuilder, lead: Value, prelude: readonly BuiltNode[]): Value {
  return prelude.reduce<Value>((x, node) => {
    if (node.op === "Transpose") return transpose(b, x, [0, ...permOf(node).map((axis) => axis + 1)]);
    if (node.op === "Slice") return b.op("Slice", sliceBehindLead(b, x, node));
    return reshape(b, x, [x.shape[0], ...node.outputs[0].shape]);
  }, lead);
}

/** Takes per-example derivatives (N, ...shape behind the prelude) back to the parameter: (N, ...parameter shape). */
export function backThroughPrelude(b: GraphBuilder, derivative: Value, prelude: readonly BuiltNode[]): Value {
  return prelude.reduceRight<Value>((g, node) => {
    const { shape } = node.inputs[0]!;
    if (node.op === "Transpose") return transpose(b, g, [0, ...inverse(permOf(node)).map((axis) => axis + 1)]);
    if (node.op !== "Slice") return reshape(b, g, [g.shape[0], ...shape]);
    // The rule reads no more of its input than the shape.
    const inputs = sliceBehindLead(b, { name: g.name, dtype: g.dtype, shape: [g.shape[0], ...shape] }, node);
    return rulesFor(node).vjp!({ ...node, inputs, b }, [g], [true])[0]!;
  }, derivative);
}

/** Inputs of the Slice that cuts x (lead, ...) as `node` cuts what has no leading axis. */
function sliceBehindLead(b: GraphBuilder, x: Value, { inputs: [source, starts, ends, axes, steps] }: BuiltNode) {
  const rank = source!.shape.length;
  const all = Array.from({ length: starts!.shape[0] as number }, (_, i) => i);
  const named = axes ? (b.intsOf(axes) as readonly number[]) : all;
  return [x, starts, ends, b.ints(named.map((axis) => normaliseAxis(axis, rank) + 1)), steps];
}

function permOf(node: BuiltNode): readonly number[] {
  const rank = node.inputs[0]!.shape.length;
  return listAttribute(
    node,
    "perm",
    Array.from({ length: rank }, (_, i) => rank - 1 - i),
  );
}

// Per-example derivatives with respect to parameters, kept factored: one entry for each use of a parameter.

import type { BuiltNode, GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/types.ts";
import type { Factor } from "./factor.ts";
import { type Prelude, preludesOf } from "./prelude.ts";
import { descendants, reverse, rulesFor, type Seed } from "./reverse.ts";

/** A place where a value made of parameters only, by way of `prelude` from this one, meets values made of examples. */
export interface Use {
  readonly parameter: Value;
  readonly prelude: Prelude;
  readonly factor: Factor;
  /** Nothing before the place depends on parameters: no cotangent goes on from there. */
  readonly ends?: boolean;
}

export interface UsesOptions {
  /** Per-example scalars (N) and what each counts. */
  readonly seeds: readonly Seed[];
  /** Inputs whose first axis is the batch. */
  readonly examples: readonly Value[];
  readonly parameters: readonly Value[];
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
  const named = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const uses: Use[] = [];
  let complete = true;
  const visit = (node: BuiltNode, cotangents: readonly (Value | undefined)[]): void => {
    const ends = !node.inputs.some((input) => input && active.has(input.name));
    node.inputs.forEach((input, i) => {
      if (input?.dtype !== "real" || !ofParameters.has(input.name) || ofExamples.has(input.name)) return;
      if (!cotangents[0]) return;
      const origins = preludesOf(b, input, { parameters: named, ofParameters });
      const factor = origins && rulesFor(node).factor?.({ ...node, b }, i, cotangents[0]);
      if (origins && factor) uses.push(...origins.map((origin) => ({ ...origin, factor, ends })));
      else complete = false;
    });
  };
  reverse(b, { seeds, active, visit });
  return complete ? uses : undefined;
}

// What a loss reads beside outputs and targets: inputs of the graph that it is in, the same for all examples of a step.

import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/types.ts";
import type { Loss } from "./types.ts";

/** Before their names, as inputs of a graph. */
export const LOSS_INPUT = "loss.input.";

/** What a loss is applied to in a graph. */
export interface LossPlace {
  readonly y: Value;
  readonly target: Value;
  readonly inputs: Readonly<Record<string, Value>>;
}

/** Adds the inputs of a loss to a graph, by their names. */
export function lossInputs(b: GraphBuilder, { inputs = {} }: Loss): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => [name, b.input(LOSS_INPUT + name, "real", shape)] as const),
  );
}

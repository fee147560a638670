// The graph of one training step's derivative: the loss of a batch and its gradient.

import { vjp } from "../differentiate/reverse.ts";
import { lightenPools } from "../graph/before-pools.ts";
import { builderOf, type GraphBuilder } from "../graph/builder.ts";
import { fullLike } from "../graph/ops.ts";
import { targetShape } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import type { Loss } from "../losses/types.ts";

/** A loss put on top of a model's head, in a builder that further derivatives are appended to. */
export interface Objective {
  readonly b: GraphBuilder;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly y: Value;
  /** l_n: (N). */
  readonly losses: Value;
  /** c_n, what each example of the batch counts: (N). */
  readonly weights: Value;
}

/** Name of the input that holds targets, and of the one that holds weights. */
export const TARGET = "target";
export const WEIGHTS = "example.weights";

/** Inlines a head and its loss into a fresh builder. */
export function objectiveOf(head: Graph, loss: Loss): Objective {
  const { b, inputs, values } = builderOf(lightenPools(head));
  const y = values.get("y") as Value;
  const target = b.input(TARGET, loss.target === "class" ? "int64" : "real", targetShape(y, loss.target));
  const weights = b.input(WEIGHTS, "real", ["N"]);
  return { b, inputs, y, losses: loss.value(b, y, target), weights };
}

/**
 * G = sum_n c_n dl_n/dw for each trainable parameter (outputs `gradient.NAME`), and the losses l_n (output `losses`).
 * Inputs: the head's, `target`, `example.weights`. Cost: about three forward passes.
 */
export function gradientGraph(head: Graph, loss: Loss, trainable: readonly string[]): Graph {
  const { b, inputs, losses, weights } = objectiveOf(head, loss);
  const parameters = trainable.map((name) => inputs[name]);
  const gradients = vjp(b, [{ value: losses, cotangent: weights }], parameters);
  const outputs: Record<string, Value> = {};
  trainable.forEach((name, i) => {
    // A parameter that does not reach the loss has gradient zero.
    outputs[`gradient.${name}`] = gradients[i] ?? fullLike(b, parameters[i], 0);
  });
  return b.build({ ...outputs, losses });
}

// The graph of one training step's derivative: the loss of a batch and its gradient.

import { type Seed, vjp } from "../differentiate/reverse.ts";
import { lightenPools } from "../graph/before-pools.ts";
import { builderOf, type GraphBuilder } from "../graph/builder.ts";
import { fullLike, mul, reshape } from "../graph/ops.ts";
import { targetShape } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import { lossInputs } from "../losses/loss-inputs.ts";
import type { Loss } from "../losses/types.ts";

/** A loss put on top of a model's head, in a builder that further derivatives are appended to. */
export interface Objective {
  readonly b: GraphBuilder;
  readonly y: Value;
  /** l_n: (N). */
  readonly losses: Value;
  /** c_n, what each example of the batch counts: (N). */
  readonly weights: Value;
  /** l' (N, ...) where the loss gives it; undefined where it is the derivative of `losses`. */
  readonly pull: Value | undefined;
  /** What the derivative of sum_n c_n l_n begins with, for weights c (default `weights`). */
  seeds(counts?: Value): readonly Seed[];
}

/** Name of the input that holds targets, and of the one that holds weights. */
export const TARGET = "target";
export const WEIGHTS = "example.weights";

/** Inlines a head and its loss into a fresh builder. */
export function objectiveOf(head: Graph, loss: Loss): Objective & { readonly inputs: Readonly<Record<string, Value>> } {
  const { b, inputs, values } = builderOf(lightenPools(head));
  return { inputs, ...objectiveOn(b, values.get("y") as Value, loss) };
}

/** Puts a loss on outputs (N, ...). */
export function objectiveOn(b: GraphBuilder, y: Value, loss: Loss): Objective {
  const target = b.input(TARGET, loss.target === "class" ? "int64" : "real", targetShape(y, loss.target));
  const weights = b.input(WEIGHTS, "real", ["N"]);
  const others = lossInputs(b, loss);
  const losses = loss.value(b, y, target, others);
  const pull = loss.pull?.(b, y, target, others);
  const ones = y.shape.slice(1).map(() => 1);
  const seeds = (counts = weights): Seed[] =>
    pull
      ? [{ value: y, cotangent: mul(b, reshape(b, counts, ["N", ...ones]), pull) }]
      : [{ value: losses, cotangent: counts }];
  return { b, y, losses, weights, pull, seeds };
}

/**
 * G = sum_n c_n dl_n/dw for each trainable parameter (outputs `gradient.NAME`), and the losses l_n (output `losses`).
 * Inputs: the head's, `target`, `example.weights`. Cost: about three forward passes.
 */
export function gradientGraph(head: Graph, loss: Loss, trainable: readonly string[]): Graph {
  const { b, inputs, losses, seeds } = objectiveOf(head, loss);
  const parameters = trainable.map((name) => inputs[name]);
  const gradients = vjp(b, seeds(), parameters);
  const outputs: Record<string, Value> = {};
  trainable.forEach((name, i) => {
    // A parameter that does not reach the loss has gradient zero.
    outputs[`gradient.${name}`] = gradients[i] ?? fullLike(b, parameters[i], 0);
  });
  return b.build({ ...outputs, losses });
}

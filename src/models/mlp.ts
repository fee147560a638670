// Multi-layer perceptron: linear layers with one activation between them, as `torch.nn.Sequential` would name them.

import { GraphBuilder } from "../graph/builder.ts";
import { modelFromBuilder } from "./from-graph.ts";
import { activations, dropoutText, dropped, flatten, linear } from "./layers.ts";
import type { Model, ModelShape } from "./types.ts";

export interface MlpOptions extends ModelShape {
  /** Width of each hidden layer; none makes a linear model. */
  readonly hidden: readonly number[];
  readonly activation: string;
  /** Probability that an activation of a hidden layer is dropped while training, in [0, 1). Default 0. */
  readonly dropout?: number | undefined;
}

/** Flattens the input, then `hidden` layers with `activation` and `dropout`, then C outputs. Parameters: layers.0.weight (out, in), layers.0.bias, ... */
export function mlp({ inputShape, outputs, hidden, activation, dropout = 0 }: MlpOptions): Model {
  if (!Object.hasOwn(activations, activation))
    throw new RangeError(`mlp: activation must be one of ${Object.keys(activations).join(", ")}, got ${activation}`);
  if (dropout !== 0 && hidden.length === 0)
    throw new RangeError(`mlp: dropout needs a hidden layer, got ${dropout} for none`);
  const activate = activations[activation];
  const b = new GraphBuilder();
  let h = flatten(b, b.input("x", "real", ["N", ...inputShape]));
  hidden.forEach((width, i) => {
    h = dropped(b, activate(b, linear(b, h, { name: `layers.${i}`, outputs: width })), dropout);
  });
  const y = linear(b, h, { name: `layers.${hidden.length}`, outputs });
  return modelFromBuilder(
    `${hidden.length === 0 ? "mlp" : `mlp:${hidden.join()}:${activation}`}${dropoutText(dropout)}`,
    b,
    y,
  );
}

// Multi-layer perceptron: linear layers with one activation between them, as `torch.nn.Sequential` would name them.

import { GraphBuilder } from "../graph/builder.ts";
import { fixedDim } from "../graph/dim.ts";
import { modelFromBuilder, withStarts } from "./from-graph.ts";
import { activations, dropoutText, dropped, flatten, linear } from "./layers.ts";
import type { Start } from "./linear-init.ts";
import { withOutputScale } from "./output-scale.ts";
import { DEFAULT_BASE_WIDTH, layerScales, type Parametrisation, parametrisations } from "./parametrisation.ts";
import type { Model, ModelShape } from "./types.ts";

export interface MlpOptions extends ModelShape {
  /** Width of each hidden layer; none makes a linear model. */
  readonly hidden: readonly number[];
  readonly activation: string;
  /** Probability that an activation of a hidden layer is dropped while training, in [0, 1). Default 0. */
  readonly dropout?: number | undefined;
  /** How step sizes of layers go with their widths. Default `standard`, as PyTorch's layers are. */
  readonly parametrisation?: Parametrisation;
  /** Width at which all parametrisations are the standard one. Default 64. */
  readonly baseWidth?: number;
  /** alpha of alpha (f(x; w) - f(x; w_0)): the larger, the lazier (Chizat et al. 2019). Default: f(x; w) as it is. */
  readonly alpha?: number;
}

/**
 * Flattens the input, then `hidden` layers with `activation` and `dropout`, then C outputs. Parameters: layers.0.weight (out, in), layers.0.bias, ...; with
 * `alpha` also start.layers.0.weight, ..., which hold w_0 and are not trained.
 */
export function mlp(options: MlpOptions): Model {
  const { inputShape, outputs, hidden, activation, parametrisation = "standard", alpha, dropout = 0 } = options;
  const { baseWidth = DEFAULT_BASE_WIDTH } = options;
  if (!Object.hasOwn(activations, activation))
    throw new RangeError(`mlp: activation must be one of ${Object.keys(activations).join(", ")}, got ${activation}`);
  if (!parametrisations.includes(parametrisation))
    throw new RangeError(`mlp: parametrisation must be one of ${parametrisations.join(", ")}, got ${parametrisation}`);
  if (!(baseWidth > 0 && baseWidth < Number.POSITIVE_INFINITY))
    throw new RangeError(`mlp: the base width must be a finite number > 0, got ${baseWidth}`);
  if (dropout !== 0 && hidden.length === 0)
    throw new RangeError(`mlp: dropout needs a hidden layer, got ${dropout} for none`);
  const activate = activations[activation];
  const b = new GraphBuilder();
  const starts: Record<string, Start> = {};
  let h = flatten(b, b.input("x", "real", ["N", ...inputShape]));
  [...hidden, outputs].forEach((width, i) => {
    const name = `layers.${i}`;
    const place = { fanIn: fixedDim(h.shape[1], `the width of the input of ${name}`), fanOut: width };
    const role = hidden.length === 0 ? "only" : i === 0 ? "input" : i === hidden.length ? "output" : "hidden";
    const { weight, bias, start } = layerScales(parametrisation, role, { ...place, baseWidth });
    if (start.weight !== 1) starts[`${name}.weight`] = { scale: start.weight };
    if (start.bias !== 1) starts[`${name}.bias`] = { scale: start.bias };
    const z = linear(b, h, { name, outputs: width, scales: { weight, bias } });
    h = i === hidden.length ? z : dropped(b, activate(b, z), dropout);
  });
  const plain = withStarts(modelFromBuilder(specOf(options), b, h), starts);
  return alpha === undefined ? plain : { ...withOutputScale(plain, alpha), spec: plain.spec };
}

function specOf(options: MlpOptions): string {
  const { hidden, activation, parametrisation = "standard", baseWidth, alpha, dropout = 0 } = options;
  const given = [
    parametrisation === "standard" ? "" : `parametrisation=${parametrisation}`,
    baseWidth === undefined || baseWidth === DEFAULT_BASE_WIDTH ? "" : `base=${baseWidth}`,
    alpha === undefined ? "" : `alpha=${alpha}`,
  ].filter(Boolean);
  const plain = hidden.length === 0 ? "mlp" : `mlp:${hidden.join()}:${activation}`;
  if (given.length === 0) return plain + dropoutText(dropout);
  return `${hidden.length === 0 ? `mlp::${activation}` : plain}:${given.join()}${dropoutText(dropout)}`;
}

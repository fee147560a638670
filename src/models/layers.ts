// Layers as graph fragments, with PyTorch's shapes and names of parameters.

import type { GraphBuilder } from "../graph/builder.ts";
import { fixedDim, sizeOfShape } from "../graph/dim.ts";
import { dropout } from "../graph/dropout.ts";
import { add, mul, reshape } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";

type B = GraphBuilder;

/** tanh, relu, ... by the names that users write; each gives the activated value. */
export const activations: Readonly<Record<string, (b: B, x: Value) => Value>> = {
  tanh: (b, x) => b.op("Tanh", [x]),
  relu: (b, x) => b.op("Relu", [x]),
  sigmoid: (b, x) => b.op("Sigmoid", [x]),
  softplus: (b, x) => b.op("Softplus", [x]),
  elu: (b, x) => b.op("Elu", [x], { alpha: 1 }),
  leakyrelu: (b, x) => b.op("LeakyRelu", [x], { alpha: 0.01 }),
  gelu: (b, x) => mul(b, mul(b, x, 0.5), add(b, b.op("Erf", [mul(b, x, Math.SQRT1_2)]), 1)),
  silu: (b, x) => mul(b, x, b.op("Sigmoid", [x])),
  sin: (b, x) => b.op("Sin", [x]),
  linear: (_b, x) => x,
};

export interface LinearLayer {
  readonly name: string;
  readonly outputs: number;
  /** What multiplies W and b. Default 1. */
  readonly scales?: { readonly weight: number; readonly bias: number };
}

/** x W^T + b with W of shape (outputs, inputs), as `torch.nn.Linear`; with `scales`, weight x W^T + bias b. */
export function linear(b: B, x: Value, { name, outputs, scales }: LinearLayer): Value {
  const inputs = fixedDim(x.shape[1], `the width of the input of ${name}`);
  const weight = b.input(`${name}.weight`, "real", [outputs, inputs]);
  const bias = b.input(`${name}.bias`, "real", [outputs]);
  const factors = scales && (scales.weight !== 1 || scales.bias !== 1) && { alpha: scales.weight, beta: scales.bias };
  return b.op("Gemm", [x, weight, bias], { transB: 1, ...factors });
}

/** 3 x 3 convolution, padding 1, as `torch.nn.Conv2d(inputs, outputs, 3, padding=1)`. */
export function convolution3x3(b: B, x: Value, { name, outputs }: { name: string; outputs: number }): Value {
  const inputs = fixedDim(x.shape[1], `the channels of the input of ${name}`);
  const weight = b.input(`${name}.weight`, "real", [outputs, inputs, 3, 3]);
  const bias = b.input(`${name}.bias`, "real", [outputs]);
  return b.op("Conv", [x, weight, bias], {
    kernel_shape: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    dilations: [1, 1],
    group: 1,
  });
}

/** Drops elements with probability `ratio` while training; x itself at 0. */
export function dropped(b: B, x: Value, ratio: number): Value {
  if (!(ratio >= 0 && ratio < 1)) throw new RangeError(`dropout must lie in [0, 1), got ${ratio}`);
  return ratio === 0 ? x : dropout(b, x, ratio);
}

/** ":dropout=0.3", as it stands in a spec; nothing at 0. */
export const dropoutText = (ratio: number): string => (ratio === 0 ? "" : `:dropout=${ratio}`);

/** Max-pooling of 2 x 2 windows. */
export function maxPool2(b: B, x: Value): Value {
  return b.op("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
}

/** (N, ...) to (N, product of the rest). */
export function flatten(b: B, x: Value): Value {
  return reshape(b, x, [x.shape[0], sizeOfShape(x.shape.slice(1))]);
}

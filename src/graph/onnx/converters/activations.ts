// Reads element-wise operators: older forms, and those that are compositions of operators that have derivatives.

import { reals } from "../../../numeric/tensor.ts";
import { add, cast, div, greater, mul, sub, where } from "../../ops.ts";
import type { Value } from "../../types.ts";
import { type Converter, type ImportNode, inputOf, numberOf, stringOf } from "../import-node.ts";

// Largest float32: the default bounds of Clip before opset 11, that is, none.
const UNBOUNDED = 3.4e38;

const clip: Converter = (node) => {
  const { b } = node;
  const bound = (i: number, name: string): Value | undefined => {
    const value = node.attributes[name];
    if (node.inputs[i] || typeof value !== "number" || Math.abs(value) >= UNBOUNDED) return node.inputs[i];
    return b.scalar(value);
  };
  const [low, high] = [bound(1, "min"), bound(2, "max")];
  const x = inputOf(node, 0);
  return low || high ? [b.op("Clip", high ? [x, low, high] : [x, low])] : [x];
};

/** alpha x + beta, kept in [0, 1]. */
function hardSigmoid({ b }: ImportNode, x: Value, { alpha, beta }: { alpha: number; beta: number }): Value {
  return b.op("Clip", [add(b, mul(b, x, alpha), beta), b.scalar(0), b.scalar(1)]);
}

/** x Phi(x), Phi the normal distribution function (Hendrycks, Gimpel 2016). */
function gelu({ b }: ImportNode, x: Value): Value {
  return mul(b, mul(b, x, 0.5), add(b, b.op("Erf", [div(b, x, Math.SQRT2)]), 1));
}

/** x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the approximation of the same paper. */
function tanhGelu({ b }: ImportNode, x: Value): Value {
  const cube = mul(b, mul(b, x, x), x);
  const inner = mul(b, add(b, x, mul(b, cube, 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(b, mul(b, x, 0.5), add(b, b.op("Tanh", [inner]), 1));
}

const biased = (node: ImportNode): Value => {
  const x = inputOf(node, 0);
  return node.inputs[1] ? add(node.b, x, node.inputs[1]) : x;
};

const selu: Converter = (node) => {
  const elu = node.b.op("Elu", [inputOf(node, 0)], { alpha: numberOf(node, "alpha", 1.6732632423543772) });
  return [mul(node.b, elu, numberOf(node, "gamma", 1.0507009873554805))];
};

const celu: Converter = (node) => {
  const alpha = numberOf(node, "alpha", 1);
  const x = inputOf(node, 0);
  if (alpha === 1) return [node.b.op("Elu", [x], { alpha: 1 })];
  return [mul(node.b, node.b.op("Elu", [div(node.b, x, alpha)], { alpha: 1 }), alpha)];
};

const shrink: Converter = (node) => {
  const { b } = node;
  const [x, lambda, bias] = [inputOf(node, 0), numberOf(node, "lambd", 0.5), numberOf(node, "bias", 0)];
  const below = where(b, b.op("Less", [x, b.scalar(-lambda)]), add(b, x, bias), 0);
  return [where(b, greater(b, x, lambda), sub(b, x, bias), below)];
};

/** asin(x) = atan(x / sqrt(1 - x^2)), with 1 - x^2 as a product, which cancels nothing. */
function arcsine({ b }: ImportNode, x: Value): Value {
  const cosine = b.op("Sqrt", [mul(b, sub(b, 1, x), add(b, x, 1))]);
  return b.op("Atan", [div(b, x, cosine)]);
}

/** Sum, Max and Min of one value are the value. */
const several: Converter = (node) =>
  node.inputs.length === 1 ? [inputOf(node, 0)] : [node.b.op(node.op, node.inputs)];

const mean: Converter = (node) => {
  const n = node.inputs.length;
  return n === 1 ? [inputOf(node, 0)] : [div(node.b, node.b.op("Sum", node.inputs), n)];
};

/** An integer exponent becomes real. */
const power: Converter = (node) => {
  const { b } = node;
  const [x, exponent] = [inputOf(node, 0), inputOf(node, 1)];
  if (x.dtype !== "real" || exponent.dtype === "real") return [b.op("Pow", [x, exponent])];
  const known = b.constantOf(exponent);
  const real = known ? b.constant(reals(known.shape, Array.from(known.data, Number))) : cast(b, exponent, "real");
  return [b.op("Pow", [x, real])];
};

const withAlpha =
  (fallback: number): Converter =>
  (node) => [node.b.op(node.op, [inputOf(node, 0)], { alpha: numberOf(node, "alpha", fallback) })];

export const activationConverters: Readonly<Record<string, Converter>> = {
  Clip: clip,
  LeakyRelu: withAlpha(0.01),
  Elu: withAlpha(1),
  Selu: selu,
  Celu: celu,
  PRelu: (node) => {
    const x = inputOf(node, 0);
    return [where(node.b, greater(node.b, x, 0), x, mul(node.b, x, inputOf(node, 1)))];
  },
  HardSigmoid: (node) => {
    const [alpha, beta] = [numberOf(node, "alpha", 0.2), numberOf(node, "beta", 0.5)];
    return [hardSigmoid(node, inputOf(node, 0), { alpha, beta })];
  },
  HardSwish: (node) => {
    const x = inputOf(node, 0);
    return [mul(node.b, x, hardSigmoid(node, x, { alpha: 1 / 6, beta: 0.5 }))];
  },
  ThresholdedRelu: (node) => {
    const x = inputOf(node, 0);
    return [where(node.b, greater(node.b, x, numberOf(node, "alpha", 1)), x, 0)];
  },
  Softsign: (node) => {
    const x = inputOf(node, 0);
    return [div(node.b, x, add(node.b, node.b.op("Abs", [x]), 1))];
  },
  Mish: (node) => {
    const x = inputOf(node, 0);
    return [mul(node.b, x, node.b.op("Tanh", [node.b.op("Softplus", [x])]))];
  },
  Shrink: shrink,
  Tan: (node) => [div(node.b, node.b.op("Sin", [inputOf(node, 0)]), node.b.op("Cos", [inputOf(node, 0)]))],
  Asin: (node) => [arcsine(node, inputOf(node, 0))],
  Acos: (node) => [sub(node.b, Math.PI / 2, arcsine(node, inputOf(node, 0)))],
  Gelu: (node) => [(stringOf(node, "approximate", "none") === "tanh" ? tanhGelu : gelu)(node, inputOf(node, 0))],
  "com.microsoft:Gelu": (node) => [gelu(node, inputOf(node, 0))],
  "com.microsoft:BiasGelu": (node) => [gelu(node, biased(node))],
  "com.microsoft:FastGelu": (node) => [tanhGelu(node, biased(node))],
  "com.microsoft:QuickGelu": (node) => {
    const x = inputOf(node, 0);
    return [mul(node.b, x, node.b.op("Sigmoid", [mul(node.b, x, numberOf(node, "alpha", 1.702))]))];
  },
  Sum: several,
  Max: several,
  Min: several,
  Mean: mean,
  Pow: power,
};

// Reads normalisations as the arithmetic that they are: means, differences, quotients.

import { InvalidModelError, UnsupportedError } from "../../../errors.ts";
import { reals } from "../../../numeric/tensor.ts";
import { fixedDim, isBatch, normaliseAxis } from "../../dim.ts";
import { add, mul, reshape, sub } from "../../ops.ts";
import { standardised } from "../../standardise.ts";
import type { Value } from "../../types.ts";
import { type Converter, type ImportNode, inputOf, numberOf, refuseOutputs } from "../import-node.ts";

const EPSILON = 1e-5;

/** A value of one number per channel, shaped to broadcast along axis 1 of x. */
function perChannel(node: ImportNode, value: Value, x: Value): Value {
  const shape = [...value.shape, ...x.shape.slice(2).map(() => 1)];
  const fixed = node.b.constantOf(value);
  return fixed ? node.b.constant({ ...fixed, shape: shape as number[] }) : reshape(node.b, value, shape);
}

/** 1 / sqrt(variance + epsilon), computed once when the variance is fixed. */
function inverseDeviation({ b }: ImportNode, variance: Value, epsilon: number): Value {
  const fixed = b.constantOf(variance);
  if (fixed) {
    const data = Array.from(fixed.data, Number).map((v) => 1 / Math.sqrt(v + epsilon));
    return b.constant(reals(fixed.shape, data));
  }
  return b.op("Reciprocal", [b.op("Sqrt", [add(b, variance, epsilon)])]);
}

/** With fixed statistics: (x - mean) / sqrt(var + epsilon) scale + bias; scale and bias meet x directly, so that they may be trained. */
const batchNormalization: Converter = (node) => {
  const { b } = node;
  const hint = "export the model in evaluation mode (frozen BatchNorm), or use GroupNorm";
  // Before opset 14 training is told by the outputs that only it has.
  if (numberOf(node, "training_mode", 0) || node.outputsRead.length > 1) {
    throw new UnsupportedError("it must use its running statistics, got batch statistics, which mix examples", {
      hint,
    });
  }
  if (!numberOf(node, "spatial", 1)) throw new UnsupportedError("statistics must be per channel (spatial=1)", { hint });
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => inputOf(node, i));
  const inverse = inverseDeviation(node, variance, numberOf(node, "epsilon", EPSILON));
  const normal = mul(b, sub(b, x, perChannel(node, mean, x)), perChannel(node, inverse, x));
  return [add(b, mul(b, normal, perChannel(node, scale, x)), perChannel(node, bias, x))];
};

const instanceNormalization: Converter = (node) => {
  const { b } = node;
  const [x, scale, bias] = [0, 1, 2].map((i) => inputOf(node, i));
  const axes = x.shape.map((_, i) => i).slice(2);
  const normal = standardised(b, x, { axes, epsilon: numberOf(node, "epsilon", EPSILON) });
  return [add(b, mul(b, normal, perChannel(node, scale, x)), perChannel(node, bias, x))];
};

const layerNormalization: Converter = (node) => {
  const { b } = node;
  refuseOutputs(node, 1, "the mean and deviation of LayerNormalization must not be used, only its result");
  const [x, scale] = [inputOf(node, 0), inputOf(node, 1)];
  const first = normaliseAxis(numberOf(node, "axis", -1), x.shape.length);
  const axes = x.shape.map((_, i) => i).slice(first);
  const scaled = mul(b, standardised(b, x, { axes, epsilon: numberOf(node, "epsilon", EPSILON) }), scale);
  return [node.inputs[2] ? add(b, scaled, node.inputs[2]) : scaled];
};

/** Scale and bias are per group before opset 21, per channel from it. */
const groupNormalization: Converter = (node) => {
  const { b } = node;
  const [x, scale, bias] = [0, 1, 2].map((i) => inputOf(node, i));
  const groups = numberOf(node, "num_groups", 0);
  const channels = fixedDim(x.shape[1], "the channels");
  if (groups < 1 || channels % groups !== 0 || !isBatch(x.shape[0])) {
    throw new InvalidModelError(`num_groups must divide ${channels} channels, got ${groups}`);
  }
  const rest = x.shape.slice(2).map((dim) => fixedDim(dim, "a spatial axis"));
  const grouped = [x.shape[0], groups, (channels / groups) * rest.reduce((size, dim) => size * dim, 1)];
  const normal = standardised(b, reshape(b, x, grouped), { axes: [2], epsilon: numberOf(node, "epsilon", EPSILON) });
  const perGroup = node.opset < 21 && groups !== channels;
  if (!perGroup) {
    return [add(b, mul(b, reshape(b, normal, x.shape), perChannel(node, scale, x)), perChannel(node, bias, x))];
  }
  const column = (value: Value): Value => reshape(b, value, [groups, 1]);
  return [reshape(b, add(b, mul(b, normal, column(scale)), column(bias)), x.shape)];
};

export const normalisationConverters: Readonly<Record<string, Converter>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
};

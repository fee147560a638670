// Shape rules of Conv and ConvTranspose: (N, C, ...spatial) with weights (O, C / group, ...) and (C, O / group, ...).

import { ShapeMismatchError } from "../../errors.ts";
import { type Dim, divideDims, fixedDim, multiplyDims } from "../dim.ts";
import type { Attributes, ShapeRule, Value } from "../types.ts";
import { listOf, numberOf, spans, spatialSizes, windowCounts, windowsOf } from "../windows.ts";

/** The spatial axes of a weight, which `kernel_shape` may only repeat. */
function kernelOf(x: Value, weight: Value, attributes: Attributes): number[] {
  if (weight.shape.length !== x.shape.length) {
    throw new ShapeMismatchError(
      `input and weight must have one rank, got ${x.shape.length} and ${weight.shape.length}`,
    );
  }
  const kernel = weight.shape.slice(2).map((dim) => fixedDim(dim, "a spatial axis of the weight"));
  const stated = listOf(attributes, "kernel_shape", kernel);
  if (stated.some((size, i) => size !== kernel[i])) {
    throw new ShapeMismatchError(`kernel_shape must be the weight's [${kernel}], got [${stated}]`);
  }
  return kernel;
}

function checkBias(bias: Value | undefined, channels: Dim): void {
  if (!bias || (bias.shape.length === 1 && bias.shape[0] === channels)) return;
  throw new ShapeMismatchError(`the bias must have shape [${channels}], got [${bias.shape}]`);
}

const conv: ShapeRule = ({ inputs: [x, weight, bias], attributes }) => {
  const [input, kernel] = [x!, weight!];
  const sizes = spatialSizes(input.shape);
  const windows = windowsOf(attributes, kernelOf(input, kernel, attributes));
  const group = numberOf(attributes, "group", 1);
  if (multiplyDims(kernel.shape[1], group) !== input.shape[1]) {
    const wanted = `${kernel.shape[1]} x ${group} groups`;
    throw new ShapeMismatchError(`the input must have the weight's channels (${wanted}), got ${input.shape[1]}`);
  }
  divideDims(kernel.shape[0], group);
  checkBias(bias, kernel.shape[0]);
  return [{ dtype: input.dtype, shape: [input.shape[0], kernel.shape[0], ...windowCounts(windows, sizes)] }];
};

const convTranspose: ShapeRule = ({ inputs: [x, weight, bias], attributes }) => {
  const [input, kernel] = [x!, weight!];
  const sizes = spatialSizes(input.shape);
  const windows = windowsOf(attributes, kernelOf(input, kernel, attributes));
  const padding = listOf(attributes, "output_padding", new Array(sizes.length).fill(0));
  if (padding.some((amount, i) => amount >= windows.strides[i])) {
    throw new ShapeMismatchError(
      `output_padding must be smaller than the strides [${windows.strides}], got [${padding}]`,
    );
  }
  const group = numberOf(attributes, "group", 1);
  if (kernel.shape[0] !== input.shape[1]) {
    throw new ShapeMismatchError(
      `input and weight must have one number of channels, got ${input.shape[1]} and ${kernel.shape[0]}`,
    );
  }
  divideDims(input.shape[1], group);
  const channels = multiplyDims(kernel.shape[1], group);
  checkBias(bias, channels);
  const out = spans(windows).map((span, i) => {
    const size = windows.strides[i] * (sizes[i] - 1) + padding[i] + span - windows.before[i] - windows.after[i];
    if (size < 1) throw new ShapeMismatchError(`the output must not be empty, got an axis of ${size}`);
    return size;
  });
  return [{ dtype: input.dtype, shape: [input.shape[0], channels, ...out] }];
};

export const convolutionShapes: Readonly<Record<string, ShapeRule>> = { Conv: conv, ConvTranspose: convTranspose };

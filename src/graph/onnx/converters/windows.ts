// Reads convolutions and poolings, with kernel, strides, pads and dilations always written out.

import { InvalidModelError, UnsupportedError } from "../../../errors.ts";
import { fixedDim } from "../../dim.ts";
import type { Attributes, Value } from "../../types.ts";
import { type Converter, type ImportNode, inputOf, listOf, numberOf, refuseOutputs, stringOf } from "../import-node.ts";

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

function windowOf(node: ImportNode, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  return { kernel, strides: listOf(node, "strides") ?? ones, dilations: listOf(node, "dilations") ?? ones };
}

const fixedDims = (x: Value, what: string): number[] => x.shape.slice(2).map((dim) => fixedDim(dim, what));

/** The kernel given, or that of the weights. */
function kernelOf(node: ImportNode): readonly number[] {
  return listOf(node, "kernel_shape") ?? fixedDims(inputOf(node, 1), "the kernel");
}

/** The kernel of a pooling. */
function poolKernel(node: ImportNode): readonly number[] {
  const kernel = listOf(node, "kernel_shape");
  if (kernel?.length === inputOf(node, 0).shape.length - 2) return kernel;
  throw new InvalidModelError(`kernel_shape must have a number for each spatial axis, got [${kernel ?? ""}]`);
}

/** Amounts before all axes, then after all axes, with `auto_pad` resolved for this input. */
function padsOf(node: ImportNode, x: Value, { kernel, strides, dilations }: Window): readonly number[] {
  const mode = stringOf(node, "auto_pad", "NOTSET");
  const zeros = Array<number>(2 * kernel.length).fill(0);
  if (mode === "NOTSET") return listOf(node, "pads") ?? zeros;
  if (mode === "VALID") return zeros;
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER") {
    throw new UnsupportedError(`auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, got ${mode}`);
  }
  const totals = fixedDims(x, "a spatial axis").map((size, i) => {
    const windows = Math.ceil(size / strides[i]);
    return Math.max(0, (windows - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size);
  });
  const before = totals.map((total) => (mode === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return [...before, ...totals.map((total, i) => total - before[i])];
}

const conv: Converter = (node) => {
  const x = inputOf(node, 0);
  const window = windowOf(node, kernelOf(node));
  return [node.b.op("Conv", node.inputs, { ...written(node, x, window), group: numberOf(node, "group", 1) })];
};

function written(node: ImportNode, x: Value, window: Window): Attributes {
  const { kernel, strides, dilations } = window;
  return { kernel_shape: kernel, strides, pads: padsOf(node, x, window), dilations };
}

/** The pads of a transposed convolution whose output size is given, or is the input times the stride. */
function transposedPads(node: ImportNode, x: Value, { kernel, strides, dilations }: Window): readonly number[] {
  const mode = stringOf(node, "auto_pad", "NOTSET");
  const sizes = fixedDims(x, "a spatial axis");
  const output = listOf(node, "output_shape")?.slice(-kernel.length) ?? sizes.map((size, i) => size * strides[i]);
  const extra = listOf(node, "output_padding") ?? kernel.map(() => 0);
  if (mode === "VALID") return Array<number>(2 * kernel.length).fill(0);
  const totals = sizes.map(
    (size, i) => strides[i] * (size - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1 - output[i],
  );
  // Operator-set versions disagree on which side gets the odd one.
  if (totals.some((total) => total < 0 || total % 2 !== 0)) {
    throw new UnsupportedError(`the padding of the transposed convolution must be even, got totals [${totals}]`, {
      hint: "export it with explicit pads",
    });
  }
  return [...totals, ...totals].map((total) => total / 2);
}

const convTranspose: Converter = (node) => {
  const x = inputOf(node, 0);
  const window = windowOf(node, kernelOf(node));
  const { kernel, strides, dilations } = window;
  const zeros = kernel.map(() => 0);
  const explicit = stringOf(node, "auto_pad", "NOTSET") === "NOTSET" && !listOf(node, "output_shape");
  const pads = explicit ? (listOf(node, "pads") ?? [...zeros, ...zeros]) : transposedPads(node, x, window);
  const attributes = {
    kernel_shape: kernel,
    strides,
    pads,
    dilations,
    output_padding: listOf(node, "output_padding") ?? zeros,
    group: numberOf(node, "group", 1),
  };
  return [node.b.op("ConvTranspose", node.inputs, attributes)];
};

const maxPool: Converter = (node) => {
  const x = inputOf(node, 0);
  const window = windowOf(node, poolKernel(node));
  if (numberOf(node, "storage_order", 0)) refuseOutputs(node, 1, "indices must be row-major (storage_order=0)");
  return node.b.ops("MaxPool", [x], { ...written(node, x, window), ceil_mode: numberOf(node, "ceil_mode", 0) });
};

const averagePool: Converter = (node) => {
  const x = inputOf(node, 0);
  const window = windowOf(node, poolKernel(node));
  if (window.dilations.some((dilation) => dilation !== 1)) {
    throw new UnsupportedError(`dilations of an average must be 1, got [${window.dilations}]`);
  }
  const { dilations: _, ...attributes } = written(node, x, window);
  const [ceil, include] = [numberOf(node, "ceil_mode", 0), numberOf(node, "count_include_pad", 0)];
  return [node.b.op("AveragePool", [x], { ...attributes, ceil_mode: ceil, count_include_pad: include })];
};

const globalMaxPool: Converter = (node) => {
  const x = inputOf(node, 0);
  const axes = x.shape.map((_, i) => i).slice(2);
  return [node.b.op("ReduceMax", [x, node.b.ints(axes)], { keepdims: 1 })];
};

export const windowConverters: Readonly<Record<string, Converter>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalMaxPool: globalMaxPool,
};

// Convolutions as matrix products: windows laid out as columns, weights as matrices, and both ways back.

import type { GraphBuilder } from "./builder.ts";
import { divideDims, multiplyDims, sizeOfShape } from "./dim.ts";
import { add, matmul, reshape, slice, swapLast, transpose } from "./ops.ts";
import { patches } from "./patches.ts";
import type { Value } from "./types.ts";
import type { PlacedWindows } from "./windows.ts";

type B = GraphBuilder;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

export interface Convolution extends PlacedWindows {
  readonly group: number;
}

/** The matrix with a column for each window: (taps C, N L), or with groups (group, taps C / group, N L); x is (N, C, ...spatial). */
export function columns(b: B, x: Value, { windows, counts, group }: Convolution): Value {
  const [batch, channels, ...spatial] = x.shape;
  const byChannel = swapFirst(b, x);
  const positions = multiplyDims(batch, product(counts));
  if (group === 1) {
    const laid = patches(b, byChannel, { windows, counts, axis: 0 });
    return reshape(b, laid, [laid.shape[0], positions]);
  }
  const grouped = reshape(b, byChannel, [group, divideDims(channels, group), batch, ...spatial]);
  const laid = patches(b, grouped, { windows, counts, axis: 1 });
  return reshape(b, laid, [group, laid.shape[1], positions]);
}

/** (N, O, ...spatial) as the matrix (O, N L), or with groups (group, O / group, N L). */
export function rowsByChannel(b: B, y: Value, group: number): Value {
  const [batch, channels, ...spatial] = y.shape;
  const positions = multiplyDims(batch, sizeOfShape(spatial));
  const shape = group === 1 ? [channels, positions] : [group, divideDims(channels, group), positions];
  return reshape(b, swapFirst(b, y), shape);
}

/** A weight (O, C / group, ...kernel) as the matrix (O, taps C / group), or with groups (group, O / group, ...). */
export function weightMatrix(b: B, weight: Value, group: number): Value {
  const rank = weight.shape.length - 2;
  const [outputs, inputs, ...kernel] = weight.shape;
  const laid = transpose(b, weight, [0, ...range(rank).map((i) => i + 2), 1]);
  const rows = multiplyDims(sizeOfShape(kernel), inputs);
  return reshape(b, laid, group === 1 ? [outputs, rows] : [group, divideDims(outputs, group), rows]);
}

/** Convolution as one product: x (N, C, ...spatial), weight (O, C / group, ...kernel), bias (O), gives (N, O, ...counts). */
export function convolveByProduct(
  b: B,
  [x, weight, bias]: readonly [Value, Value, Value | undefined],
  convolution: Convolution,
): Value {
  const { counts, group } = convolution;
  const [matrix, laid] = [weightMatrix(b, weight, group), columns(b, x, convolution)];
  const outputs = weight.shape[0];
  const split = (y: Value): Value => swapFirst(b, reshape(b, y, [outputs, x.shape[0], ...counts]));
  if (group === 1) return split(b.op("Gemm", bias ? [matrix, laid, reshape(b, bias, [outputs, 1])] : [matrix, laid]));
  const y = split(matmul(b, matrix, laid));
  return bias ? add(b, y, reshape(b, bias, [outputs, ...counts.map(() => 1)])) : y;
}

/**
 * The derivative of sum(cotangent . conv(x, weight)) with respect to the weight (O, C / group, ...kernel), as one product over
 * all examples and positions.
 *
 * In the layers of the MNIST CNN (batch 64) 0.5, 1.7 and 1.5 ms; as a batch of products summed over examples 0.6, 1.8 and 1.8,
 * as a convolution of input and cotangent 1.1, 4.7 and 3.7.
 */
export function weightGradient(b: B, [x, cotangent]: readonly [Value, Value], convolution: Convolution): Value {
  const { group, windows } = convolution;
  const { kernel } = windows;
  const [outputs, inputs] = [cotangent.shape[1], divideDims(x.shape[1], group)];
  const [laid, rows] = [columns(b, x, convolution), rowsByChannel(b, cotangent, group)];
  const rank = kernel.length;
  if (group === 1) {
    const split = reshape(b, b.op("Gemm", [laid, rows], { transB: 1 }), [...kernel, inputs, outputs]);
    return transpose(b, split, [rank + 1, rank, ...range(rank)]);
  }
  const split = reshape(b, matmul(b, rows, swapLast(b, laid)), [outputs, ...kernel, inputs]);
  return transpose(b, split, [0, rank + 1, ...range(rank).map((i) => i + 1)]);
}

/** A weight (O, C / group, ...kernel) as that of the adjoint convolution of stride 1: (C, O / group, ...kernel reversed). */
export function adjointWeight(b: B, weight: Value, group: number): Value {
  const [outputs, inputs, ...kernel] = weight.shape;
  const spatial = range(kernel.length);
  const swapped = (): Value => {
    if (group === 1) return swapFirst(b, weight);
    const split = reshape(b, weight, [group, divideDims(outputs, group), inputs, ...kernel]);
    const joined = [multiplyDims(inputs, group), divideDims(outputs, group), ...kernel];
    return reshape(b, transpose(b, split, [0, 2, 1, ...spatial.map((i) => i + 3)]), joined);
  };
  return spatial.reduce<Value>(
    (w, i) => (kernel[i] === 1 ? w : slice(b, w, i + 2, { start: -1, end: -Infinity, step: -1 })),
    swapped(),
  );
}

/** Swaps the first two axes. */
function swapFirst(b: B, x: Value): Value {
  return transpose(b, x, [1, 0, ...range(x.shape.length - 2).map((i) => i + 2)]);
}

// Convolutions as matrix products: windows laid out as columns, weights as matrices, and both ways back.

import type { GraphBuilder } from "./builder.ts";
import { type Dim, divideDims, multiplyDims, sizeOfShape } from "./dim.ts";
import { add, concat, matmul, pad, reshape, slice, swapLast, transpose } from "./ops.ts";
import type { Value } from "./types.ts";
import type { Windows } from "./windows.ts";

type B = GraphBuilder;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

/** Zeros (`fill`: another number) around the spatial axes, which begin at axis `first`; negative amounts crop. */
export function padSpatial(
  b: B,
  x: Value,
  { before, after }: Pick<Windows, "before" | "after">,
  { first = x.shape.length - before.length, fill }: { first?: number; fill?: Value } = {},
): Value {
  const around = (amounts: readonly number[]): number[] => x.shape.map((_, i) => amounts[i - first] ?? 0);
  const [low, high] = [around(before), around(after)];
  if (fill === undefined || [...low, ...high].every((amount) => amount === 0)) return pad(b, x, low, high);
  return b.op("Pad", [x, b.ints([...low, ...high]), fill], { mode: "constant" });
}

/** One tap of all windows along one spatial axis. */
export interface Tap {
  readonly windows: Windows;
  /** The spatial axis, counted from the first one. */
  readonly i: number;
  readonly tap: number;
  /** Number of windows. */
  readonly count: number;
  /** Where the spatial axes of x begin. */
  readonly first: number;
}

/** The elements of a padded x that one tap reads along one axis. */
export function tapAlong(b: B, x: Value, { windows, i, tap, count, first }: Tap): Value {
  const [start, step] = [tap * windows.dilations[i], windows.strides[i]];
  if (start === 0 && step === 1 && count === x.shape[first + i]) return x;
  return slice(b, x, first + i, { start, end: start + (count - 1) * step + 1, step });
}

export interface PatchOptions {
  /** Windows along each spatial axis. */
  readonly counts: readonly number[];
  /** The axis along which the taps of a window are laid. */
  readonly axis: number;
  /** Where the spatial axes begin. Default: they are the last ones. */
  readonly first?: number;
}

/**
 * All windows of x: spatial axes become `counts`, and axis c becomes taps c, the taps in row-major order outside of c.
 *
 * One spatial axis after the other, the last first: only the first pass copies short runs of numbers, and it copies few of them
 * (MNIST CNN, third layer: 1.5 ms with the product against 1.7 ms with all taps sliced at once).
 */
export function patches(b: B, x: Value, windows: Windows, options: PatchOptions): Value {
  const { counts, axis, first = x.shape.length - counts.length } = options;
  let result = padSpatial(b, x, windows, { first });
  for (let i = counts.length - 1; i >= 0; i--) {
    const along = (tap: number): Value => tapAlong(b, result, { windows, i, tap, count: counts[i], first });
    result = concat(b, range(windows.kernel[i]).map(along), axis);
  }
  return result;
}

/** Every tap apart: one value (..., counts) for each tap, in row-major order, of an x that is padded already. */
export function taps(b: B, padded: Value, windows: Windows, counts: readonly number[]): Value[] {
  const first = padded.shape.length - counts.length;
  return counts.reduce<Value[]>(
    (values, count, i) =>
      values.flatMap((x) => range(windows.kernel[i]).map((tap) => tapAlong(b, x, { windows, i, tap, count, first }))),
    [padded],
  );
}

export interface Convolution {
  readonly windows: Windows;
  /** Windows along each spatial axis. */
  readonly counts: readonly number[];
  readonly group: number;
}

/** The matrix with a column for each window: (taps C, N L), or with groups (group, taps C / group, N L); x is (N, C, ...spatial). */
export function columns(b: B, x: Value, { windows, counts, group }: Convolution): Value {
  const [batch, channels, ...spatial] = x.shape;
  const byChannel = swapFirst(b, x);
  const positions = multiplyDims(batch, product(counts));
  if (group === 1) {
    const laid = patches(b, byChannel, windows, { counts, axis: 0 });
    return reshape(b, laid, [laid.shape[0], positions]);
  }
  const grouped = reshape(b, byChannel, [group, divideDims(channels, group), batch, ...spatial]);
  const laid = patches(b, grouped, windows, { counts, axis: 1 });
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
 * The derivative of sum(cotangent . conv(x, weight)) with respect to the weight, of `shape` (O, C / group, ...kernel), as one
 * product over all examples and positions.
 */
export function weightGradient(b: B, [x, cotangent]: readonly [Value, Value], shape: readonly Dim[], convolution: Convolution): Value {
  const { group } = convolution;
  const [outputs, inputs, ...kernel] = shape;
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

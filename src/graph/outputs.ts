// Outputs with several axes behind the batch: how the shaped view of losses and the flat view of readouts and kernels meet.

import { sizeOf } from "../numeric/tensor.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Shape } from "./dim.ts";
import { mul, reduceSum, reshape } from "./ops.ts";
import type { Value } from "./types.ts";

// A graph has one `y`, (N, ...outputShape). Its row-major memory read as (N, C), C the product of outputShape, is the flat view: on the
// host it costs nothing, in a graph it is the Reshape of `flatInput`. The last axis holds what one position tells apart (classes), the
// axes before it are positions; a model without positions has outputShape [C].

/** Label of a position that does not count: PyTorch's `ignore_index`. */
export const IGNORED = -100;

export interface OutputAxes {
  /** T: product of all axes but the last; 1 for outputs without positions. */
  readonly positions: number;
  /** Outputs at each position. */
  readonly width: number;
}

export function axesOf(outputShape: readonly number[]): OutputAxes {
  return { positions: sizeOf(outputShape.slice(0, -1)), width: outputShape[outputShape.length - 1] };
}

/** The shape of targets, one for each example: those of y, or, for class indices, one for each position. */
export function targetShape(y: Value, kind: "class" | "real"): Shape {
  return kind === "class" ? y.shape.slice(0, -1) : y.shape;
}

/** (N, ...) to (N): the sum over all that belongs to an example. */
export function sumOfExample(b: GraphBuilder, x: Value): Value {
  return reduceSum(
    b,
    x,
    x.shape.slice(1).map((_, i) => i + 1),
  );
}

/** (N, ...) to (N): the mean over all C outputs of an example, times a factor. */
export function meanOfExample(b: GraphBuilder, x: Value, factor = 1): Value {
  return mul(b, sumOfExample(b, x), factor / sizeOf(x.shape.slice(1) as readonly number[]));
}

/** An input (N, C) in the shape of y. */
export function flatInput(b: GraphBuilder, name: string, y: Value): Value {
  return reshape(b, b.input(name, "real", ["N", sizeOf(y.shape.slice(1) as readonly number[])]), y.shape);
}

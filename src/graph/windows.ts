// Where the windows of convolutions and pools lie, as numbers for each spatial axis.

import { ShapeMismatchError, UnsupportedError } from "../errors.ts";
import { type Dim, fixedDim } from "./dim.ts";
import type { Attributes } from "./types.ts";

/** Windows over the spatial axes: tap i of window o reads index o stride + i dilation - before of the input. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros in front of each axis. */
  readonly before: readonly number[];
  /** Zeros behind each axis. */
  readonly after: readonly number[];
}

/** Windows over an input of known size. */
export interface PlacedWindows {
  readonly windows: Windows;
  /** Windows along each spatial axis. */
  readonly counts: readonly number[];
}

/** A list attribute; ShapeMismatchError when it has another length. */
export function listOf(attributes: Attributes, name: string, fallback: readonly number[]): readonly number[] {
  const value = attributes[name];
  if (!Array.isArray(value)) return fallback;
  if (value.length !== fallback.length) {
    throw new ShapeMismatchError(`${name} must hold ${fallback.length} numbers, got [${value}]`);
  }
  return value as readonly number[];
}

/** A numeric attribute with its ONNX default. */
export function numberOf(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  return typeof value === "number" ? value : fallback;
}

/** The windows that the attributes `strides`, `dilations` and `pads` of a Conv or pool describe. */
export function windowsOf(attributes: Attributes, kernel: readonly number[]): Windows {
  const { auto_pad: autoPad = "NOTSET" } = attributes;
  if (autoPad !== "NOTSET") throw new UnsupportedError(`auto_pad must be resolved to pads, got ${autoPad}`);
  const rank = kernel.length;
  const pads = listOf(attributes, "pads", new Array(2 * rank).fill(0));
  const [strides, dilations] = ["strides", "dilations"].map((name) =>
    listOf(attributes, name, new Array(rank).fill(1)),
  );
  for (const [name, numbers, least] of [
    ["kernel_shape", kernel, 1],
    ["strides", strides, 1],
    ["dilations", dilations, 1],
    ["pads", pads, 0],
  ] as const) {
    if (numbers.every((number) => Number.isInteger(number) && number >= least && number <= MOST)) continue;
    throw new ShapeMismatchError(`${name} must be whole numbers from ${least} to 2^31 - 1, got [${numbers}]`);
  }
  // Derivatives and float64 take the taps one by one.
  const taps = kernel.reduce((product, size) => product * size, 1);
  if (taps > MOST_TAPS) {
    throw new UnsupportedError(`a window must have at most ${MOST_TAPS} elements, got [${kernel}]`, {
      hint: "average over a whole axis with ReduceMean or GlobalAveragePool",
    });
  }
  return { kernel, strides, dilations, before: pads.slice(0, rank), after: pads.slice(rank) };
}

/** Engines count windows in int32. */
const MOST = 2 ** 31 - 1;
/** A global pool over 128 x 128 positions, written as a window. */
const MOST_TAPS = 2 ** 14;

/** Number of input elements from a window's first tap to its last, for each axis. */
export function spans({ kernel, dilations }: Windows): number[] {
  return kernel.map((k, i) => (k - 1) * dilations[i] + 1);
}

/** Number of windows that fit, for each axis; ShapeMismatchError when none does. */
export function windowCounts(windows: Windows, sizes: readonly number[], ceil = false): number[] {
  const { strides, before, after } = windows;
  return spans(windows).map((span, i) => {
    const room = sizes[i] + before[i] + after[i] - span;
    if (room < 0) {
      throw new ShapeMismatchError(`a window of ${span} must fit into the padded axis of ${room + span}`);
    }
    if (!ceil) return Math.floor(room / strides[i]) + 1;
    const count = Math.ceil(room / strides[i]) + 1;
    // A window that would start in the padding behind the input is left out.
    return (count - 1) * strides[i] >= sizes[i] + before[i] ? count - 1 : count;
  });
}

/** The same windows with `after` enlarged so that exactly `counts` of them fit (windows of ceil_mode hang over the end). */
export function extended({ windows, counts }: PlacedWindows, sizes: readonly number[]): Windows {
  const { strides, before, after } = windows;
  const needed = spans(windows).map((span, i) => (counts[i] - 1) * strides[i] + span - sizes[i] - before[i]);
  return { ...windows, after: after.map((amount, i) => Math.max(amount, needed[i])) };
}

/** The spatial axes of (N, C, ...spatial); ShapeMismatchError when there are none or one depends on the batch size. */
export function spatialSizes(shape: readonly Dim[]): number[] {
  if (shape.length < 3)
    throw new ShapeMismatchError(`the input must have axes (N, C, ...spatial), got rank ${shape.length}`);
  return shape.slice(2).map((dim) => fixedDim(dim, "a spatial axis"));
}

/**
 * Attributes of the ConvTranspose that is the adjoint of these windows: from one cotangent for each of `counts` windows back
 * to an input of `sizes`.
 */
export function adjointAttributes({ windows, counts }: PlacedWindows, sizes: readonly number[]): Attributes {
  const { kernel, strides, dilations, before } = windows;
  const excess = spans(windows).map((span, i) => (counts[i] - 1) * strides[i] + span - before[i] - sizes[i]);
  return {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: [...before, ...excess.map((amount) => Math.max(amount, 0))],
    output_padding: excess.map((amount) => Math.max(-amount, 0)),
  };
}

// Reads Resize and Upsample as one interpolation matrix an axis, or as copies where every element is repeated.

import { InvalidModelError, UnsupportedError } from "../../../errors.ts";
import { tensor } from "../../../numeric/tensor.ts";
import type { GraphBuilder } from "../../builder.ts";
import { fixedDim, isBatch, normaliseAxis } from "../../dim.ts";
import { concat, matmul, reshape, transpose, unsqueeze } from "../../ops.ts";
import type { Value } from "../../types.ts";
import { type Converter, type ImportNode, inputOf, listOf, numberOf, stringOf } from "../import-node.ts";

interface Sizes {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
}

/** Where element k of the result lies between those of the input: ONNX's coordinate_transformation_mode. */
const COORDINATES: Readonly<Record<string, (k: number, sizes: Sizes) => number>> = {
  asymmetric: (k, { scale }) => k / scale,
  half_pixel: (k, { scale }) => (k + 0.5) / scale - 0.5,
  pytorch_half_pixel: (k, { output, scale }) => (output > 1 ? (k + 0.5) / scale - 0.5 : 0),
  align_corners: (k, { input, output }) => (output === 1 ? 0 : (k * (input - 1)) / (output - 1)),
};

const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** A member of a table, none of those that all objects have. */
const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Keys' cubic convolution (1981): weights of the four elements around a point that lies t behind the second. */
function cubicWeights(t: number, a: number): number[] {
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/** Elements of the input that make up the point x, by their (perhaps outlying) index, each with its weight. */
type Spread = (x: number, scale: number) => readonly (readonly [index: number, weight: number])[];

/** Before there were modes: down where the result is larger, up where it is smaller. */
const oldNearest: Spread = (x, scale) => [[scale < 1 ? Math.ceil(x) : Math.floor(x), 1]];

function spreadOf(node: ImportNode): Spread {
  const mode = stringOf(node, "mode", "nearest");
  if (mode === "nearest") {
    if (isOld(node)) return oldNearest;
    const rounding = own(NEAREST, stringOf(node, "nearest_mode", "round_prefer_floor"));
    if (rounding) return (x) => [[rounding(x), 1]];
  }
  if (mode === "linear" || mode === "bilinear") {
    return (x) => [
      [Math.floor(x), 1 - (x - Math.floor(x))],
      [Math.floor(x) + 1, x - Math.floor(x)],
    ];
  }
  if (mode === "cubic" && !numberOf(node, "exclude_outside", 0)) {
    const a = numberOf(node, "cubic_coeff_a", -0.75);
    return (x) => cubicWeights(x - Math.floor(x), a).map((weight, i) => [Math.floor(x) + i - 1, weight] as const);
  }
  throw new UnsupportedError(`mode ${mode} with these settings is not read`, {
    hint: "resize with mode nearest, linear or cubic as PyTorch exports them",
  });
}

/** Upsample, and Resize before opset 11, have no coordinate modes: an element begins where its copies do. */
const isOld = ({ op, opset }: ImportNode): boolean => op === "Upsample" || opset < 11;

/** Elements of an interpolation matrix: an axis of 2048 to one of 4096. */
const MOST_WEIGHTS = 2 ** 23;

/** Weights of the input's elements for each of the result, (input, output) row-major; outlying ones count for the border. */
function matrixOf(node: ImportNode, sizes: Sizes): Float64Array {
  const coordinate = stringOf(node, "coordinate_transformation_mode", isOld(node) ? "asymmetric" : "half_pixel");
  const at = own(COORDINATES, coordinate);
  if (!at) {
    throw new UnsupportedError(`coordinate_transformation_mode ${coordinate} is not read`, {
      hint: `use one of ${Object.keys(COORDINATES).join(", ")}`,
    });
  }
  const spread = spreadOf(node);
  if (!(sizes.input >= 1 && sizes.output >= 0 && sizes.input * sizes.output <= MOST_WEIGHTS)) {
    throw new UnsupportedError(
      `an axis of ${sizes.input} must not be resized to ${sizes.output}, whose matrix is too large`,
    );
  }
  const matrix = new Float64Array(sizes.input * sizes.output);
  for (let k = 0; k < sizes.output; k++) {
    for (const [index, weight] of spread(at(k, sizes), sizes.scale)) {
      const inside = Math.max(0, Math.min(sizes.input - 1, index));
      matrix[inside * sizes.output + k] += weight;
    }
  }
  return matrix;
}

/** The number of copies that a matrix makes of every element, side by side; undefined when it does something else. */
function copies(matrix: Float64Array, { input, output }: Sizes): number | undefined {
  const times = output / input;
  const copied = (weight: number, k: number) =>
    weight === Number(Math.floor((k % output) / times) === Math.floor(k / output));
  return Number.isInteger(times) && times <= MOST_COPIES && matrix.every(copied) ? times : undefined;
}

/** More copies side by side are had from a product. */
const MOST_COPIES = 256;

function repeatedAlong(b: GraphBuilder, x: Value, axis: number, times: number): Value {
  const apart = unsqueeze(b, x, [axis + 1]);
  const joined = concat(b, Array<Value>(times).fill(apart), axis + 1);
  return reshape(b, joined, x.shape.with(axis, fixedDim(x.shape[axis], "a resized axis") * times));
}

function productAlong(b: GraphBuilder, x: Value, axis: number, matrix: Value): Value {
  const swapped = x.shape
    .map((_, i) => i)
    .with(axis, x.shape.length - 1)
    .with(-1, axis);
  return transpose(b, matmul(b, transpose(b, x, swapped), matrix), swapped);
}

/** The numbers of a real constant, or an attribute of older opsets. */
function scalesOf(node: ImportNode): readonly number[] | undefined {
  const input = node.inputs[isOld(node) ? 1 : 2];
  const known = input && node.b.constantOf(input);
  if (input && !known) {
    throw new UnsupportedError("scales must be known before the model runs, got numbers that it computes", {
      hint: "export the model with fixed sizes, only the batch axis may be dynamic",
    });
  }
  const scales = known ? Array.from(known.data, Number) : listOf(node, "scales");
  return scales?.length ? scales : undefined;
}

/** Axis by axis, the sizes of those that change. */
function changesOf(node: ImportNode, x: Value): (readonly [axis: number, sizes: Sizes])[] {
  const scales = scalesOf(node);
  const wanted = node.inputs[3] && node.b.intsOf(node.inputs[3]);
  const list = scales ?? wanted;
  if (!list) throw new InvalidModelError("scales or sizes must be given");
  const axes = listOf(node, "axes")?.map((axis) => normaliseAxis(axis, x.shape.length)) ?? x.shape.map((_, i) => i);
  if (list.length !== axes.length)
    throw new InvalidModelError(`scales or sizes must have a number for each of ${axes.length} axes, got [${list}]`);
  return list.flatMap((_, i) => {
    const dim = x.shape[axes[i]];
    if (scales ? scales[i] === 1 : wanted![i] === dim) return [];
    if (isBatch(dim) && node.freedBatch && wanted?.[i] === 1) return [];
    if (isBatch(dim)) throw new UnsupportedError("the batch axis must keep its size");
    const output = scales ? Math.floor(dim * scales[i]) : fixedDim(wanted![i], "a resized axis");
    return [[axes[i], { input: dim, output, scale: scales ? scales[i] : output / dim }] as const];
  });
}

const resize: Converter = (node) => {
  const { b } = node;
  if (numberOf(node, "antialias", 0) || stringOf(node, "keep_aspect_ratio_policy", "stretch") !== "stretch") {
    throw new UnsupportedError("antialias and keep_aspect_ratio_policy are not read", {
      hint: "resize without antialiasing, to the sizes themselves",
    });
  }
  const x = inputOf(node, 0);
  return [
    changesOf(node, x).reduce((value, [axis, sizes]) => {
      const matrix = matrixOf(node, sizes);
      const times = copies(matrix, sizes);
      if (times !== undefined) return repeatedAlong(b, value, axis, times);
      return productAlong(b, value, axis, b.constant(tensor("float64", [sizes.input, sizes.output], matrix)));
    }, x),
  ];
};

export const resizeConverters: Readonly<Record<string, Converter>> = { Resize: resize, Upsample: resize };

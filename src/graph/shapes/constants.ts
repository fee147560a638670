// Shape rules of operators that make values of shapes and fixed numbers: Shape, Size, Range, Constant, ConstantOfShape, Cast.

import { ShapeMismatchError, UnsupportedError } from "../../errors.ts";
import type { Tensor } from "../../numeric/tensor.ts";
import { type Dim, divideDims, isBatch, type Shape, sizeOfShape } from "../dim.ts";
import type { Attribute, ShapeRule, ValueType } from "../types.ts";
import { FOLDED_LENGTH, knownInts } from "./known.ts";

const shape: ShapeRule = ({ inputs, attributes }) => {
  const dims = inputs[0]!.shape;
  const { start, end } = attributes as { start?: number; end?: number };
  const ints = dims.slice(start ?? 0, end);
  return [{ dtype: "int64", shape: [ints.length], ints }];
};

const size: ShapeRule = ({ inputs }) => {
  const { shape } = inputs[0]!;
  // A product with the batch axis in it twice is no multiple of it.
  const known = shape.filter(isBatch).length < 2;
  return [{ dtype: "int64", shape: [], ints: known ? [sizeOfShape(shape)] : undefined }];
};

/** Number of elements of start, start + delta, ... below limit. */
function rangeLength(start: Dim, limit: Dim, delta: Dim): Dim {
  if (isBatch(delta) || delta === 0)
    throw new ShapeMismatchError(`the step must be a fixed number other than 0, got ${delta}`);
  if (!isBatch(limit) && !isBatch(start)) return Math.max(0, Math.ceil((limit - start) / delta));
  if (start !== 0) throw new ShapeMismatchError(`a range up to the batch size must start at 0, got ${start}`);
  return divideDims(limit, delta);
}

const range: ShapeRule = (context) => {
  const { dtype } = context.inputs[0]!;
  if (dtype === "real") throw new UnsupportedError("Range: start, limit and step must be integers, got real numbers");
  const [start, limit, delta] = [0, 1, 2].map((i) => knownInts(context, i, "start, limit and step")[0]);
  const length = rangeLength(start, limit, delta);
  const known = !isBatch(length) && length <= FOLDED_LENGTH;
  const ints = known ? Array.from({ length }, (_, i) => (start as number) + i * (delta as number)) : undefined;
  return [{ dtype, shape: [length], ints }];
};

const typeOf = (tensor: Tensor): ValueType =>
  tensor.dtype === "float32" || tensor.dtype === "float64" ? "real" : tensor.dtype === "uint8" ? "int32" : tensor.dtype;

const isTensor = (attribute: Attribute | undefined): attribute is Tensor =>
  typeof attribute === "object" && "dtype" in attribute;

const integersOf = (tensor: Tensor): Shape | undefined =>
  tensor.dtype === "int64" && tensor.data.length <= FOLDED_LENGTH
    ? Array.from(tensor.data as BigInt64Array, Number)
    : undefined;

const constant: ShapeRule = ({ attributes }) => {
  const { value, value_int: int, value_ints: ints } = attributes;
  if (isTensor(value)) return [{ dtype: typeOf(value), shape: value.shape, ints: integersOf(value) }];
  if (typeof int === "number") return [{ dtype: "int64", shape: [], ints: [int] }];
  if (Array.isArray(ints)) return [{ dtype: "int64", shape: [ints.length], ints }];
  throw new UnsupportedError(
    `Constant: attribute value must be a tensor, got ${Object.keys(attributes).join(", ") || "none"}`,
  );
};

const constantOfShape: ShapeRule = (context) => {
  const shape = knownInts(context, 0, "the shape");
  const value = context.attributes.value;
  if (!isTensor(value)) return [{ dtype: "real", shape }];
  const [length, ints] = [sizeOfShape(shape), integersOf(value)];
  const filled = ints && !isBatch(length) && length <= FOLDED_LENGTH ? Array<Dim>(length).fill(ints[0]) : undefined;
  return [{ dtype: typeOf(value), shape, ints: filled }];
};

const cast: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!;
  const to = context.attributes.to as ValueType;
  const ints = to === "int64" || to === "int32" ? context.ints(0) : undefined;
  return [{ dtype: to, shape, ints }];
};

export const constantShapes: Readonly<Record<string, ShapeRule>> = {
  Shape: shape,
  Size: size,
  Range: range,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Cast: cast,
};

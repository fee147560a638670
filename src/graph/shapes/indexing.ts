// Shape rules of operators that take or place elements by index.

import { ShapeMismatchError, UnsupportedError } from "../../errors.ts";
import { type Dim, fixedDim, formatShape, isBatch, normaliseAxis, type Shape, sameShape } from "../dim.ts";
import type { ShapeContext, ShapeRule, Value } from "../types.ts";
import { axisOf, fixedInts } from "./known.ts";

function integerIndices({ inputs }: ShapeContext): Value {
  const indices = inputs[1]!;
  if (indices.dtype === "int64" || indices.dtype === "int32") return indices;
  throw new ShapeMismatchError(`indices must be integers, got ${indices.dtype}`);
}

/** What a list of known integers gives at known indices; undefined where either is unknown. */
function picked(list: Shape | undefined, indices: Shape | undefined): Shape | undefined {
  if (!list || !indices || indices.some(isBatch)) return undefined;
  return (indices as readonly number[]).map((k) => {
    const dim = list.at(k);
    if (dim === undefined)
      throw new ShapeMismatchError(`indices must lie in [${-list.length}, ${list.length - 1}], got ${k}`);
    return dim;
  });
}

const gather: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  const axis = axisOf(context, 0);
  const indices = integerIndices(context);
  if (isBatch(shape[axis])) {
    throw new UnsupportedError("Gather: the batch axis must be kept whole", {
      hint: "a model treats each example alone; select within each with torch.gather",
    });
  }
  const result = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
  return [{ dtype, shape: result, ints: shape.length === 1 ? picked(context.ints(0), context.ints(1)) : undefined }];
};

const gatherElements: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  axisOf(context, 0);
  const indices = integerIndices(context);
  if (indices.shape.length !== shape.length) {
    throw new ShapeMismatchError(
      `data and indices must have as many axes, got ${formatShape(shape)} and ${formatShape(indices.shape)}`,
    );
  }
  return [{ dtype, shape: indices.shape }];
};

const scatterElements: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  axisOf(context, 0);
  const [indices, updates] = [integerIndices(context), context.inputs[2]!];
  if (!sameShape(indices.shape, updates.shape) || indices.shape.length !== shape.length) {
    throw new ShapeMismatchError("indices and updates must have one shape, with as many axes as the data");
  }
  const reduction = context.attributes.reduction ?? "none";
  if (reduction !== "none" && reduction !== "add") {
    throw new UnsupportedError(`ScatterElements: reduction must be none or add, got ${reduction}`);
  }
  return [{ dtype, shape }];
};

/** Inputs: indices, depth, [off, on]. The new axis is put at `axis` of the result. */
const oneHot: ShapeRule = (context) => {
  const indices = context.inputs[0]!;
  if (indices.dtype === "real") throw new UnsupportedError("OneHot: indices must be integers, got real numbers");
  const axis = axisOf(context, -1, indices.shape.length + 1);
  const depth = fixedInts(context, 1, "the depth")[0];
  return [{ dtype: context.inputs[2]!.dtype, shape: indices.shape.toSpliced(axis, 0, depth) }];
};

const argExtreme: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!;
  const axis = axisOf(context, 0);
  const kept: Dim[] = (context.attributes.keepdims ?? 1) ? [1] : [];
  return [{ dtype: "int64", shape: shape.toSpliced(axis, 1, ...kept) }];
};

/** The running sum; the axis is an input. */
const cumSum: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  const axis = normaliseAxis(fixedInts(context, 1, "the axis")[0], shape.length);
  fixedDim(shape[axis], "the axis of a running sum");
  return [{ dtype, shape }];
};

export const indexingShapes: Readonly<Record<string, ShapeRule>> = {
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  OneHot: oneHot,
  ArgMax: argExtreme,
  ArgMin: argExtreme,
  CumSum: cumSum,
};

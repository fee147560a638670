// Shape rules of operators that keep or repeat the elements and change their axes.

import { ShapeMismatchError } from "../../errors.ts";
import {
  broadcastShapes,
  type Dim,
  divideDims,
  formatShape,
  isBatch,
  multiplyDims,
  normaliseAxis,
  type Shape,
  sizeOfShape,
} from "../dim.ts";
import type { ResultType, ShapeContext, ShapeRule } from "../types.ts";
import { FOLDED_LENGTH, fixedInts, knownInts } from "./known.ts";

/** The same elements in the same order, so that known integers stay known. */
const sameElements = (context: ShapeContext, shape: Shape): readonly ResultType[] => [
  { dtype: context.inputs[0]!.dtype, shape, ints: context.ints(0) },
];

const identity: ShapeRule = (context) => sameElements(context, context.inputs[0]!.shape);

/** 0 keeps the axis of the same position (unless allowzero), one -1 takes what is left. */
const reshape: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!;
  const target = knownInts(context, 1, "the target shape");
  const dims = target.map((dim, i): Dim => {
    if (dim !== 0 || context.attributes.allowzero) return dim;
    if (i >= shape.length)
      throw new ShapeMismatchError(`0 must stand for an existing axis, got ${formatShape(target)}`);
    return shape[i];
  });
  const open = dims.indexOf(-1);
  if (open !== dims.lastIndexOf(-1))
    throw new ShapeMismatchError(`at most one axis may be -1, got ${formatShape(target)}`);
  const size = sizeOfShape(shape);
  if (open >= 0) dims[open] = divideDims(size, sizeOfShape(dims.filter((_, i) => i !== open)));
  if (sizeOfShape(dims) !== size) {
    throw new ShapeMismatchError(`the size must stay ${size}, got ${formatShape(target)} of size ${sizeOfShape(dims)}`);
  }
  return sameElements(context, dims);
};

const flatten: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!;
  const given = context.attributes.axis;
  const axis = typeof given === "number" ? given : 1;
  // The axis may also be the rank itself: everything comes before it.
  const cut = axis === shape.length ? axis : normaliseAxis(axis, shape.length);
  return sameElements(context, [sizeOfShape(shape.slice(0, cut)), sizeOfShape(shape.slice(cut))]);
};

/** Row-major elements of an array in another order of its axes. */
function transposedInts(list: Shape, shape: readonly number[], perm: readonly number[]): Shape {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((p, q) => p * q, 1));
  return list.map((_, k) => {
    let [from, rest] = [0, k];
    for (const axis of perm.toReversed()) {
      from += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return list[from];
  });
}

const transpose: ShapeRule = (context) => {
  const { inputs, attributes } = context;
  const { dtype, shape } = inputs[0]!;
  const perm = (attributes.perm as readonly number[] | undefined) ?? shape.map((_, i) => shape.length - 1 - i);
  if (perm.length !== shape.length || new Set(perm).size !== perm.length || perm.some((axis) => !(axis in shape))) {
    throw new ShapeMismatchError(`perm must name each axis once, got [${perm}]`);
  }
  const list = context.ints(0);
  const ints = list && transposedInts(list, shape as readonly number[], perm);
  return [{ dtype, shape: perm.map((axis) => shape[axis]), ints }];
};

const squeeze: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!;
  const given = context.inputs[1] && fixedInts(context, 1, "axes").map((axis) => normaliseAxis(axis, shape.length));
  const axes = new Set(given ?? [...shape.keys()].filter((i) => shape[i] === 1));
  for (const axis of axes)
    if (shape[axis] !== 1) throw new ShapeMismatchError(`axis ${axis} must be 1, got ${shape[axis]}`);
  return sameElements(
    context,
    shape.filter((_, i) => !axes.has(i)),
  );
};

const unsqueeze: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!;
  const given = fixedInts(context, 1, "axes");
  const rank = shape.length + given.length;
  const axes = new Set(given.map((axis) => normaliseAxis(axis, rank)));
  if (axes.size !== given.length) throw new ShapeMismatchError(`axes must be distinct, got [${given}]`);
  const rest = shape.values();
  return sameElements(
    context,
    Array.from({ length: rank }, (_, i): Dim => (axes.has(i) ? 1 : (rest.next().value as Dim))),
  );
};

const expand: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  const full = broadcastShapes(shape, knownInts(context, 1, "the target shape"));
  const [ints, size] = [context.ints(0), sizeOfShape(full)];
  const repeated =
    ints?.length === 1 && !isBatch(size) && size <= FOLDED_LENGTH ? Array<Dim>(size).fill(ints[0]) : undefined;
  return [{ dtype, shape: full, ints: repeated }];
};

const tile: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  const repeats = knownInts(context, 1, "repeats");
  if (repeats.length !== shape.length)
    throw new ShapeMismatchError(`repeats must have a number for each axis, got [${repeats}]`);
  return [{ dtype, shape: shape.map((dim, i) => multiplyDims(dim, repeats[i])) }];
};

export const structureShapes: Readonly<Record<string, ShapeRule>> = {
  Identity: identity,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
};

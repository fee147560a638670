// The operators that rules, models and losses write most, as functions on a builder; shapes may hold the batch axis.

import { UnsupportedError } from "../errors.ts";
import type { GraphBuilder } from "./builder.ts";
import { formatShape, isBatch, type Shape, sameShape } from "./dim.ts";
import type { Value, ValueType } from "./types.ts";

type B = GraphBuilder;
/** A value, or a number that becomes a real scalar. */
export type Operand = Value | number;

const valueFrom = (b: B, x: Operand): Value => (typeof x === "number" ? b.scalar(x) : x);

export const add = (b: B, x: Operand, y: Operand): Value => b.op("Add", [valueFrom(b, x), valueFrom(b, y)]);
export const sub = (b: B, x: Operand, y: Operand): Value => b.op("Sub", [valueFrom(b, x), valueFrom(b, y)]);
export const mul = (b: B, x: Operand, y: Operand): Value => b.op("Mul", [valueFrom(b, x), valueFrom(b, y)]);
export const div = (b: B, x: Operand, y: Operand): Value => b.op("Div", [valueFrom(b, x), valueFrom(b, y)]);
export const neg = (b: B, x: Value): Value => b.op("Neg", [x]);
export const where = (b: B, condition: Value, x: Operand, y: Operand): Value =>
  b.op("Where", [condition, valueFrom(b, x), valueFrom(b, y)]);
export const greater = (b: B, x: Operand, y: Operand): Value => b.op("Greater", [valueFrom(b, x), valueFrom(b, y)]);
export const matmul = (b: B, x: Value, y: Value): Value => b.op("MatMul", [x, y]);
export const cast = (b: B, x: Value, to: ValueType): Value => (x.dtype === to ? x : b.op("Cast", [x], { to }));

/** Sum of several values; undefined ones are left out; undefined when none is left. */
export function addAll(b: B, values: readonly (Value | undefined)[]): Value | undefined {
  return values.reduce((total, value) => (total && value ? add(b, total, value) : (total ?? value)), undefined);
}

/** Two transpositions in a row are one, or none. */
export function transpose(b: B, x: Value, perm: readonly number[]): Value {
  const before = b.producerOf(x);
  const first = before?.op === "Transpose" ? before.attributes.perm : undefined;
  if (Array.isArray(first))
    return transpose(
      b,
      before!.inputs[0]!,
      perm.map((axis) => first[axis]),
    );
  return perm.every((axis, i) => axis === i) ? x : b.op("Transpose", [x], { perm });
}

/** Swaps the last two axes. */
export function swapLast(b: B, x: Value): Value {
  const rank = x.shape.length;
  return transpose(b, x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]);
}

/** Reshapes to a shape that holds the batch axis at most once. */
export function reshape(b: B, x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  if (shape.filter(isBatch).length > 1)
    throw new UnsupportedError(`reshape: the batch axis must occur once, got ${formatShape(shape)}`);
  return b.op("Reshape", [x, b.ints(shape.map((dim) => (isBatch(dim) ? -1 : dim)))]);
}

export function reduceSum(b: B, x: Value, axes: readonly number[], keepdims = false): Value {
  return axes.length === 0 ? x : b.op("ReduceSum", [x, b.ints(axes)], { keepdims: keepdims ? 1 : 0 });
}

export function unsqueeze(b: B, x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : b.op("Unsqueeze", [x, b.ints(axes)]);
}

export function squeeze(b: B, x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : b.op("Squeeze", [x, b.ints(axes)]);
}

export function concat(b: B, values: readonly Value[], axis: number): Value {
  return values.length === 1 ? values[0] : b.op("Concat", values, { axis });
}

/** x[start:end:step] along one axis; `end` may be Infinity (or -Infinity for a negative step). */
export function slice(b: B, x: Value, axis: number, range: { start: number; end: number; step?: number }): Value {
  const limit = 2 ** 31;
  const end = Math.max(-limit, Math.min(limit, range.end));
  return b.op("Slice", [x, b.ints([range.start]), b.ints([end]), b.ints([axis]), b.ints([range.step ?? 1])]);
}

/** Zeros (or `value`) around x: `before` and `after` for each axis; negative amounts crop. */
export function pad(b: B, x: Value, before: readonly number[], after: readonly number[]): Value {
  if ([...before, ...after].every((amount) => amount === 0)) return x;
  return b.op("Pad", [x, b.ints([...before, ...after])], { mode: "constant" });
}

/** The shape of x as an int64 list: a constant when it is fixed, else read from x when the graph runs. */
export function shapeOf(b: B, x: Value): Value {
  return x.shape.some(isBatch) ? b.op("Shape", [x]) : b.ints(x.shape as readonly number[]);
}

/** A real value of the same shape as x, filled with one number. */
export function fullLike(b: B, x: Value, value: number): Value {
  return b.op("Expand", [b.scalar(value), shapeOf(b, x)]);
}

/** x broadcast to the shape of `like`. */
export function expandLike(b: B, x: Value, like: Value): Value {
  return sameShape(x.shape, like.shape) ? x : b.op("Expand", [x, shapeOf(b, like)]);
}

/** Sums a value over the axes along which `shape` was broadcast to it (the adjoint of broadcasting). */
export function unbroadcast(b: B, x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
  return reshape(b, reduceSum(b, x, axes), shape);
}

// Axes of a value: numbers, or multiples of the symbolic batch axis N, written "N", "4N".

import { ShapeMismatchError } from "../errors.ts";

/** A fixed axis, or a multiple of the batch axis. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** The batch axis. */
export const BATCH = "N";

// Number, not parseInt: products may have got so large that they are written 1e+21.
const coefficientOf = (dim: string): number => (dim === BATCH ? 1 : Number(dim.slice(0, -1)));
const multipleOfBatch = (k: number): Dim => (k === 0 ? 0 : k === 1 ? BATCH : `${k}N`);

/** Whether an axis depends on the batch size. */
export function isBatch(dim: Dim): dim is string {
  return typeof dim === "string";
}

/** Product of two axes; at most one of them may hold the batch axis. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  if (isBatch(a) && isBatch(b))
    throw new ShapeMismatchError(`the batch axis must occur once in a size, got ${a} times ${b}`);
  if (isBatch(a)) return multipleOfBatch(coefficientOf(a) * (b as number));
  if (isBatch(b)) return multipleOfBatch(coefficientOf(b) * a);
  return a * b;
}

/** Exact quotient of two axes; ShapeMismatchError when it is not whole. */
export function divideDims(a: Dim, b: Dim): Dim {
  const [p, q] = [isBatch(a) ? coefficientOf(a) : a, isBatch(b) ? coefficientOf(b) : b];
  const k = q === 0 ? (p === 0 ? 0 : Number.NaN) : p / q;
  if (!Number.isInteger(k) || (isBatch(b) && !isBatch(a)))
    throw new ShapeMismatchError(`${a} must be a multiple of ${b}`);
  return isBatch(a) && !isBatch(b) ? multipleOfBatch(k) : k;
}

/** Sum of two axes: both fixed, or both multiples of the batch axis. */
export function addDims(a: Dim, b: Dim): Dim {
  if (a === 0) return b;
  if (b === 0) return a;
  if (isBatch(a) !== isBatch(b)) throw new ShapeMismatchError(`cannot add a batch axis and a fixed one: ${a} + ${b}`);
  return isBatch(a) ? multipleOfBatch(coefficientOf(a) + coefficientOf(b as string)) : a + (b as number);
}

/** More elements than any machine holds. Below it all sizes are exact numbers. */
const MOST_ELEMENTS = 2 ** 40;
/** numpy's limit; engines have lower ones. */
const MOST_AXES = 64;

/** What is wrong with the axes of a value, whatever the batch, as "must ..., got ..."; undefined for axes that can be. */
export function faultOfShape(shape: Shape): string | undefined {
  if (shape.length > MOST_AXES) return `must have at most ${MOST_AXES} axes, got ${shape.length}`;
  const axes = shape.map((dim) => resolveDim(dim, 1));
  const got = `got ${formatShape(shape)}`;
  if (!axes.every((axis) => Number.isInteger(axis) && axis >= 0)) return `must have whole numbers as axes, ${got}`;
  const size = axes.reduce((product, axis) => product * Math.max(1, axis), 1);
  return size <= MOST_ELEMENTS ? undefined : `must have at most 2^40 elements an example, ${got}`;
}

/** Number of elements. */
export function sizeOfShape(shape: Shape): Dim {
  return shape.reduce<Dim>(multiplyDims, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Position of the axis that holds the batch, or -1. */
export function batchAxis(shape: Shape): number {
  return shape.findIndex(isBatch);
}

/** An axis with its number put in for N. */
export function resolveDim(dim: Dim, batch: number): number {
  return isBatch(dim) ? coefficientOf(dim) * batch : dim;
}

/** The fixed number that an axis must be here; ShapeMismatchError when it holds the batch. */
export function fixedDim(dim: Dim, what: string): number {
  if (isBatch(dim)) throw new ShapeMismatchError(`${what} must not depend on the batch size, got ${dim}`);
  return dim;
}

/** A negative axis counted from the end. */
export function normaliseAxis(axis: number, rank: number): number {
  const k = axis < 0 ? axis + rank : axis;
  if (!(Number.isInteger(k) && k >= 0 && k < rank))
    throw new ShapeMismatchError(`axis must lie in [${-rank}, ${rank - 1}], got ${axis}`);
  return k;
}

/** The shape that two values broadcast to (numpy's rule). */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const p = a[i - rank + a.length] ?? 1;
    const q = b[i - rank + b.length] ?? 1;
    if (p === q || q === 1) return p;
    if (p === 1) return q;
    throw new ShapeMismatchError(`shapes must broadcast, got [${a}] and [${b}]`);
  });
}

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

// Shape rules of operators that join, cut and pad: Concat, Split, Slice, Pad; and what their integers mean, axis by axis.

import { ShapeMismatchError, UnsupportedError } from "../../errors.ts";
import { addDims, type Dim, fixedDim, formatShape, isBatch, normaliseAxis, type Shape, sizeOfShape } from "../dim.ts";
import type { ShapeContext, ShapeRule } from "../types.ts";
import { axisOf, fixedInts, knownInts } from "./known.ts";

const ALONE = "a model treats each example alone";

const concat: ShapeRule = (context) => {
  const shapes = context.inputs.map((input) => input!.shape);
  const axis = axisOf(context, 0);
  if (shapes.length > 1 && shapes.some((shape) => axis < shape.length && isBatch(shape[axis]))) {
    throw new UnsupportedError("Concat: nothing may be joined to the batch axis", { hint: ALONE });
  }
  const shape = shapes.reduce((total, next) => {
    const others = total.length === next.length && total.every((dim, i) => i === axis || dim === next[i]);
    if (!others) throw new ShapeMismatchError(`all axes but ${axis} must agree`);
    return total.with(axis, addDims(total[axis], next[axis]));
  });
  const lists = shape.length === 1 ? context.inputs.map((_, i) => context.ints(i)) : [undefined];
  const ints = lists.every((list) => list !== undefined) ? lists.flat() : undefined;
  return [{ dtype: context.inputs[0]!.dtype, shape, ints }];
};

/** Sizes of a Split's pieces: given, or the axis in `num_outputs` parts of which only the last may be smaller. */
export function splitSizes(size: number, given: readonly number[] | undefined, parts: unknown): readonly number[] {
  if (given) {
    if (given.reduce((a, b) => a + b, 0) === size && given.every((piece) => piece >= 0)) return given;
    throw new ShapeMismatchError(`the sizes must add up to ${size}, got [${given}]`);
  }
  if (typeof parts !== "number") throw new ShapeMismatchError("sizes or num_outputs must be given");
  return evenSizes(size, parts);
}

/** Each piece is an output of its own. */
export const MOST_PIECES = 4096;

/** An axis in `parts` pieces, the last of which may be smaller. */
export function evenSizes(size: number, parts: number): readonly number[] {
  const chunk = Math.ceil(size / parts);
  if (!(Number.isInteger(parts) && parts >= 1 && parts <= MOST_PIECES && (parts - 1) * chunk <= size))
    throw new ShapeMismatchError(`an axis of ${size} must be split into as many pieces of ${chunk}, got ${parts}`);
  return Array.from({ length: parts }, (_, i) => Math.min(chunk, size - i * chunk));
}

/** Where pieces of these sizes begin. */
export function startsOf(sizes: readonly number[]): number[] {
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return end - size;
  });
}

const split: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  const axis = axisOf(context, 0);
  const given = context.inputs[1] && fixedInts(context, 1, "the sizes");
  const sizes = splitSizes(fixedDim(shape[axis], "the axis that is split"), given, context.attributes.num_outputs);
  const list = shape.length === 1 ? context.ints(0) : undefined;
  const starts = startsOf(sizes);
  return sizes.map((size, i) => ({
    dtype,
    shape: shape.with(axis, size),
    ints: list?.slice(starts[i], starts[i] + size),
  }));
};

/** The elements start, start + step, ... (`size` of them) along one fixed axis. */
export interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly size: number;
}

export interface SliceInts {
  readonly starts: Shape;
  readonly ends: Shape;
  readonly axes?: readonly number[] | undefined;
  readonly steps?: readonly number[] | undefined;
}

// What exporters write for "to the end".
const END = 2 ** 31 - 1;

/** The ranges of a Slice, with negative and too large numbers resolved; a batch axis may only be kept whole, and has no range. */
export function sliceRanges(shape: Shape, { starts, ends, axes, steps }: SliceInts): SliceRange[] {
  return starts.flatMap((start, i) => {
    const axis = normaliseAxis(axes?.[i] ?? i, shape.length);
    const [dim, end, step] = [shape[axis], ends[i], steps?.[i] ?? 1];
    if (isBatch(dim)) {
      if (start === 0 && step === 1 && (end === dim || (!isBatch(end) && end >= END))) return [];
      throw new UnsupportedError("Slice: the batch axis must be kept whole", {
        hint: ALONE,
      });
    }
    if (step === 0) throw new ShapeMismatchError("steps must not be 0");
    const clamp = (position: Dim, low: number, high: number): number => {
      const k = fixedDim(position, "a slice of a fixed axis");
      return Math.max(low, Math.min(high, k < 0 ? k + dim : k));
    };
    const first = step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
    const last = step > 0 ? clamp(end, 0, dim) : clamp(end, -1, dim - 1);
    return [{ axis, start: first, step, size: Math.max(0, Math.ceil((last - first) / step)) }];
  });
}

const slice: ShapeRule = (context) => {
  const { dtype, shape } = context.inputs[0]!;
  const optional = (i: number, what: string) => (context.inputs[i] ? fixedInts(context, i, what) : undefined);
  const [starts, ends] = [knownInts(context, 1, "starts"), knownInts(context, 2, "ends")];
  const ranges = sliceRanges(shape, { starts, ends, axes: optional(3, "axes"), steps: optional(4, "steps") });
  const result = ranges.reduce<Shape>((cut, { axis, size }) => cut.with(axis, size), shape);
  const list = context.ints(0);
  const ints = list && ranges.reduce((cut, range) => cutInts(cut, range), { list, shape }).list;
  return [{ dtype, shape: result, ints }];
};

/** Known integers of any number of axes, row-major. */
interface IntArray {
  readonly list: Shape;
  readonly shape: Shape;
}

/** The integers that one range of a Slice keeps. */
function cutInts({ list, shape }: IntArray, { axis, start, step, size }: SliceRange): IntArray {
  const [length, inner] = [shape[axis] as number, sizeOfShape(shape.slice(axis + 1)) as number];
  const outer = list.length / (length * inner);
  const kept = Array.from({ length: outer * size * inner }, (_, k): Dim => {
    const [before, along, after] = [Math.floor(k / (size * inner)), Math.floor(k / inner) % size, k % inner];
    return list[(before * length + start + along * step) * inner + after];
  });
  return { list: kept, shape: shape.with(axis, size) };
}

/** Amounts put before and after each axis (negative ones crop). */
export interface PadAmounts {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The amounts of a Pad for all axes, from its `pads` and optional `axes`. */
export function padAmounts(rank: number, pads: readonly number[], axes?: readonly number[]): PadAmounts {
  const named = axes?.map((axis) => normaliseAxis(axis, rank)) ?? Array.from({ length: rank }, (_, i) => i);
  if (pads.length !== 2 * named.length) {
    throw new ShapeMismatchError(`pads must have two numbers for each of ${named.length} axes, got [${pads}]`);
  }
  const before = Array<number>(rank).fill(0);
  const after = Array<number>(rank).fill(0);
  named.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[named.length + i];
  });
  return { before, after };
}

/** Reflection needs the elements that it repeats; only constant padding may crop. */
function checkPad(mode: unknown, dim: number, amounts: readonly number[]): void {
  if (mode === "constant") return;
  if (mode !== "reflect" && mode !== "edge") {
    throw new UnsupportedError(`Pad: mode must be constant, reflect or edge, got ${mode}`);
  }
  const limit = mode === "reflect" ? dim - 1 : Number.POSITIVE_INFINITY;
  if (amounts.some((amount) => amount < 0 || amount > limit) || dim === 0) {
    throw new ShapeMismatchError(`mode ${mode} must pad an axis of ${dim} by 0 to ${limit}, got [${amounts}]`);
  }
}

const pad: ShapeRule = (context: ShapeContext) => {
  const { dtype, shape } = context.inputs[0]!;
  const axes = context.inputs[3] && fixedInts(context, 3, "axes");
  const { before, after } = padAmounts(shape.length, fixedInts(context, 1, "pads"), axes);
  const result = shape.map((dim, i): Dim => {
    if (before[i] === 0 && after[i] === 0) return dim;
    const size = fixedDim(dim, "a padded axis");
    checkPad(context.attributes.mode ?? "constant", size, [before[i], after[i]]);
    if (size + before[i] + after[i] < 0)
      throw new ShapeMismatchError(`axis ${i} must not be cropped below 0, got ${formatShape(shape)}`);
    return size + before[i] + after[i];
  });
  return [{ dtype, shape: result }];
};

export const slicingShapes: Readonly<Record<string, ShapeRule>> = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
};

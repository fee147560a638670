// Reads operators whose axes, sizes or amounts moved from attributes to inputs between opset 7 and 18.

import { InvalidModelError, UnsupportedError } from "../../../errors.ts";
import { reals } from "../../../numeric/tensor.ts";
import type { GraphBuilder } from "../../builder.ts";
import { type Dim, fixedDim, isBatch, multiplyDims, normaliseAxis, type Shape } from "../../dim.ts";
import { concat, reshape, slice, squeeze, unsqueeze } from "../../ops.ts";
import { evenSizes, padAmounts } from "../../shapes/slicing.ts";
import type { Value } from "../../types.ts";
import { type Converter, fixedIntsOf, type ImportNode, inputOf, intsOf, numberOf, stringOf } from "../import-node.ts";

const allAxes = (x: Value): number[] => x.shape.map((_, i) => i);

const reduction: Converter = (node) => {
  const x = inputOf(node, 0);
  const given = fixedIntsOf(node, 1, "axes") ?? [];
  if (given.length === 0 && numberOf(node, "noop_with_empty_axes", 0)) return [x];
  const axes = given.length === 0 ? allAxes(x) : given.map((axis) => normaliseAxis(axis, x.shape.length));
  return [node.b.op(node.op, [x, node.b.ints(axes)], { keepdims: numberOf(node, "keepdims", 1) })];
};

const squeezing: Converter = (node) => {
  const x = inputOf(node, 0);
  const axes = fixedIntsOf(node, 1, "axes") ?? allAxes(x).filter((axis) => x.shape[axis] === 1);
  return [squeeze(node.b, x, axes)];
};

const unsqueezing: Converter = (node) => {
  const axes = fixedIntsOf(node, 1, "axes");
  if (!axes) throw new InvalidModelError("axes must be given, got none");
  return [unsqueeze(node.b, inputOf(node, 0), axes)];
};

// What exporters write for "to the end" lies at or above this; the largest int64 does not fit a number.
const END = 2 ** 31 - 1;
const clamp = (dim: Dim): Dim => (isBatch(dim) ? dim : Math.max(-END, Math.min(END, dim)));

/** Whether start:end:step keeps an axis whole. */
function keepsWhole(dim: Dim, start: Dim, end: Dim, step: number): boolean {
  const toEnd = end === dim || (!isBatch(end) && (end >= END || (!isBatch(dim) && end >= dim)));
  return start === 0 && step === 1 && toEnd;
}

const slicing: Converter = (node) => {
  const { b } = node;
  const x = inputOf(node, 0);
  const starts = intsOf(node, 1, "starts")?.map(clamp);
  const ends = intsOf(node, 2, "ends")?.map(clamp);
  if (!starts || !ends) throw new InvalidModelError("starts and ends must be given, got none");
  const axes = (fixedIntsOf(node, 3, "axes") ?? starts.map((_, i) => i)).map((axis) =>
    normaliseAxis(axis, x.shape.length),
  );
  const steps = fixedIntsOf(node, 4, "steps") ?? starts.map(() => 1);
  const kept = axes.map((_, i) => i).filter((i) => !keepsWhole(x.shape[axes[i]], starts[i], ends[i], steps[i]));
  if (kept.length === 0) return [x];
  const numbers = (list: Shape, what: string): number[] => kept.map((i) => fixedDim(list[i], what));
  const bounds = [numbers(starts, "starts"), numbers(ends, "ends"), numbers(axes, "axes"), numbers(steps, "steps")];
  return [b.op("Slice", [x, ...bounds.map((list) => b.ints(list))])];
};

/** Circular padding: what lies at one end goes before the other. */
function wrapped(b: GraphBuilder, x: Value, before: readonly number[], after: readonly number[]): Value {
  return x.shape.reduce<Value>((value, dim, axis) => {
    const [first, last] = [before[axis], after[axis]];
    if (first === 0 && last === 0) return value;
    const size = fixedDim(dim, "a padded axis");
    if (first < 0 || last < 0 || first > size || last > size)
      throw new UnsupportedError(`mode wrap must pad an axis of ${size} by 0 to ${size}, got ${first} and ${last}`);
    const part = (start: number, end: number) => (start === end ? [] : [slice(b, value, axis, { start, end })]);
    return concat(b, [...part(size - first, size), value, ...part(0, last)], axis);
  }, x);
}

const padding: Converter = (node) => {
  const { b } = node;
  const x = inputOf(node, 0);
  const pads = fixedIntsOf(node, 1, "pads");
  if (!pads) throw new InvalidModelError("pads must be given, got none");
  const { before, after } = padAmounts(x.shape.length, pads, fixedIntsOf(node, 3, "axes"));
  const amounts = [...before, ...after];
  if (amounts.every((amount) => amount === 0)) return [x];
  if (stringOf(node, "mode", "constant") === "wrap") return [wrapped(b, x, before, after)];
  const value = numberOf(node, "value", 0);
  const fill = node.inputs[2] ?? (value === 0 ? undefined : b.scalar(value));
  const inputs = [x, b.ints(amounts), ...(fill ? [fill] : [])];
  return [b.op("Pad", inputs, { mode: stringOf(node, "mode", "constant") })];
};

/** Sizes of the pieces: given, or as even as they can be (opset 18: the last may be smaller). */
function pieces(node: ImportNode, size: number): readonly number[] {
  const given = fixedIntsOf(node, 1, "split");
  if (given) return given;
  return evenSizes(size, numberOf(node, "num_outputs", node.outputsRead.length));
}

const splitting: Converter = (node) => {
  const x = inputOf(node, 0);
  const axis = normaliseAxis(numberOf(node, "axis", 0), x.shape.length);
  const sizes = pieces(node, fixedDim(x.shape[axis], "the axis that is split"));
  return sizes.length === 1 ? [x] : node.b.ops("Split", [x, node.b.ints(sizes)], { axis });
};

/** Before opset 13 the axes from `axis` on are one: softmax runs over all of them together. */
const softmax: Converter = (node) => {
  const { b, op } = node;
  const x = inputOf(node, 0);
  const rank = x.shape.length;
  if (node.opset >= 13) return [b.op(op, [x], { axis: normaliseAxis(numberOf(node, "axis", -1), rank) })];
  const axis = normaliseAxis(numberOf(node, "axis", 1), rank);
  const product = (shape: Shape): Dim => shape.reduce<Dim>(multiplyDims, 1);
  const rest = product(x.shape.slice(axis + 1));
  if (rest === 1) return [b.op(op, [x], { axis })];
  if (x.shape.slice(axis).some(isBatch)) throw new UnsupportedError("softmax must not run over the batch axis");
  const rows = reshape(b, x, [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))]);
  return [reshape(b, b.op(op, [rows], { axis: 1 }), x.shape)];
};

const joining: Converter = (node) => {
  const values = node.inputs.map((_, i) => inputOf(node, i));
  const axis = normaliseAxis(numberOf(node, "axis", 1), values[0]?.shape.length ?? 0);
  return [knownList(node.b, values) ?? concat(node.b, values, axis)];
};

/** Lists of fixed real numbers (the scales of a Resize) joined to one; undefined when some are computed. */
function knownList(b: GraphBuilder, values: readonly Value[]): Value | undefined {
  const lists = values.map((value) =>
    value.dtype === "real" && value.shape.length === 1 ? b.constantOf(value) : undefined,
  );
  if (!lists.every((list) => list !== undefined)) return undefined;
  const numbers = lists.flatMap(({ data }) => Array.from(data, Number));
  return b.constant(reals([numbers.length], numbers));
}

/** An int32 axis, as PyTorch writes it, becomes an int64 one. */
const runningSum: Converter = (node) => {
  const { b, attributes } = node;
  const [x, axis] = [inputOf(node, 0), inputOf(node, 1)];
  const known = b.constantOf(axis)?.data[0];
  return [b.op("CumSum", [x, known === undefined ? axis : b.ints([Number(known)])], attributes)];
};

const REDUCTIONS = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp"];

export const axesConverters: Readonly<Record<string, Converter>> = {
  ...Object.fromEntries(REDUCTIONS.map((name) => [`Reduce${name}`, reduction])),
  Squeeze: squeezing,
  Unsqueeze: unsqueezing,
  Slice: slicing,
  Pad: padding,
  Split: splitting,
  Softmax: softmax,
  LogSoftmax: softmax,
  Concat: joining,
  CumSum: runningSum,
};

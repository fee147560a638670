// Rules of operators that join, cut and pad: the adjoint of cutting is padding, that of joining is cutting.

import type { GraphBuilder } from "../../graph/builder.ts";
import { normaliseAxis } from "../../graph/dim.ts";
import { addAll, concat, fullLike, mul, pad, reduceSum, reshape, slice, unsqueeze } from "../../graph/ops.ts";
import { padAmounts, type SliceRange, sliceRanges } from "../../graph/shapes/slicing.ts";
import type { Value } from "../../graph/types.ts";
import { intsOfInput, type JvpRule, numberAttribute, type RuleContext, type RuleTable, type VjpRule } from "../rule.ts";

const axisOf = (node: RuleContext, fallback: number): number =>
  normaliseAxis(numberAttribute(node, "axis", fallback), node.inputs[0]!.shape.length);

const fixedList = (node: RuleContext, i: number): readonly number[] | undefined =>
  node.inputs[i] && (intsOfInput(node, i) as readonly number[]);

/** Zero amounts for every axis but one. */
const only = (rank: number, axis: number, amount: number): number[] => Array<number>(rank).fill(0).with(axis, amount);

const concatVjp: VjpRule = (node, [g], needs) => {
  const axis = axisOf(node, 0);
  let end = 0;
  return node.inputs.map((input, i) => {
    const start = end;
    end += input!.shape[axis] as number;
    if (!needs[i]) return undefined;
    return node.inputs.length === 1 ? g : slice(node.b, g!, axis, { start, end });
  });
};

const concatJvp: JvpRule = ({ b, inputs, attributes }, tangents) => [
  b.op(
    "Concat",
    inputs.map((input, i) => tangents[i] ?? fullLike(b, input!, 0)),
    attributes,
  ),
];

/** Joins the cotangents of the pieces; pieces that nothing depends on are zeros. */
const splitVjp: VjpRule = (node, cotangents) => {
  const { b, outputs } = node;
  const pieces = outputs.map((output, i) => cotangents[i] ?? fullLike(b, output, 0));
  return [concat(b, pieces, axisOf(node, 0))];
};

const splitJvp: JvpRule = ({ b, inputs, attributes }, [t]) => (t ? b.ops("Split", [t, inputs[1]], attributes) : []);

/** Puts step - 1 zeros behind each element of one axis. */
function interleaved(b: GraphBuilder, x: Value, axis: number, step: number): Value {
  const rank = x.shape.length;
  const zeros = only(rank + 1, axis + 1, 0);
  const spread = pad(b, unsqueeze(b, x, [axis + 1]), zeros, zeros.with(axis + 1, step - 1));
  return reshape(b, spread, x.shape.with(axis, (x.shape[axis] as number) * step));
}

/** Cotangent of the elements of one range, with zeros between them; `lowest` is where it starts in x. */
function spreadRange(b: GraphBuilder, g: Value, { axis, start, step, size }: SliceRange): { g: Value; lowest: number } {
  if (step === 1) return { g, lowest: start };
  const forward = step > 0 ? g : slice(b, g, axis, { start: -1, end: Number.NEGATIVE_INFINITY, step: -1 });
  const stride = Math.abs(step);
  const lowest = step > 0 ? start : start + (size - 1) * step;
  return { g: stride === 1 ? forward : interleaved(b, forward, axis, stride), lowest };
}

const sliceVjp: VjpRule = (node, [cotangent]) => {
  const { b } = node;
  const { shape } = node.inputs[0]!;
  const ints = { starts: intsOfInput(node, 1), ends: intsOfInput(node, 2), axes: fixedList(node, 3) };
  const ranges = sliceRanges(shape, { ...ints, steps: fixedList(node, 4) });
  if (ranges.some((range) => range.size === 0)) return [];
  const before = Array<number>(shape.length).fill(0);
  const after = Array<number>(shape.length).fill(0);
  let g = cotangent!;
  for (const range of ranges) {
    const spread = spreadRange(b, g, range);
    g = spread.g;
    before[range.axis] = spread.lowest;
    after[range.axis] = (shape[range.axis] as number) - spread.lowest - (g.shape[range.axis] as number);
  }
  return [pad(b, g, before, after)];
};

const sliceJvp: JvpRule = ({ b, inputs, attributes }, [t]) => [t && b.op("Slice", [t, ...inputs.slice(1)], attributes)];

const modeOf = (node: RuleContext): unknown => node.attributes.mode ?? "constant";

const amountsOf = (node: RuleContext) =>
  padAmounts(node.inputs[0]!.shape.length, fixedList(node, 1) ?? [], fixedList(node, 3));

/** Adds what lies in the margins of one axis to the elements that it repeats. */
function folded(
  b: GraphBuilder,
  g: Value,
  axis: number,
  { before, after, mode }: { before: number; after: number; mode: unknown },
): Value {
  const rank = g.shape.length;
  const padded = g.shape[axis] as number;
  const size = padded - before - after;
  const margin = (start: number, end: number, towards: number): Value | undefined => {
    if (start === end) return undefined;
    if (mode === "edge") {
      const sum = reduceSum(b, slice(b, g, axis, { start, end }), [axis], true);
      return pad(b, sum, only(rank, axis, towards), only(rank, axis, size - 1 - towards));
    }
    // Reflection: the margin runs backwards, and starts next to the outermost element.
    const low = start - 1;
    const turned = slice(b, g, axis, { start: end - 1, end: low < 0 ? Number.NEGATIVE_INFINITY : low, step: -1 });
    const first = towards === 0 ? 1 : size - 1 - (end - start);
    return pad(b, turned, only(rank, axis, first), only(rank, axis, size - first - (end - start)));
  };
  const inner = before === 0 && after === 0 ? g : slice(b, g, axis, { start: before, end: before + size });
  return addAll(b, [inner, margin(0, before, 0), margin(before + size, padded, size - 1)])!;
}

const padVjp: VjpRule = (node, [g], needs) => {
  const { b, inputs } = node;
  const { before, after } = amountsOf(node);
  const mode = modeOf(node);
  const negated = (amounts: readonly number[]) => amounts.map((amount) => -amount);
  const toX = (): Value => {
    if (mode === "constant") return pad(b, g!, negated(before), negated(after));
    const axes = before.map((_, axis) => axis).filter((axis) => before[axis] !== 0 || after[axis] !== 0);
    return axes.reduce((x, axis) => folded(b, x, axis, { before: before[axis], after: after[axis], mode }), g!);
  };
  // Where the padding value stands, its derivative is 1.
  const toValue = (value: Value): Value => {
    const margins = b.op("Pad", [fullLike(b, inputs[0]!, 0), inputs[1], b.scalar(1), inputs[3]], { mode: "constant" });
    const all = g!.shape.map((_, i) => i);
    return reshape(b, reduceSum(b, mul(b, g!, margins), all), value.shape);
  };
  return [needs[0] ? toX() : undefined, undefined, needs[2] && mode === "constant" ? toValue(inputs[2]!) : undefined];
};

const padJvp: JvpRule = ({ b, inputs, attributes }, tangents) => {
  const x = tangents[0] ?? fullLike(b, inputs[0]!, 0);
  return [b.op("Pad", [x, inputs[1], tangents[2], inputs[3]], attributes)];
};

export const slicingRules: RuleTable = {
  Concat: { vjp: concatVjp, jvp: concatJvp },
  Split: { vjp: splitVjp, jvp: splitJvp },
  Slice: { vjp: sliceVjp, jvp: sliceJvp },
  Pad: { vjp: padVjp, jvp: padJvp },
};

// Shape rules of operators that act element by element, with numpy's broadcasting.

import { ShapeMismatchError } from "../../errors.ts";
import { addDims, broadcastShapes, type Dim, divideDims, isBatch, multiplyDims, type Shape } from "../dim.ts";
import type { ShapeContext, ShapeRule, Value, ValueType } from "../types.ts";

function present(context: ShapeContext): readonly Value[] {
  return context.inputs.filter((input): input is Value => input !== undefined);
}

function broadcastOf(context: ShapeContext): Shape {
  return present(context).reduce<Shape>((shape, input) => broadcastShapes(shape, input.shape), []);
}

const unary: ShapeRule = ({ inputs }) => [{ dtype: inputs[0]!.dtype, shape: inputs[0]!.shape }];

const toType =
  (dtype: ValueType): ShapeRule =>
  (context) => [{ dtype, shape: broadcastOf(context) }];

type Fold = (a: Dim, b: Dim) => Dim | undefined;

/** The numbers of a result from those of two inputs, one of which may be a single number; undefined where one is unknown. */
function folded(context: ShapeContext, fold: Fold): Shape | undefined {
  const lists = present(context).every((input) => input.shape.length <= 1);
  const [a, b] = [context.ints(0), context.ints(1)];
  if (!lists || !a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
  const ints = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    const [p, q] = [a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]];
    try {
      return fold(p, q);
    } catch {
      // What no axis can be, such as N + 1, is unknown here; the engine still computes it.
      return undefined;
    }
  });
  return ints.every((x) => x !== undefined) ? ints : undefined;
}

/** All inputs share a type; integer results are followed where their numbers are known. */
function arithmetic(fold?: Fold): ShapeRule {
  return (context) => {
    const inputs = present(context);
    const dtype = inputs[0].dtype;
    for (const input of inputs) {
      if (input.dtype !== dtype)
        throw new ShapeMismatchError(`all inputs must have one type, got ${dtype} and ${input.dtype}`);
    }
    const ints = fold && inputs.length === 2 && dtype === "int64" ? folded(context, fold) : undefined;
    return [{ dtype, shape: broadcastOf(context), ints }];
  };
}

const sub: ShapeRule = arithmetic((a, b) => (isBatch(a) || isBatch(b) ? undefined : a - b));
const div: ShapeRule = arithmetic((a, b) => (isBatch(a) || isBatch(b) ? divideDims(a, b) : Math.trunc(a / b)));
/** With the sign of the divisor, as ONNX has it for integers unless fmod is set. */
const mod: Fold = (a, b) => (isBatch(a) || isBatch(b) ? undefined : a - b * Math.floor(a / b));

/** Exporters choose between computed sizes (shape == -1 ? 1 : shape), so equality of known integers is followed too. */
const equal: ShapeRule = (context) => {
  const same: Fold = (a, b) => {
    if (a === b) return 1;
    // The batch axis is at least 1; whether it is 1 nobody knows yet.
    const unknown = (isBatch(a) && (isBatch(b) || b > 0)) || (isBatch(b) && (a as number) > 0);
    return unknown ? undefined : 0;
  };
  const integers = context.inputs[0]!.dtype === "int64";
  return [{ dtype: "bool", shape: broadcastOf(context), ints: integers ? folded(context, same) : undefined }];
};

const where: ShapeRule = (context) => {
  const [condition, a, b] = [0, 1, 2].map((i) => context.ints(i));
  const at = (list: Shape, i: number): Dim => list[list.length === 1 ? 0 : i];
  const length = Math.max(condition?.length ?? 0, a?.length ?? 0, b?.length ?? 0);
  const flat = context.inputs.every((input) => input!.shape.length <= 1);
  const ints =
    flat && condition && a && b
      ? Array.from({ length }, (_, i) => (at(condition, i) ? at(a, i) : at(b, i)))
      : undefined;
  return [{ dtype: context.inputs[1]!.dtype, shape: broadcastOf(context), ints }];
};

const clip: ShapeRule = unary;

const UNARY = ["Neg", "Reciprocal", "Abs", "Sign", "Relu", "LeakyRelu", "Tanh", "Sigmoid", "Softplus", "Elu", "Erf"];
const UNARY_MORE = ["Exp", "Log", "Sqrt", "Sin", "Cos", "Atan", "Floor", "Ceil", "Round", "Not"];
const COMPARISONS = ["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "IsNaN", "IsInf"];

export const elementwiseShapes: Readonly<Record<string, ShapeRule>> = {
  ...Object.fromEntries([...UNARY, ...UNARY_MORE].map((op) => [op, unary])),
  ...Object.fromEntries(COMPARISONS.map((op) => [op, toType("bool")])),
  Equal: equal,
  Add: arithmetic(addDims),
  Sub: sub,
  Mul: arithmetic(multiplyDims),
  Div: div,
  Pow: (context) => [{ dtype: context.inputs[0]!.dtype, shape: broadcastOf(context) }],
  Mod: (context) => arithmetic(context.attributes.fmod ? undefined : mod)(context),
  Sum: arithmetic(),
  Mean: arithmetic(),
  Max: arithmetic(),
  Min: arithmetic(),
  Clip: clip,
  Where: where,
};

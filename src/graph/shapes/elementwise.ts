// Shape rules of operators that act element by element, with numpy's broadcasting.

import { ShapeMismatchError } from "../../errors.ts";
import { addDims, broadcastShapes, divideDims, multiplyDims, type Shape, isBatch } from "../dim.ts";
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

/** All inputs share a type; integer results are followed where their numbers are known. */
function arithmetic(fold?: (a: Shape[number], b: Shape[number]) => Shape[number] | undefined): ShapeRule {
  return (context) => {
    const inputs = present(context);
    const dtype = inputs[0].dtype;
    for (const input of inputs) {
      if (input.dtype !== dtype) throw new ShapeMismatchError(`all inputs must have one type, got ${dtype} and ${input.dtype}`);
    }
    const shape = broadcastOf(context);
    if (!fold || inputs.length !== 2 || dtype !== "int64") return [{ dtype, shape }];
    const [a, b] = [context.ints(0), context.ints(1)];
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return [{ dtype, shape }];
    const ints = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => fold(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]));
    return [{ dtype, shape, ints: ints.every((x) => x !== undefined) ? (ints as Shape) : undefined }];
  };
}

const sub: ShapeRule = arithmetic((a, b) => (isBatch(a) || isBatch(b) ? undefined : a - b));
const div: ShapeRule = arithmetic((a, b) => {
  if (!isBatch(a) && !isBatch(b)) return Math.trunc(a / b);
  try {
    return divideDims(a, b);
  } catch {
    return undefined;
  }
});

const where: ShapeRule = (context) => [{ dtype: context.inputs[1]!.dtype, shape: broadcastOf(context) }];

const clip: ShapeRule = unary;

const UNARY = ["Neg", "Reciprocal", "Abs", "Sign", "Relu", "LeakyRelu", "Tanh", "Sigmoid", "Softplus", "Elu", "Erf"];
const UNARY_MORE = ["Exp", "Log", "Sqrt", "Sin", "Cos", "Floor", "Ceil", "Round", "Not"];
const COMPARISONS = ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "IsNaN"];

export const elementwiseShapes: Readonly<Record<string, ShapeRule>> = {
  ...Object.fromEntries([...UNARY, ...UNARY_MORE].map((op) => [op, unary])),
  ...Object.fromEntries(COMPARISONS.map((op) => [op, toType("bool")])),
  Add: arithmetic(addDims),
  Sub: sub,
  Mul: arithmetic(multiplyDims),
  Div: div,
  Pow: (context) => [{ dtype: context.inputs[0]!.dtype, shape: broadcastOf(context) }],
  Mod: arithmetic((a, b) => (isBatch(a) || isBatch(b) ? undefined : a % b)),
  Sum: arithmetic(),
  Mean: arithmetic(),
  Max: arithmetic(),
  Min: arithmetic(),
  Clip: clip,
  Where: where,
};

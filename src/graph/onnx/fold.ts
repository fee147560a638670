// Computes while reading what exporters leave of a model's sizes: comparisons of known integers, arithmetic of single numbers.

import { integers, reals, type Tensor, tensor } from "../../numeric/tensor.ts";
import { broadcastShapes, type Dim, isBatch, type Shape } from "../dim.ts";
import { concat } from "../ops.ts";
import type { Value } from "../types.ts";
import type { ImportNode } from "./import-node.ts";
import { dtypeFromNumber } from "./tensor-message.ts";

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equal: (a, b) => a === b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
};

const ARITHMETIC: Readonly<Record<string, (...values: number[]) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Max: Math.max,
  Min: Math.min,
  Sqrt: Math.sqrt,
  Reciprocal: (a) => 1 / a,
  Neg: (a) => -a,
  Exp: Math.exp,
  Log: Math.log,
  Floor: Math.floor,
  Ceil: Math.ceil,
};

/** Whether a compares to b; undefined where that depends on the batch size (which is at least 1). */
function compared(op: string, a: Dim, b: Dim): boolean | undefined {
  if (!isBatch(a) && !isBatch(b)) return COMPARISONS[op](a, b);
  if (op !== "Equal") return undefined;
  if (a === b) return true;
  return (isBatch(a) && !isBatch(b) && b <= 0) || (isBatch(b) && !isBatch(a) && a <= 0) ? false : undefined;
}

const at = (list: Shape, i: number): Dim => list[list.length === 1 ? 0 : i];

function comparison({ b, op, inputs }: ImportNode): Value | undefined {
  const [x, y] = inputs;
  const [p, q] = [x && b.intsOf(x), y && b.intsOf(y)];
  if (!x || !y || !p || !q) return undefined;
  const shape = broadcastShapes(x.shape, y.shape) as readonly number[];
  const results = Array.from({ length: Math.max(p.length, q.length) }, (_, i) => compared(op, at(p, i), at(q, i)));
  return results.includes(undefined) ? undefined : b.constant(tensor("bool", shape, Uint8Array.from(results, Number)));
}

/** The opposite of known truth values. */
function negation({ b, inputs: [x] }: ImportNode): Value | undefined {
  const known = x && b.constantOf(x);
  return (
    known &&
    b.constant(
      tensor(
        "bool",
        known.shape,
        Uint8Array.from(known.data as Uint8Array, (bit) => 1 - bit),
      ),
    )
  );
}

/** A list chosen from two lists of known integers; those that depend on the batch are taken from the list when the graph runs. */
function choice({ b, inputs }: ImportNode): Value | undefined {
  const [condition, x, y] = inputs;
  const chosen = condition && b.constantOf(condition)?.data;
  const [p, q] = [x && b.intsOf(x), y && b.intsOf(y)];
  if (!chosen || !x || !y || !p || !q || Math.max(x.shape.length, y.shape.length) !== 1) return undefined;
  const length = Math.max(chosen.length, p.length, q.length);
  const pieces = Array.from({ length }, (_, i) => {
    const [list, value] = chosen[chosen.length === 1 ? 0 : i] ? [p, x] : [q, y];
    const dim = at(list, i);
    return isBatch(dim) ? b.op("Gather", [value, b.ints([list.length === 1 ? 0 : i])], { axis: 0 }) : b.ints([dim]);
  });
  return concat(b, pieces, 0);
}

function arithmetic({ b, op, inputs }: ImportNode): Value | undefined {
  const constants = inputs.map((input) => input && b.constantOf(input));
  if (constants.length < 1 || constants.length > 2 || inputs[0]?.dtype !== "real") return undefined;
  if (constants.some((constant) => constant?.data.length !== 1)) return undefined;
  const known = constants as Tensor[];
  const shape = known.reduce<Shape>((joint, { shape }) => broadcastShapes(joint, shape), []) as readonly number[];
  return b.constant(reals(shape, [ARITHMETIC[op](...known.map(({ data }) => Number(data[0])))]));
}

/** Known integers as real numbers, or single real numbers as integers. */
function conversion({ b, inputs, attributes }: ImportNode): Value | undefined {
  const x = inputs[0];
  const to = dtypeFromNumber(Number(attributes.to), "the type that is cast to");
  const ints = x && b.intsOf(x);
  if (ints && !ints.some(isBatch) && (to === "float32" || to === "float64")) {
    return b.constant(reals(x.shape as readonly number[], ints as readonly number[]));
  }
  const known = x?.dtype === "real" ? b.constantOf(x) : undefined;
  if (known?.data.length !== 1 || to !== "int64" || !Number.isFinite(known.data[0])) return undefined;
  return b.constant(integers(known.shape, [Math.trunc(Number(known.data[0]))]));
}

/** The value of a node whose inputs are known sizes or single numbers; undefined for all other nodes. */
export function fold(node: ImportNode): Value | undefined {
  if (node.op in COMPARISONS) return comparison(node);
  if (node.op === "Not") return negation(node);
  if (node.op === "Where") return choice(node);
  if (node.op === "Cast") return conversion(node);
  return node.op in ARITHMETIC ? arithmetic(node) : undefined;
}

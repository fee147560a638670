// Shape rules of matrix products.

import { ShapeMismatchError } from "../../errors.ts";
import { broadcastShapes, formatShape, sameShape } from "../dim.ts";
import type { ShapeRule } from "../types.ts";

const matmul: ShapeRule = ({ inputs }) => {
  const [a, b] = [inputs[0]!, inputs[1]!];
  if (a.shape.length < 1 || b.shape.length < 1) throw new ShapeMismatchError("both factors must have an axis");
  const left = a.shape.length === 1 ? [1, a.shape[0]] : a.shape;
  const right = b.shape.length === 1 ? [b.shape[0], 1] : b.shape;
  if (left.at(-1) !== right.at(-2)) {
    throw new ShapeMismatchError(`inner axes must agree, got ${formatShape(a.shape)} times ${formatShape(b.shape)}`);
  }
  const shape = [...broadcastShapes(left.slice(0, -2), right.slice(0, -2))];
  if (a.shape.length > 1) shape.push(left.at(-2)!);
  if (b.shape.length > 1) shape.push(right.at(-1)!);
  return [{ dtype: a.dtype, shape }];
};

const gemm: ShapeRule = ({ inputs, attributes }) => {
  const [a, b] = [inputs[0]!.shape, inputs[1]!.shape];
  if (a.length !== 2 || b.length !== 2) throw new ShapeMismatchError("both factors must be matrices");
  const [rows, innerA] = attributes.transA ? [a[1], a[0]] : a;
  const [innerB, columns] = attributes.transB ? [b[1], b[0]] : b;
  if (innerA !== innerB) throw new ShapeMismatchError(`inner axes must agree, got ${innerA} and ${innerB}`);
  const addend = inputs[2]?.shape;
  if (addend && !sameShape(broadcastShapes(addend, [rows, columns]), [rows, columns]))
    throw new ShapeMismatchError(`the addend must broadcast to [${rows}, ${columns}], got ${formatShape(addend)}`);
  return [{ dtype: inputs[0]!.dtype, shape: [rows, columns] }];
};

export const matmulShapes: Readonly<Record<string, ShapeRule>> = { MatMul: matmul, Gemm: gemm };

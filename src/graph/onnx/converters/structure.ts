// Reads operators that copy, fill, convert or rearrange, and Dropout.

import { InvalidModelError, UnsupportedError } from "../../../errors.ts";
import { integers, reals, type Tensor, tensor } from "../../../numeric/tensor.ts";
import { type Dim, divideDims, isBatch, normaliseAxis, type Shape, sizeOfShape } from "../../dim.ts";
import { dropout } from "../../dropout.ts";
import { cast, reshape, slice, transpose, where } from "../../ops.ts";
import type { Value } from "../../types.ts";
import {
  type Converter,
  type ImportNode,
  inputOf,
  intsOf,
  listOf,
  numberOf,
  refuseOutputs,
  tensorOf,
} from "../import-node.ts";
import { intendedNumber } from "../intended-number.ts";
import { dtypeFromNumber, valueTypeOf } from "../tensor-message.ts";

/** A float32 tensor of one element as the shortest decimal that rounds to it; others as they are. */
export function decimalScalar(source: Tensor): Tensor {
  if (source.dtype !== "float32" || source.data.length !== 1) return source;
  return reals(source.shape, [intendedNumber(source.data[0] as number)]);
}

const identity: Converter = (node) => [inputOf(node, 0)];

const constant: Converter = (node) => {
  const { b, attributes } = node;
  const value = tensorOf(node, "value");
  if (value) return [b.constant(decimalScalar(value))];
  if (typeof attributes.value_float === "number") return [b.scalar(attributes.value_float)];
  const floats = listOf(node, "value_floats");
  if (floats) return [b.constant(reals([floats.length], floats))];
  if (typeof attributes.value_int === "number") return [b.constant(integers([], [attributes.value_int]))];
  const ints = listOf(node, "value_ints");
  if (ints) return [b.ints(ints)];
  throw new UnsupportedError(
    `constant must be a dense tensor or number, got ${Object.keys(attributes).join(", ") || "none"}`,
  );
};

// Larger ones are filled when the graph runs.
const FILLED_SIZE = 4096;

const constantOfShape: Converter = (node) => {
  const shape = intsOf(node, 0, "shape");
  if (!shape) throw new InvalidModelError("shape must be given, got none");
  const value = decimalScalar(tensorOf(node, "value") ?? reals([1], [0]));
  const size = sizeOfShape(shape);
  if (valueTypeOf(value) === "real" && !isBatch(size) && size <= FILLED_SIZE) {
    return [node.b.constant(reals(shape as readonly number[], new Float64Array(size).fill(Number(value.data[0]))))];
  }
  return [node.b.op("ConstantOfShape", [inputOf(node, 0)], { value })];
};

const casting: Converter = (node) => {
  const dtype = dtypeFromNumber(numberOf(node, "to", 0), "the type that is cast to");
  return [cast(node.b, inputOf(node, 0), valueTypeOf({ dtype }))];
};

const castLike: Converter = (node) => [cast(node.b, inputOf(node, 0), inputOf(node, 1).dtype)];

/** Target axes with 0, -1 and, in a file whose batch axis was 1, the batch put in. */
function targetShape(node: ImportNode, x: Value): Shape {
  const target = intsOf(node, 1, "shape");
  if (!target) throw new InvalidModelError("shape must be given, got none");
  const keepZero = numberOf(node, "allowzero", 0) !== 0;
  const dims = target.map((dim, i): Dim => (dim === 0 && !keepZero && i < x.shape.length ? x.shape[i] : dim));
  if (node.freedBatch && dims[0] === 1 && x.shape.length > 0 && isBatch(x.shape[0])) dims[0] = x.shape[0];
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = divideDims(sizeOfShape(x.shape), sizeOfShape(dims.filter((_, i) => i !== open)));
  return dims;
}

/** Through the operator's own shape rule when the sizes do not fit, so that its message is the one that is seen. */
const reshaping: Converter = (node) => {
  const x = inputOf(node, 0);
  const shape = targetShape(node, x);
  if (sizeOfShape(shape) !== sizeOfShape(x.shape)) return [node.b.op("Reshape", [x, inputOf(node, 1)])];
  return [reshape(node.b, x, shape)];
};

const flatten: Converter = (node) => {
  const x = inputOf(node, 0);
  const rank = x.shape.length;
  const axis = normaliseAxis(numberOf(node, "axis", 1), rank + 1 - (numberOf(node, "axis", 1) < 0 ? 1 : 0));
  return rank === 2 && axis === 1 ? [x] : [node.b.op("Flatten", [x], { axis })];
};

/** Rows in a row, such as the positions of a sequence, are cut out: no index is looked up, and the adjoint is a pad. */
const gathering: Converter = (node) => {
  const { b } = node;
  const [x, indices] = [inputOf(node, 0), inputOf(node, 1)];
  const axis = normaliseAxis(numberOf(node, "axis", 0), x.shape.length);
  const [dim, known] = [x.shape[axis], b.intsOf(indices)];
  const start = known?.[0];
  const inARow = known?.every((index, i) => !isBatch(index) && index === (start as number) + i);
  if (isBatch(dim) || x.dtype !== "real" || typeof start !== "number" || !inARow || known!.length < 2 || start < 0)
    return [b.op("Gather", node.inputs, node.attributes)];
  const end = start + known!.length;
  if (end > dim) throw new InvalidModelError(`indices must lie in [0, ${dim - 1}], got ${end - 1}`);
  const rows = end - start === dim ? x : slice(b, x, axis, { start, end });
  return [reshape(b, rows, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)])];
};

/** Negative axes, which PyTorch's movedim writes although ONNX has none, count from the end. */
const transposing: Converter = (node) => {
  const x = inputOf(node, 0);
  const rank = x.shape.length;
  const perm = listOf(node, "perm")?.map((axis) => (axis < 0 ? axis + rank : axis));
  return [transpose(node.b, x, perm ?? x.shape.map((_, i) => rank - 1 - i))];
};

/** The single number of input i of a Dropout, which later opsets have in the place of an attribute. */
function dropoutInput(node: ImportNode, i: number, what: string): number | undefined {
  const input = node.inputs[i];
  if (!input) return undefined;
  const known = node.b.constantOf(input);
  if (known?.data.length === 1) return Number(known.data[0]);
  throw new UnsupportedError(`${what} of Dropout must be a constant, got one that is computed`);
}

/** A node in training mode stays, for a mask to take its place; any other is the identity. */
const dropping: Converter = (node) => {
  refuseOutputs(node, 1, "the mask of Dropout must not be used: it is another one for each occurrence of an example");
  const ratio = dropoutInput(node, 1, "the ratio") ?? numberOf(node, "ratio", 0.5);
  const isTraining = (dropoutInput(node, 2, "training_mode") ?? 0) !== 0;
  if (!isTraining || ratio === 0) {
    node.note("Dropout that is not in training mode is left out");
    return [inputOf(node, 0)];
  }
  const x = inputOf(node, 0);
  if (!(ratio > 0 && ratio < 1)) throw new InvalidModelError(`the ratio of Dropout must lie in [0, 1), got ${ratio}`);
  if (x.dtype !== "real") throw new InvalidModelError(`the input of Dropout must be real numbers, got ${x.dtype}`);
  node.note(
    "Dropout in training mode: masks are drawn here, from the key of each occurrence; evaluation leaves it out",
  );
  return [dropout(node.b, x, ratio)];
};

/** 4096 positions attend to as many. */
const MOST_IN_TRIANGLE = 2 ** 24;

/** The lower or upper triangle of the last two axes. */
const trilu: Converter = (node) => {
  const { b } = node;
  const x = inputOf(node, 0);
  const [rows, columns] = x.shape.slice(-2);
  if (isBatch(rows) || isBatch(columns)) throw new UnsupportedError("the triangle must not lie along the batch axis");
  const k = Number((node.inputs[1] && b.intsOf(node.inputs[1])?.[0]) ?? 0);
  const upper = numberOf(node, "upper", 1) !== 0;
  if (rows * columns > MOST_IN_TRIANGLE)
    throw new UnsupportedError(`a triangle must have at most 2^24 elements, got ${rows} x ${columns}`);
  const mask = new Uint8Array(rows * columns);
  for (let i = 0; i < mask.length; i++) {
    const offset = (i % columns) - Math.floor(i / columns);
    mask[i] = Number(upper ? offset >= k : offset <= k);
  }
  return [where(b, b.constant(tensor("bool", [rows, columns], mask)), x, 0)];
};

export const structureConverters: Readonly<Record<string, Converter>> = {
  Identity: identity,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Cast: casting,
  CastLike: castLike,
  Reshape: reshaping,
  Flatten: flatten,
  Gather: gathering,
  Transpose: transposing,
  Dropout: dropping,
  Trilu: trilu,
};

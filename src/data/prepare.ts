// The small steps that every data source shares: keeping the first examples, scaling bytes, checks with clear messages.

import { InvalidDataError } from "../errors.ts";
import { type DType, findNonFinite, sizeOf, type Tensor, type TypedArrayOf } from "../numeric/tensor.ts";

/** The first `limit` rows as a copy; the tensor itself when there is no limit or it has no more rows. */
export function firstRows<D extends DType>(source: Tensor<D>, limit: number | undefined): Tensor<D> {
  if (limit === undefined || limit >= source.shape[0]) return source;
  const shape = [limit, ...source.shape.slice(1)];
  return { dtype: source.dtype, shape, data: source.data.slice(0, sizeOf(shape)) as TypedArrayOf[D] };
}

/** Bytes 0 .. `most` as float32 in [0, 1]: byte / most, rounded once; `shape` may regroup the axes. */
export function scaleBytes(source: Tensor<"uint8">, most: number, shape = source.shape): Tensor<"float32"> {
  const levels = Float32Array.from({ length: 256 }, (_, byte) => byte / most);
  const data = new Float32Array(source.data.length);
  for (let i = 0; i < data.length; i++) data[i] = levels[source.data[i]];
  return { dtype: "float32", shape, data };
}

/** Integers of any width as int64. */
export function toInt64(source: Tensor): Tensor<"int64"> {
  if (source.dtype === "int64") return source as Tensor<"int64">;
  const values = source.data as Exclude<typeof source.data, BigInt64Array>;
  const data = new BigInt64Array(values.length);
  for (let i = 0; i < data.length; i++) data[i] = BigInt(values[i]);
  return { dtype: "int64", shape: source.shape, data };
}

/** Element `i` of a row-major array as its axes: "3, 0, 12". */
export function indexText(shape: readonly number[], i: number): string {
  const index: number[] = [];
  let rest = i;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return index.join(", ");
}

/** Throws InvalidDataError where an element is NaN or infinite, naming the first one; `label` is the file and the array. */
export function requireFinite(source: Tensor, label: string): void {
  const bad = findNonFinite(source);
  if (bad >= 0) {
    throw new InvalidDataError(`${label}[${indexText(source.shape, bad)}] must be finite, got ${source.data[bad]}`);
  }
}

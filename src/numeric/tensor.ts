// Host arrays: a typed array, a shape and a dtype, as plain readonly records.

/** The element types that a host array may have. */
export type DType = "float32" | "float64" | "int64" | "int32" | "uint8" | "bool";

/** The two element types that a run may be computed in. */
export type RealDType = "float32" | "float64";

export interface TypedArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type RealArray = Float32Array | Float64Array;

/** A dense, row-major host array. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: TypedArrayOf[D];
}

const CONSTRUCTORS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Product of the axes. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

/** Wraps `data` as a tensor; throws RangeError where the size does not fit the shape. */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: TypedArrayOf[D]): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`tensor: data must hold ${sizeOf(shape)} elements for shape [${shape}], got ${data.length}`);
  }
  return { dtype, shape, data };
}

/** A new typed array of zeros. */
export function allocate<D extends DType>(dtype: D, size: number): TypedArrayOf[D] {
  return new CONSTRUCTORS[dtype](size) as TypedArrayOf[D];
}

/** A new tensor of zeros. */
export function zeros<D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> {
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
}

/** A float64 tensor from plain numbers. */
export function reals(shape: readonly number[], values: ArrayLike<number>): Tensor<"float64"> {
  return tensor("float64", shape, Float64Array.from(values));
}

// The largest int64 is no number of double precision: the next one would come back as the smallest.
const LARGEST_INT64 = 2n ** 63n - 1n;
const int64Of = (value: number): bigint => (value >= 2 ** 63 ? LARGEST_INT64 : BigInt(value));

/** An int64 tensor from plain numbers; those from 2^63 on become the largest int64, which is where they come from. */
export function integers(shape: readonly number[], values: readonly number[]): Tensor<"int64"> {
  return tensor("int64", shape, BigInt64Array.from(values, int64Of));
}

/** The same numbers in another real dtype; the tensor itself when nothing changes. */
export function toReal<D extends RealDType>(source: Tensor, dtype: D): Tensor<D> {
  if (source.dtype === dtype) return source as Tensor<D>;
  const data = allocate(dtype, source.data.length) as RealArray;
  if (source.data instanceof BigInt64Array) for (let i = 0; i < data.length; i++) data[i] = Number(source.data[i]);
  else data.set(source.data);
  return { dtype, shape: source.shape, data: data as TypedArrayOf[D] };
}

/** The same numbers as int64; the tensor itself when it is so, undefined when one is no whole number. */
export function toIntegers(source: Tensor): Tensor<"int64"> | undefined {
  if (source.dtype === "int64") return source as Tensor<"int64">;
  const numbers = source.data as Exclude<typeof source.data, BigInt64Array>;
  if (!numbers.every((value) => Number.isSafeInteger(value))) return undefined;
  return integers(source.shape, Array.from(numbers));
}

/**
 * Arrays that rows of tensors are taken to, one for each tensor, written over by the next that are taken: fresh pages cost more than the rows
 * (128 rows of 784 float32: 0.3 ms against 0.1). For who is done with rows before taking the next.
 */
export class ReusedArrays {
  private readonly arrays = new WeakMap<Tensor, { readonly whole: TypedArrayOf[DType]; part: TypedArrayOf[DType] }>();

  take<D extends DType>(source: Tensor<D>, length: number): TypedArrayOf[D] {
    const known = this.arrays.get(source);
    // The same part, not another of the same length: who runs on it again knows it.
    if (known?.part.length === length) return known.part as TypedArrayOf[D];
    const whole = known && known.whole.length >= length ? known.whole : allocate(source.dtype, length);
    const part = whole.subarray(0, length) as TypedArrayOf[D];
    this.arrays.set(source, { whole, part });
    return part;
  }
}

/** Rows `indices` of a tensor along its first axis, in an array of their own, or in a reused one. */
export function takeRows<D extends DType>(
  source: Tensor<D>,
  indices: ArrayLike<number>,
  reused?: ReusedArrays,
): Tensor<D> {
  const row = sizeOf(source.shape.slice(1));
  const length = indices.length * row;
  const data = reused ? reused.take(source, length) : allocate(source.dtype, length);
  for (let k = 0; k < indices.length; k++) {
    const start = indices[k] * row;
    data.set(source.data.subarray(start, start + row) as never, k * row);
  }
  return { dtype: source.dtype, shape: [indices.length, ...source.shape.slice(1)], data };
}

/** Rows `start..end` of a tensor along its first axis, as a view. */
export function sliceRows<D extends DType>(source: Tensor<D>, start: number, end: number): Tensor<D> {
  const row = sizeOf(source.shape.slice(1));
  const data = source.data.subarray(start * row, end * row) as TypedArrayOf[D];
  return { dtype: source.dtype, shape: [end - start, ...source.shape.slice(1)], data };
}

/** Rows as `takeRows` gives them, or as a view, which nobody may write to, where they lie one after another. */
export function viewRows<D extends DType>(
  source: Tensor<D>,
  indices: ArrayLike<number>,
  reused?: ReusedArrays,
): Tensor<D> {
  const [start, end] = [indices[0] ?? 0, (indices[0] ?? 0) + indices.length];
  for (let k = 1; k < indices.length; k++) if (indices[k] !== start + k) return takeRows(source, indices, reused);
  return start >= 0 && end <= source.shape[0] ? sliceRows(source, start, end) : takeRows(source, indices, reused);
}

/** 0 x is 0 for every finite number and NaN for all else; four sums at once, since each addition waits for the one before. */
function allFinite(data: RealArray): boolean {
  const whole = data.length - (data.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += 0 * data[i];
    b += 0 * data[i + 1];
    c += 0 * data[i + 2];
    d += 0 * data[i + 3];
  }
  for (let i = whole; i < data.length; i++) a += 0 * data[i];
  return a + b + c + d === 0;
}

/** Index of the first element that is not finite, or -1. */
export function findNonFinite(source: Tensor): number {
  if (source.dtype !== "float32" && source.dtype !== "float64") return -1;
  const data = source.data as RealArray;
  if (allFinite(data)) return -1;
  return data.findIndex((value: number) => !Number.isFinite(value));
}

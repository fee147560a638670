// Outer products one factor of which is zero but at few positions of each column: the last layers before a pool.

import type { Sparse } from "../differentiate/factor.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { add, cast, concat, matmul, mul, reduceSum, reshape, swapLast, transpose, unsqueeze } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { integers } from "../numeric/tensor.ts";

/** What one side keeps: the factor that all seeds share (n, T, A), and the elements of the other, (n, B, W) and (n, S, B, W). */
export interface SparseSide {
  readonly shared: Value;
  readonly at: Value;
  readonly values: Value;
}

export const sparseSide = ([shared, at, values]: readonly Value[]): SparseSide => ({ shared, at, values });

/**
 * What one number of <shared_t, shared'_t'> costs from where it is computed to where it is summed, in multiplications of a large product: it is
 * found by an index (1.3 ns), and multiplied in matrices of W rows (2.7 ns, W = 9, S = 10). Measured on two cores at 66 GFLOP/s.
 */
const PICKED = 128;

/** Multiplications for one pair of examples in the form `blocks`, T positions of which W are not zero in each of B columns. */
export function sparseCost({ T, W, A, B, S }: Record<"T" | "W" | "A" | "B" | "S", number>): number {
  return T * T * A + B * W * W * PICKED + B * W * S * S;
}

/** Bytes that one pair of examples takes while its blocks are computed, numbers of `width` bytes: what was found, by which indices, and half multiplied. */
export function sparseBytes(
  { at, values }: { at: readonly number[]; values: readonly number[] },
  width: number,
): number {
  const [columns, few] = at;
  const INDEX = 4;
  return columns * few * (few * (width + 2 * INDEX) + values[0] * width);
}

/** Numbers 0, step, 2 step ... (count) as a column (count, 1). */
const multiples = (b: GraphBuilder, count: number, step: number): Value =>
  cast(
    b,
    b.constant(
      integers(
        [count, 1],
        Array.from({ length: count }, (_, i) => i * step),
      ),
    ),
    "int32",
  );

/** Indices repeated for each of the W elements of the other side, (n, B W W): along the last axis but one, or the last. */
function repeated(b: GraphBuilder, at: Value, axis: 2 | 3): Value {
  const [count, columns, few] = at.shape as readonly number[];
  const wide = b.op("Expand", [unsqueeze(b, at, [axis]), b.ints([count, columns, few, few])]);
  return reshape(b, wide, [count, columns * few * few]);
}

/** <shared_t, shared'_t'> at the positions of both sides: (n, m, B, W, W'). */
function picked(b: GraphBuilder, x: SparseSide, y: SparseSide): Value {
  const [n, columns, few] = x.at.shape as readonly number[];
  const [m, T, size] = y.shared.shape as readonly number[];
  const rows = (value: Value, count: number): Value => reshape(b, value, [count * T, size]);
  const products = b.op("Gemm", [rows(x.shared, n), rows(y.shared, m)], { transB: 1 });
  // Entry (n, t, m, t') of the products of n lies at t m T + m T + t'.
  const left = mul(b, repeated(b, x.at, 3), cast(b, b.constant(integers([], [m * T])), "int32"));
  const right = add(b, repeated(b, y.at, 2), multiples(b, m, T));
  const places = add(b, unsqueeze(b, left, [1]), unsqueeze(b, right, [0]));
  const found = b.op(
    "GatherElements",
    [reshape(b, products, [n, T * m * T]), reshape(b, places, [n, m * columns * few * few])],
    { axis: 1 },
  );
  return reshape(b, found, [n, m, columns, few, few]);
}

/**
 * Blocks (n, m, S, S) of sum over t, t' of <shared_t, shared'_t'> <own_t, own'_t'> where own_t has entries for few t: entry (s, s') is
 * sum over columns b and their elements w, w' of values[s, b, w] <shared_at(b, w), shared'_at'(b, w')> values'[s', b, w'].
 */
export function sparseBlocks(b: GraphBuilder, x: SparseSide, y: SparseSide): Value {
  const [n, seeds, columns, few] = x.values.shape as readonly number[];
  const m = y.values.shape[0] as number;
  const right = unsqueeze(b, transpose(b, y.values, [0, 2, 3, 1]), [0]);
  const half = matmul(b, picked(b, x, y), right);
  const left = reshape(b, x.values, [n, 1, seeds, columns * few]);
  return matmul(b, left, reshape(b, half, [n, m, columns * few, seeds]));
}

/** The diagonal of the blocks of a side with itself, (n, S). */
export function sparseLengths(b: GraphBuilder, { shared, at, values }: SparseSide): Value {
  const [n, columns, few] = at.shape as readonly number[];
  const T = shared.shape[1] as number;
  const own = reshape(b, matmul(b, shared, swapLast(b, shared)), [n, T * T]);
  const left = mul(b, repeated(b, at, 3), cast(b, b.constant(integers([], [T])), "int32"));
  const found = b.op("GatherElements", [own, add(b, left, repeated(b, at, 2))], { axis: 1 });
  const byColumn = transpose(b, values, [0, 2, 1, 3]);
  const half = matmul(b, byColumn, reshape(b, found, [n, columns, few, few]));
  return reduceSum(b, mul(b, half, byColumn), [1, 3]);
}

/** Numbers up to which one is repeated by joining: (32, 3136, 9) takes 0.7 ms so, 2.7 by Expand and 5 by Tile. */
const FEW = 32;

/** (N, m, 1) as (N, m, size). */
function repeatedLast(b: GraphBuilder, x: Value, size: number): Value {
  if (size <= FEW) return concat(b, new Array<Value>(size).fill(x), 2);
  const [, rows] = x.shape as readonly number[];
  const shape = concat(b, [b.op("Shape", [x], { start: 0, end: 1 }), b.ints([rows, size])], 0);
  return b.op("Expand", [x, shape]);
}

/** The product of both factors, (N, S B, A): each column meets the positions that it has, and no zeros are ever written between. */
export function sparseProduct(b: GraphBuilder, shared: Value, { values, at }: Sparse, seeds: number): Value {
  const [, columns, few] = values.shape as readonly number[];
  const size = shared.shape[2] as number;
  const places = repeatedLast(b, reshape(b, at, ["N", columns * few, 1]), size);
  const met = reshape(b, b.op("GatherElements", [shared, places], { axis: 1 }), ["N", columns, few, size]);
  const byColumn = transpose(b, reshape(b, values, ["N", seeds, columns, few]), [0, 2, 1, 3]);
  return reshape(b, transpose(b, matmul(b, byColumn, met), [0, 2, 1, 3]), ["N", seeds * columns, size]);
}

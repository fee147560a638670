// What is done with factored per-example derivatives: multiplied out, or contracted with directions without ever being so.

import type { GraphBuilder } from "../graph/builder.ts";
import { isBatch, multiplyDims } from "../graph/dim.ts";
import {
  addAll,
  concat,
  expandLike,
  matmul,
  mul,
  reduceSum,
  reshape,
  swapLast,
  transpose,
  unsqueeze,
} from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import type { Factor } from "./factor.ts";
import type { Use } from "./per-example.ts";
import { inverse } from "./permutation.ts";
import { backThroughPrelude, throughPrelude } from "./prelude.ts";

type Outer = Extract<Factor, { kind: "outer" }>;
type Rows = Extract<Factor, { kind: "rows" }>;

/** sum over t of left[n, t, a] right[n, t, b], as (N, A, B). */
function product(b: GraphBuilder, { left, right }: Outer): Value {
  return matmul(b, swapLast(b, left), right);
}

/** A table for each example, zero but for the rows that it took, as (N, rows, D). */
function scattered(b: GraphBuilder, { indices, right, rows }: Rows): Value {
  const size = right.shape[2] as number;
  const shape = concat(b, [b.op("Shape", [right], { start: 0, end: 1 }), b.ints([rows, size])], 0);
  const places = expandLike(b, unsqueeze(b, indices, [2]), right);
  const zeros = b.op("Expand", [b.scalar(0), shape]);
  return b.op("ScatterElements", [zeros, places, right], { axis: 1, reduction: "add" });
}

/** The derivative that factors stand for, (N, ...shape of the value used). */
export function multiplied(b: GraphBuilder, factor: Factor): Value {
  if (factor.kind === "dense") return factor.value;
  if (factor.kind === "rows")
    return reshape(b, scattered(b, factor), [factor.right.shape[0], factor.rows, ...factor.inner]);
  const split = reshape(b, product(b, factor), [factor.left.shape[0], ...factor.inner]);
  return transpose(b, split, [0, ...factor.perm.map((axis) => axis + 1)]);
}

/**
 * Per-example derivatives with respect to one parameter, (N, ...shape): the sum over its uses of the factors multiplied out.
 * Undefined when no use of it reaches the seeds. Memory: N times the parameter.
 */
export function materialise(b: GraphBuilder, uses: readonly Use[], parameter: Value): Value | undefined {
  const own = uses.filter((use) => use.parameter.name === parameter.name);
  return addAll(
    b,
    own.map((use) => backThroughPrelude(b, multiplied(b, use.factor), use.prelude)),
  );
}

/** left_m' D_r right_m for directions D (R, A, C), by way of left_m' D_r: (R, M). */
function pairFromLeft(b: GraphBuilder, directions: Value, [left, right]: readonly [Value, Value]): Value {
  return reduceSum(b, mul(b, matmul(b, left, directions), right), [2]);
}

/** The same by way of D_r right_m, which is smaller where A < C: one product for all rows. */
function pairFromRight(b: GraphBuilder, directions: Value, [left, right]: readonly [Value, Value]): Value {
  const [rows, a, c] = directions.shape;
  const pulled = b.op("Gemm", [reshape(b, directions, [multiplyDims(rows, a), c]), right], { transB: 1 });
  return reduceSum(b, mul(b, reshape(b, pulled, [rows, a, left.shape[0]]), swapLast(b, left)), [1]);
}

/** sum over t of <D_r[indices[n, t]], right[n, t]> for directions D (R, rows, ...): only the rows that examples took are read. */
function contractRows(b: GraphBuilder, { indices, right, rows }: Rows, directions: Value): Value {
  const tables = reshape(b, directions, [directions.shape[0], rows, right.shape[2]]);
  const taken = b.op("Gather", [tables, indices], { axis: 1 });
  return reduceSum(b, mul(b, taken, right), [2, 3]);
}

/** <direction_r, derivative of example n> for one use: (R, N). */
function contractUse(b: GraphBuilder, { factor, prelude }: Use, direction: Value): Value {
  const rows = direction.shape[0];
  const local = throughPrelude(b, direction, prelude);
  const size = local.shape.slice(1).reduce<number>((product, axis) => product * (axis as number), 1);
  const flat = (x: Value): Value => reshape(b, x, [x.shape[0], size]);
  const inner = (x: Value): Value => b.op("Gemm", [flat(local), flat(x)], { transB: 1 });
  if (factor.kind === "dense") return inner(factor.value);
  if (factor.kind === "rows") return contractRows(b, factor, local);
  const { left, right } = factor;
  const [steps, a, c] = [left.shape[1] as number, left.shape[2] as number, right.shape[2] as number];
  // Contracting costs R T A B for each example, multiplying out T A B + R A B.
  const multiplies = isBatch(rows) ? steps > 1 : (rows as number) * steps > steps + (rows as number);
  if (multiplies) return inner(multiplied(b, factor));
  const permuted = transpose(b, local, [0, ...inverse(factor.perm).map((axis) => axis + 1)]);
  const matrices = reshape(b, permuted, [rows, a, c]);
  const examples = left.shape[0];
  const positions = multiplyDims(examples, steps);
  const [byA, byC] = [reshape(b, left, [positions, a]), reshape(b, right, [positions, c])];
  const paired = a < c ? pairFromRight(b, matrices, [byA, byC]) : pairFromLeft(b, matrices, [byA, byC]);
  return steps === 1 ? paired : reduceSum(b, reshape(b, paired, [rows, examples, steps]), [2]);
}

/**
 * Inner products of each example's derivative with each direction: sum over parameters of <u_r, d s_n / d w>, as (R, N).
 * `directions` gives (R, ...shape) by parameter name; either directions or examples may be the batch. Undefined when there is no use at all.
 */
export function contract(
  b: GraphBuilder,
  uses: readonly Use[],
  directions: ReadonlyMap<string, Value>,
): Value | undefined {
  return addAll(
    b,
    uses.map((use) => {
      const direction = directions.get(use.parameter.name);
      return direction && contractUse(b, use, direction);
    }),
  );
}

// Inner products of the per-example derivatives of two sides, by their factors: nothing as long as the parameters where it can be helped.

import type { GraphBuilder } from "../graph/builder.ts";
import { addAll, mul, reduceSum, reshape, where } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { integers } from "../numeric/tensor.ts";
import type { Factor } from "./factor.ts";
import { materialise, multiplied } from "./factored.ts";
import type { Use } from "./per-example.ts";
import { NO_PRELUDE } from "./prelude.ts";

/** The values that a factor is made of, in a fixed order. */
export function factorValues(factor: Factor): readonly Value[] {
  if (factor.kind === "outer") return [factor.left, factor.right];
  return factor.kind === "rows" ? [factor.indices, factor.right] : [factor.value];
}

/** The same factor made of other values: those of `factorValues`, come from elsewhere. */
export function factorOf(like: Factor, [first, second]: readonly Value[]): Factor {
  if (like.kind === "outer") return { ...like, left: first, right: second, sparse: undefined };
  return like.kind === "rows" ? { ...like, indices: first, right: second } : { kind: "dense", value: first };
}

/**
 * The derivative of one parameter as one use that can be paired: its only use as it is, where nothing but a rearrangement lies between, which
 * is the same on both sides and drops out; else multiplied out and summed over its uses, so that their cross terms are there. Undefined
 * where it has none.
 */
export function pairable(b: GraphBuilder, uses: readonly Use[], parameter: Value): Use | undefined {
  const own = uses.filter((use) => use.parameter.name === parameter.name);
  if (own.length === 1 && own[0].prelude.rearranges) return own[0];
  const value = materialise(b, own, parameter);
  return value && { parameter, prelude: NO_PRELUDE, factor: { kind: "dense", value } };
}

const sizeBehind = (x: Value): number =>
  x.shape.slice(1).reduce<number>((product, axis) => product * (axis as number), 1);
const flat = (b: GraphBuilder, x: Value): Value => reshape(b, x, [x.shape[0], sizeBehind(x)]);

/** x y' over all axes but the first: (N, M). */
const inner = (b: GraphBuilder, x: Value, y: Value): Value => b.op("Gemm", [flat(b, x), flat(b, y)], { transB: 1 });

/** Products of all positions of both sides: (T N, S M) of (N, T, A) and (M, S, A). */
function positionPairs(b: GraphBuilder, x: Value, y: Value): Value {
  const rows = (z: Value): Value => {
    const [count, steps, size] = z.shape;
    return reshape(b, z, [typeof count === "string" ? `${steps}N` : count * (steps as number), size]);
  };
  return b.op("Gemm", [rows(x), rows(y)], { transB: 1 });
}

export type Outer = Extract<Factor, { kind: "outer" }>;
export type Rows = Extract<Factor, { kind: "rows" }>;

/** (T N, S M) summed over positions: (N, M). */
function sumPositions(
  b: GraphBuilder,
  pairs: Value,
  { steps, others, count }: Record<"steps" | "others" | "count", number>,
) {
  if (steps === 1 && others === 1) return pairs;
  return reduceSum(b, reshape(b, pairs, ["N", steps, count, others]), [1, 3]);
}

/** sum over t, s of <left_t, left'_s> <right_t, right'_s>: (N, M). */
export function contractOuter(b: GraphBuilder, x: Outer, y: Outer): Value {
  const pairs = mul(b, positionPairs(b, x.left, y.left), positionPairs(b, x.right, y.right));
  const [count, others] = y.left.shape as readonly number[];
  return sumPositions(b, pairs, { steps: x.left.shape[1] as number, others, count });
}

/** Row numbers from 0 on, as a column or a row of positions. */
function rowNumbers(b: GraphBuilder, { indices, rows }: Rows, shape: readonly [number, number]): Value {
  const wide = b.op("Cast", [indices], { to: "int64" });
  const fromEnd = b.op("Less", [wide, b.constant(integers([], [0]))]);
  const counted = b.op("Where", [fromEnd, b.op("Add", [wide, b.constant(integers([], [rows]))]), wide]);
  return b.op("Reshape", [counted, b.ints(shape)]);
}

/** Whether position t of x and position s of y took the same row: (T N, S M). */
export function sameRows(b: GraphBuilder, x: Rows, y: Rows): Value {
  return b.op("Equal", [rowNumbers(b, x, [-1, 1]), rowNumbers(b, y, [1, -1])]);
}

/** sum over those t, s that took the same row of <right_t, right'_s>: (N, M). No table is formed. */
export function contractRows(b: GraphBuilder, x: Rows, y: Rows): Value {
  const pairs = where(b, sameRows(b, x, y), positionPairs(b, x.right, y.right), 0);
  const [count, others] = y.right.shape as readonly number[];
  return sumPositions(b, pairs, { steps: x.right.shape[1] as number, others, count });
}

/** Use by use: those of N examples along the batch axis with those of a fixed number M, at the same places of the same graph. */
function pairUse(b: GraphBuilder, { factor: x }: Use, { factor: y }: Use): Value {
  if (x.kind === "outer" && y.kind === "outer") {
    const [steps, a, c] = [x.left.shape[1] as number, x.left.shape[2] as number, x.right.shape[2] as number];
    if (steps * steps * (a + c) <= a * c) return contractOuter(b, x, y);
  }
  if (x.kind === "rows" && y.kind === "rows") {
    const steps = x.right.shape[1] as number;
    if (steps * steps <= x.rows) return contractRows(b, x, y);
  }
  return inner(b, multiplied(b, x), multiplied(b, y));
}

/**
 * <d x_n / d w, d y_m / d w> summed over parameters, (N, M): a product of the factors' own products for outer products that are large
 * beside their positions, else of derivatives multiplied out. Each pair holds what `pairable` made of one parameter on both sides. Undefined
 * without any.
 *
 * Cost of a dense layer: 2 N M (d_in + d_out), against 2 N M d_in d_out multiplied out.
 */
export function paired(b: GraphBuilder, pairs: readonly (readonly [Use, Use])[]): Value | undefined {
  return addAll(
    b,
    pairs.map(([x, y]) => pairUse(b, x, y)),
  );
}

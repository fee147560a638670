// Where the carried vectors of one parameter live: in the factor that moves, in the whole parameter, or in what a row's input touches of it.

import { contract, multiplied } from "../../differentiate/factored.ts";
import { factorOf, paired } from "../../differentiate/paired.ts";
import type { Use } from "../../differentiate/per-example.ts";
import { inverse } from "../../differentiate/permutation.ts";
import { NO_PRELUDE, throughPrelude } from "../../differentiate/prelude.ts";
import type { GraphBuilder } from "../../graph/builder.ts";
import { type Shape, sizeOfShape } from "../../graph/dim.ts";
import { matmul, mul, reduceSum, reshape, swapLast, transpose, unsqueeze } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { type Held, movedValues, useOf } from "./derivatives.ts";

/** Fragments on one vector for each of R rows. */
export interface Space {
  /** Shape of such vectors; rows, or entries of rows, come first. */
  readonly shape: Shape;
  /** A Jacobian, of the values that moved. */
  jacobian(moved: readonly Value[]): Value;
  /** Times a vector of the parameter's shape, coordinate by coordinate. */
  weigh(x: Value, vector: Value): Value;
  /** <x_r, g_m>: (R, M). */
  contract(x: Value, example: readonly Value[]): Value;
  /** <x_r, vector>: (R). */
  along(x: Value, vector: Value): Value;
}

type Outer = Extract<Use["factor"], { kind: "outer" }>;

const flat = (b: GraphBuilder, x: Value): Value => reshape(b, x, [x.shape[0], sizeOfShape(x.shape.slice(1))]);

/** A vector of the parameter's shape as the use sees it, with an axis of 1 in front. */
const seen = (b: GraphBuilder, { use }: Held, vector: Value): Value =>
  throughPrelude(b, unsqueeze(b, vector, [0]), use.prelude);

/** An example's derivative made of the values that it is fed as; nothing lies before it, since vectors are kept as the use sees them. */
function exampleOf({ example }: Held, values: readonly Value[]): Use {
  const { parameter, factor } = example as Use;
  return { parameter, prelude: NO_PRELUDE, factor: factorOf(factor, values) };
}

/**
 * The carry is that of the factor that moves: with numbers for coefficients, sum_s a_s (x d_s') = x (sum_s a_s d_s)' for an x that stays.
 * Embedded rows also take vectors for coefficients, of which they gather what they touch. Contraction costs 2 R M (A + B).
 */
export function movingSpace(b: GraphBuilder, held: Held, still: Value): Space {
  const name = held.use.parameter.name;
  const use = (x: Value): Use => useOf(held, [x], still);
  return {
    shape: movedValues(held)[0].shape,
    jacobian: ([moved]) => moved,
    weigh(x, vector) {
      const { rows } = held.use.factor as Extract<Use["factor"], { kind: "rows" }>;
      const table = reshape(b, seen(b, held, vector), [rows, x.shape[2]]);
      return mul(b, x, b.op("Gather", [table, still], { axis: 0 }));
    },
    contract: (x, example) => paired(b, [[use(x), exampleOf(held, example)]]) as Value,
    along(x, vector) {
      const products = contract(b, [use(x)], new Map([[name, unsqueeze(b, vector, [0])]]));
      return reshape(b, products as Value, [x.shape[0]]);
    },
  };
}

/** The carry is as large as the parameter. Contraction costs 2 R M A B. */
export function wholeSpace(b: GraphBuilder, held: Held, still: Value | undefined): Space {
  const { use } = held;
  const { factor } = use;
  const shape =
    factor.kind === "outer" ? ["N", ...factor.perm.map((axis) => factor.inner[axis])] : movedValues(held)[0].shape;
  return {
    shape,
    jacobian: (moved) => multiplied(b, useOf(held, moved, still).factor),
    weigh: (x, vector) => mul(b, x, seen(b, held, vector)),
    contract(x, example) {
      const other = exampleOf(held, example);
      return contract(b, [other], new Map([[other.parameter.name, x]])) as Value;
    },
    along(x, vector) {
      const product = b.op("Gemm", [flat(b, x), flat(b, seen(b, held, vector))], { transB: 1 });
      return reshape(b, product, [x.shape[0]]);
    },
  };
}

/** The elements other than zero of the still values of some rows, row by row, E of them. */
export interface Entries {
  /** (E) along the still axis. */
  readonly index: Value;
  /** (E), whole numbers below R. */
  readonly row: Value;
  /** (R, E): the element where it is the row's, else 0. */
  readonly values: Value;
}

/** Sizes of the two sides of an outer product of which one is still. */
export function sidesOf({ use, still }: Held): { readonly moving: number; readonly lines: number } {
  const { left, right } = use.factor as Outer;
  const [moving, kept] = still === "right" ? [left, right] : [right, left];
  return { moving: moving.shape[2] as number, lines: kept.shape[2] as number };
}

/** A vector of the parameter's shape with the still axis first, of which entries are lines: (A, B). */
export function turnedVector(b: GraphBuilder, held: Held, vector: Value): Value {
  const { moving, lines } = sidesOf(held);
  const back = [0, ...inverse((held.use.factor as Outer).perm).map((axis) => axis + 1)];
  const turned = held.still === "right";
  const matrix = reshape(b, transpose(b, seen(b, held, vector), back), turned ? [moving, lines] : [lines, moving]);
  return turned ? swapLast(b, matrix) : matrix;
}

/** The factors of an example as entries meet them: (M, B), and the still axis first, (A, M). */
export function turnedExample(b: GraphBuilder, { still }: Held, [left, right]: readonly Value[]): [Value, Value] {
  const [d, y] = still === "right" ? [left, right] : [right, left];
  return [flat(b, d), swapLast(b, flat(b, y))];
}

/**
 * The carry has those lines of the parameter alone that a row's still values do not make zero, without that value: x_a z_ab is kept as z_ab.
 * Vectors and examples are turned. Contraction costs 2 E M B instead of 2 R M A B.
 */
export function entriesSpace(b: GraphBuilder, held: Held, { index, row, values }: Entries): Space {
  const size = sidesOf(held).moving;
  const rows = values.shape[0];
  const gathered = (lines: Value): Value => b.op("Gather", [lines, index], { axis: 0 });
  return {
    shape: ["N", size],
    jacobian: ([moved]) => b.op("Gather", [reshape(b, moved, [rows, size]), row], { axis: 0 }),
    weigh: (x, vector) => mul(b, x, gathered(vector)),
    contract(x, [d, y]) {
      const met = b.op("Gemm", [x, d], { transB: 1 });
      return matmul(b, values, mul(b, met, gathered(y)));
    },
    along(x, vector) {
      const products = reduceSum(b, mul(b, x, gathered(vector)), [1], true);
      return reshape(b, matmul(b, values, products), [rows]);
    },
  };
}

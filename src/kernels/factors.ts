// The graphs that pair what two sides keep, and that take the lengths of one.

import { contractOuter, contractRows, type Outer, type Rows, sameRows } from "../differentiate/paired.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { add, addAll, concat, matmul, mul, reduceSum, reshape, swapLast, unsqueeze, where } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { sizeOf } from "../numeric/tensor.ts";
import { entryShape, innerProducts, overEntries, scaleEntries, seedCount, squaredLengths } from "./form.ts";
import type { ParameterGroup } from "./groups.ts";
import { type Part, partName, rowsOfExamples } from "./parts.ts";
import { sparseBlocks, sparseLengths, sparseSide } from "./sparse.ts";
import type { KernelForm } from "./types.ts";

/** Inputs of the pair graph: what the first (x) and the second side (y) keep. */
const sideInput = (side: "x" | "y", name: string): string => `${side}:${name}`;

function partInputs(b: GraphBuilder, side: "x" | "y", { parameter, values }: Part, count: number): Value[] {
  return values.map((value, k) => {
    const [, rows] = rowsOfExamples(value, 0, count);
    return b.input(sideInput(side, partName(parameter, k)), value.dtype, [rows, ...value.shape]);
  });
}

/** The feeds of a pair graph from the results of two side graphs. */
export function pairFeeds<T>(x: Readonly<Record<string, T>>, y: Readonly<Record<string, T>>): Record<string, T> {
  const feeds: Record<string, T> = {};
  for (const [name, value] of Object.entries(x)) feeds[sideInput("x", name)] = value;
  for (const [name, value] of Object.entries(y)) feeds[sideInput("y", name)] = value;
  return feeds;
}

/** A value for each group of parameters, the sum over its parts (zeros without any), as (G, ...). */
function sumByGroup(
  b: GraphBuilder,
  parts: readonly Part[],
  { groups, shape }: { readonly groups: readonly ParameterGroup[]; readonly shape: readonly number[] },
  sumOf: (parts: readonly Part[]) => Value | undefined,
): Value {
  const byName = new Map(parts.map((part) => [part.parameter, part]));
  const zero = (): Value => b.op("Expand", [b.scalar(0), b.ints(shape)]);
  const sums = groups.map(({ entries }) => {
    const own = entries.flatMap(({ name }) => byName.get(name) ?? []);
    return sumOf(own) ?? zero();
  });
  return concat(
    b,
    sums.map((sum) => unsqueeze(b, sum, [0])),
    0,
  );
}

export interface PairOptions {
  readonly form: KernelForm;
  readonly outputs: number;
  readonly groups: readonly ParameterGroup[];
  /** Examples of the two sides. */
  readonly sizes: readonly [number, number];
}

/** Whether factors are kept of one position, with their seeds apart. */
const isSingle = ({ values }: Part): boolean => values[0].shape[0] === 1;

/** Whether the seeds' own factor is kept as a product. */
const isProduct = ({ kind, values }: Part): boolean => kind === "outer" && values.length === 3;

/** <a, a'> of the factor that all seeds share, at one position: (n, m), + 1 with a bias. */
export function outerGram(b: GraphBuilder, { biased }: Part, x: Value, y: Value): Value {
  const [left, right] = [x, y].map((value) => reshape(b, value, [value.shape[0], value.shape[2]]));
  return b.op("Gemm", biased ? [left, right, b.scalar(1)] : [left, right], { transB: 1 });
}

const outerOf = ([left, right]: readonly Value[]): Outer => ({ kind: "outer", left, right, inner: [], perm: [] });
export const rowsOf = ([indices, right]: readonly Value[], rows: number): Rows => ({
  kind: "rows",
  indices,
  right,
  rows,
  inner: [],
});

/** One side of a part: its inputs, how many examples they are of, and how many seeds each has. */
interface PartSide {
  readonly values: readonly Value[];
  readonly count: number;
  readonly seeds: number;
}

/** What is S times something, as (n, S, q). */
function bySeed(b: GraphBuilder, value: Value, { count, seeds }: PartSide): Value {
  return reshape(b, value, [count, seeds, sizeOf(value.shape as readonly number[]) / (count * seeds)]);
}

/**
 * Sums over seeds and elements, (n, m), of own factors that are products e[n, b] z[s, b]: sum over b of e e' c, c_b = sum over s of z z'. The
 * seeds meet once for all pairs, which leaves B of S B products for each.
 */
function productTerm(b: GraphBuilder, [, x, zx]: readonly Value[], [, y, zy]: readonly Value[]): Value {
  const both = reduceSum(b, mul(b, zx, zy), [0]);
  const [left, right] = [x, y].map((value) => reshape(b, value, [value.shape[0], value.shape[2]]));
  return b.op("Gemm", [mul(b, left, both), right], { transB: 1 });
}

interface PartSides {
  readonly x: PartSide;
  readonly y: PartSide;
}

/** Value k of both sides of a part, S times something, as (n, S, q) and (m, S, q). */
const bothBySeed = (b: GraphBuilder, { x, y }: PartSides, k: number): readonly [Value, Value] => [
  bySeed(b, x.values[k], x),
  bySeed(b, y.values[k], y),
];

/** The entries of one part that is not `dense`, (n, m, ...form). */
function pairTerm(b: GraphBuilder, part: Part, { form, ...sides }: PartSides & { readonly form: KernelForm }): Value {
  const [x, y] = [sides.x.values, sides.y.values];
  if (part.kind === "sparse") return sparseBlocks(b, sparseSide(x), sparseSide(y));
  if (part.kind === "rows") {
    const [left, right] = [rowsOf(x, part.rows), rowsOf(y, part.rows)];
    if (!isSingle(part)) return contractRows(b, left, right);
    const entries = innerProducts(b, form, [bothBySeed(b, sides, 1)]);
    return where(b, overEntries(b, sameRows(b, left, right), entries), entries, 0);
  }
  if (!isSingle(part)) return contractOuter(b, outerOf(x), outerOf(y));
  return scaleEntries(
    b,
    isProduct(part) ? productTerm(b, x, y) : innerProducts(b, form, [bothBySeed(b, sides, 1)]),
    outerGram(b, part, x[0], y[0]),
  );
}

/**
 * What n and m examples keep -> entries `kernel` (G, n, m, ...): for outer products <a, a'> <b, b'>, which is what keeps a dense layer
 * at d_in + d_out instead of d_in d_out; for the rest inner products.
 */
export function pairGraph(parts: readonly Part[], { form, outputs, groups, sizes: [n, m] }: PairOptions): Graph {
  const b = new GraphBuilder();
  const shape = [n, m, ...entryShape(form, outputs)];
  const seeds = seedCount(form, outputs);
  const sidesOf = (part: Part): PartSides => ({
    x: { values: partInputs(b, "x", part, n), count: n, seeds },
    y: { values: partInputs(b, "y", part, m), count: m, seeds },
  });
  const kernel = sumByGroup(b, parts, { groups, shape }, (own) => {
    const dense = own.filter(({ kind }) => kind === "dense").map((part) => bothBySeed(b, sidesOf(part), 0));
    const others = own
      .filter(({ kind }) => kind !== "dense")
      .map((part) => pairTerm(b, part, { form, ...sidesOf(part) }));
    return addAll(b, [dense.length > 0 ? innerProducts(b, form, dense) : undefined, ...others]);
  });
  return b.build({ kernel });
}

/** <z_t, z_s> of all positions of each example: (n, T, T). */
const ownPairs = (b: GraphBuilder, z: Value): Value => matmul(b, z, swapLast(b, z));

/** The diagonal of `productTerm` of a side with itself, (n). */
function productLengths(b: GraphBuilder, [, x, z]: readonly Value[]): Value {
  return reduceSum(b, mul(b, mul(b, x, x), reduceSum(b, mul(b, z, z), [0])), [1, 2]);
}

/** K(x, x) of one part for each example. */
function lengthTerm(b: GraphBuilder, part: Part, form: KernelForm, side: PartSide): Value {
  const x = side.values;
  if (part.kind === "dense") return squaredLengths(b, form, bySeed(b, x[0], side));
  if (part.kind === "sparse") return sparseLengths(b, sparseSide(x));
  if (isSingle(part) && part.kind === "rows") return squaredLengths(b, form, bySeed(b, x[1], side));
  if (part.kind === "rows") {
    const wide = b.op("Cast", [x[0]], { to: "real" });
    // Counted from the end or not, a row is one row.
    const row = where(b, b.op("Less", [wide, b.scalar(0)]), add(b, wide, part.rows), wide);
    const same = b.op("Equal", [unsqueeze(b, row, [2]), unsqueeze(b, row, [1])]);
    return reduceSum(b, where(b, same, ownPairs(b, x[1]), 0), [1, 2]);
  }
  if (!isSingle(part)) return reduceSum(b, mul(b, ownPairs(b, x[0]), ownPairs(b, x[1])), [1, 2]);
  const square = reduceSum(b, mul(b, x[0], x[0]), [1, 2]);
  const shared = part.biased ? add(b, square, 1) : square;
  const squares = isProduct(part) ? productLengths(b, x) : squaredLengths(b, form, bySeed(b, x[1], side));
  return mul(b, squares, squares.shape.length === 2 ? unsqueeze(b, shared, [1]) : shared);
}

/** What n examples keep -> `lengths`: K(x, x) of each, (G, n) or (G, n, C); what normalising divides by the square root of. */
export function lengthGraph(
  parts: readonly Part[],
  { form, outputs, groups, count }: Omit<PairOptions, "sizes"> & { readonly count: number },
): Graph {
  const b = new GraphBuilder();
  const shape = form === "blocks" || form === "diagonal" ? [count, outputs] : [count];
  const seeds = seedCount(form, outputs);
  const lengths = sumByGroup(b, parts, { groups, shape }, (own) =>
    addAll(
      b,
      own.map((part) => lengthTerm(b, part, form, { values: partInputs(b, "x", part, count), count, seeds })),
    ),
  );
  return b.build({ lengths });
}

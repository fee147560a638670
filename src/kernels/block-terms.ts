// Blocks of one tile's examples with each other as sums that the host adds up: the engine takes longer to lay each summand out than to compute it.

import { sameRows } from "../differentiate/paired.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { cast, mul, reshape } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import { integers, sizeOf } from "../numeric/tensor.ts";
import { outerGram, rowsOf } from "./factors.ts";
import { addedProducts } from "./form.ts";
import type { ParameterGroup } from "./groups.ts";
import type { Part } from "./parts.ts";
import type { Range, Region } from "./regions.ts";
import { sparseBlocks, sparseSide } from "./sparse.ts";

/**
 * How the S x S matrices of a term lie:
 * - `inside`: (n, S, m, S);
 * - `blocks`: (n, m, S, S);
 * - `triangles`: (n, m, S (S + 1) / 2), the entries on and above the diagonal of symmetric ones, row by row;
 * - `triangle`: the same of one matrix for all pairs.
 */
export type BlockLayout = "inside" | "blocks" | "triangles" | "triangle";

/** Numbers (n, m) of the pairs of a region. */
export interface PairNumbers extends Region {
  readonly value: Value;
}

/** A summand of the blocks of a region: matrices, times one number for each pair. */
export interface BlockTerm {
  readonly layout: BlockLayout;
  readonly value: Value;
  readonly scale: PairNumbers | undefined;
}

export interface TermOptions {
  /** S. */
  readonly outputs: number;
  readonly count: number;
  readonly region: Region;
  /** What some examples keep of a part. */
  readonly valuesOf: (part: Part, range: Range) => readonly Value[];
}

const sizeOfRange = ({ start, end }: Range): number => end - start;

/** FLOPs up to which numbers of all pairs are computed at once, and not region by region: a node costs as much. */
const AT_ONCE = 4e6;

/** <a, a'> of the pairs of a region, + 1 where there is a bias, from the factor that the seeds share. */
function sharedGram(b: GraphBuilder, part: Part, { count, region, valuesOf }: TermOptions): PairNumbers {
  const all = { start: 0, end: count };
  const size = sizeOf(part.values[0].shape);
  const { rows, columns } = 2 * count ** 2 * size <= AT_ONCE ? { rows: all, columns: all } : region;
  const [left, right] = [rows, columns].map((range) => valuesOf(part, range)[0]);
  return { value: outerGram(b, part, left, right), rows, columns };
}

/** Entries on and above the diagonal of an S x S matrix, row by row: their rows and columns. */
function triangle(outputs: number): readonly [rows: number[], columns: number[]] {
  const [rows, columns]: [number[], number[]] = [[], []];
  for (let p = 0; p < outputs; p++)
    for (let q = p; q < outputs; q++) {
      rows.push(p);
      columns.push(q);
    }
  return [rows, columns];
}

/** z_p z_q, element by element, of each pair p <= q of seeds: (S (S + 1) / 2, B). */
function seedPairs(b: GraphBuilder, seed: Value, outputs: number): Value {
  const [left, right] = triangle(outputs).map((rows) =>
    b.op("Gather", [seed, b.constant(integers([rows.length], rows))], { axis: 0 }),
  );
  return mul(b, left, right);
}

/**
 * Blocks of own factors that are products e[n, b] z[s, b]: sum over b of (e e')_b (z z')_b, a product of pairs of examples with pairs of seeds, for
 * which half of these will do. Of z alone, one matrix for all pairs.
 *
 * Cost: S (S + 1) B FLOPs a pair, where S times the factor takes 2 S^2 B.
 */
function productTerm(b: GraphBuilder, part: Part, options: TermOptions): Omit<BlockTerm, "scale"> {
  const { outputs, region, valuesOf } = options;
  const [left, right] = [region.rows, region.columns].map((range) => valuesOf(part, range));
  const seed = left.at(-1) as Value;
  const size = seed.shape[1] as number;
  const pairs = seedPairs(b, seed, outputs);
  if (left.length === 2) return { layout: "triangle", value: b.op("ReduceSum", [pairs, b.ints([1])], { keepdims: 0 }) };
  const [n, m] = [sizeOfRange(region.rows), sizeOfRange(region.columns)];
  const examples = mul(b, reshape(b, left[1], [n, 1, size]), reshape(b, right[1], [1, m, size]));
  const value = b.op("Gemm", [reshape(b, examples, [n * m, size]), pairs], { transB: 1 });
  return { layout: "triangles", value };
}

/** The summand of a part that is not `dense`. */
function partTerm(b: GraphBuilder, part: Part, options: TermOptions): BlockTerm {
  const { outputs, region, valuesOf } = options;
  const [x, y] = [region.rows, region.columns].map((range) => valuesOf(part, range));
  if (part.kind === "sparse")
    return { layout: "blocks", value: sparseBlocks(b, sparseSide(x), sparseSide(y)), scale: undefined };
  const sizes = [sizeOfRange(region.rows) * outputs, sizeOfRange(region.columns) * outputs] as const;
  const inside = (): Omit<BlockTerm, "scale"> => ({
    layout: "inside",
    value: addedProducts(b, [[x[1], y[1]]], sizes),
  });
  if (part.kind === "rows") {
    const same = sameRows(b, rowsOf(x, part.rows), rowsOf(y, part.rows));
    return { ...inside(), scale: { ...region, value: cast(b, same, "real") } };
  }
  const isProduct = part.values.at(-1)?.forAll === true;
  return { ...(isProduct ? productTerm(b, part, options) : inside()), scale: sharedGram(b, part, options) };
}

/** The summands of the blocks of one group of parameters in a region: one for each of its parts, one for all that are `dense`. */
export function blockTerms(
  b: GraphBuilder,
  parts: readonly Part[],
  { entries }: ParameterGroup,
  options: TermOptions,
): readonly BlockTerm[] {
  const own = parts.filter(({ parameter }) => entries.some(({ name }) => name === parameter));
  const { outputs, region, valuesOf } = options;
  const [rows, columns] = [region.rows, region.columns].map((range) => sizeOfRange(range) * outputs);
  const dense = own
    .filter(({ kind }) => kind === "dense")
    .map((part) => [valuesOf(part, region.rows)[0], valuesOf(part, region.columns)[0]] as const);
  const others = own.filter(({ kind }) => kind !== "dense").map((part) => partTerm(b, part, options));
  if (dense.length === 0) return others;
  return [{ layout: "inside", value: addedProducts(b, dense, [rows, columns]), scale: undefined }, ...others];
}

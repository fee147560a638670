// The forms of a kernel: which cotangents are seeded, and how products of derivatives become entries.

import type { GraphBuilder } from "../graph/builder.ts";
import { sizeOfShape } from "../graph/dim.ts";
import { addAll, concat, matmul, mul, reduceSum, reshape, swapLast, transpose, unsqueeze } from "../graph/ops.ts";
import type { Value } from "../graph/types.ts";
import type { KernelForm } from "./types.ts";

/** Input of side graphs that holds coefficients (N, C) for the form `readout`. */
export const SEEDS = "kernel.seeds";

/** (S, S): a unit vector of each output. */
export const unitVectors = (outputs: number): Float64Array =>
  Float64Array.from({ length: outputs ** 2 }, (_, k) => (k % (outputs + 1) === 0 ? 1 : 0));

/** Number of cotangents for each example. */
export const seedCount = (form: KernelForm, outputs: number): number => (form === "readout" ? 1 : outputs);

/** Shape of the entries of one pair of examples. */
export function entryShape(form: KernelForm, outputs: number): readonly number[] {
  if (form === "blocks") return [outputs, outputs];
  return form === "diagonal" ? [outputs] : [];
}

/** Joins one value (N, ...) for each seed to (N, S, ...). */
export function stackSeeds(b: GraphBuilder, values: readonly Value[]): Value {
  return concat(
    b,
    values.map((value) => unsqueeze(b, value, [1])),
    1,
  );
}

type Pair = readonly [Value, Value];

/** Sum of products x y' over pairs, seen as that many rows: each product is added to what the others gave. */
export function addedProducts(b: GraphBuilder, pairs: readonly Pair[], rows: readonly [number, number]): Value {
  const [first, ...others] = pairs.map(([x, y]) => {
    const size = sizeOfShape(x.shape) as number;
    return [reshape(b, x, [rows[0], size / rows[0]]), reshape(b, y, [rows[1], size / rows[0]])];
  });
  const start = b.op("Gemm", first, { transB: 1 });
  return others.reduce((sum, pair) => b.op("Gemm", [...pair, sum], { transB: 1 }), start);
}

/** For each seed alone: (n, m, S). */
function productsBySeed(b: GraphBuilder, [x, y]: Pair): Value {
  const bySeed = matmul(b, transpose(b, x, [1, 0, 2]), swapLast(b, transpose(b, y, [1, 0, 2])));
  return transpose(b, bySeed, [1, 2, 0]);
}

/** Pairs of (n, S, q) and (m, S, q), at least one, inner products over q and their sum -> entries (n, m), (n, m, S) or (n, m, S, S). */
export function innerProducts(b: GraphBuilder, form: KernelForm, pairs: readonly Pair[]): Value {
  const [[n, seeds], [m]] = pairs[0].map(({ shape }) => shape as readonly number[]);
  if (form === "trace" || form === "readout") return addedProducts(b, pairs, [n, m]);
  if (form === "diagonal")
    return addAll(
      b,
      pairs.map((pair) => productsBySeed(b, pair)),
    ) as Value;
  const all = addedProducts(b, pairs, [n * seeds, m * seeds]);
  return transpose(b, reshape(b, all, [n, seeds, m, seeds]), [0, 2, 1, 3]);
}

/** One value for each pair, (n, m), in the shape that is broadcast over the entries of pairs. */
export function overEntries(b: GraphBuilder, pairs: Value, entries: Value): Value {
  const extra = entries.shape.length - 2;
  return unsqueeze(
    b,
    pairs,
    Array.from({ length: extra }, (_, k) => k + 2),
  );
}

/** Multiplies entries by one number for each pair, (n, m). */
export const scaleEntries = (b: GraphBuilder, entries: Value, pairs: Value): Value =>
  mul(b, entries, overEntries(b, pairs, entries));

/** (n, S, q) -> squared lengths: (n) for sums over seeds, (n, S) otherwise. */
export function squaredLengths(b: GraphBuilder, form: KernelForm, x: Value): Value {
  return reduceSum(b, mul(b, x, x), form === "trace" || form === "readout" ? [1, 2] : [2]);
}

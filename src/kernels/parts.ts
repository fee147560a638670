// What one side of a factored kernel keeps of each parameter, and the graph from examples to it.

import { rootOf } from "../differentiate/example-layout.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { divideDims, isBatch, resolveDim, sizeOfShape } from "../graph/dim.ts";
import { matmul, mul, reshape, swapLast } from "../graph/ops.ts";
import type { Graph, Value, ValueType } from "../graph/types.ts";
import { seedCount } from "./form.ts";
import type { ParameterGroup } from "./groups.ts";
import { type SeededFactor, type SeededOuter, type SeededParameter, seededModel } from "./seeded.ts";
import { sparseCost, sparseProduct } from "./sparse.ts";
import type { KernelForm, KernelModel } from "./types.ts";

/** A value that a side keeps: (rows N, ...shape). */
export interface PartValue {
  readonly dtype: ValueType;
  /** Rows of each example: 1, or one for each seed; in all, where they are the same `forAll`. */
  readonly rows: number;
  readonly forAll: boolean;
  readonly shape: readonly number[];
}

/** The rows that some examples have. */
export function rowsOfExamples({ rows, forAll }: PartValue, start: number, end: number): readonly [number, number] {
  return forAll ? [0, rows] : [start * rows, end * rows];
}

/**
 * What a side keeps of one parameter, or of two:
 * - `outer`: the factor that all seeds share, (N, T, A), and that of each seed: S times (B) at one position, (N, T, S B) at several.
 *   Where that is a product of what is the examples' and what is the seeds', and only their sum is asked for or pairs of seeds are worth it,
 *   these: (N, 1, B) and (S, B), or the latter where nothing is the examples';
 *   With `biased` a bias, whose derivative is the seeds' own factor, is in it: <a, a'> + 1 in the place of <a, a'>;
 * - `sparse`: the factor that all seeds share, (N, T, A), and of the other, which has few elements that are not zero, their positions (N, B, W)
 *   and the elements (N, S, B, W);
 * - `rows`: the rows that an embedding gave (N, T), and their derivatives (N, T, S D);
 * - `dense`: the derivative itself, S times (q).
 *
 * What is S times something has any shape of that size and order: the one that it was computed in, so that nothing is copied for another.
 */
export interface Part {
  /** The parameter's name, to which a part's values and group belong. */
  readonly parameter: string;
  readonly kind: "outer" | "sparse" | "rows" | "dense";
  readonly values: readonly PartValue[];
  readonly biased: boolean;
  /** Rows of the table, for `rows`. */
  readonly rows: number;
}

export interface SideGraph {
  readonly graph: Graph;
  readonly parts: readonly Part[];
}

export interface SideOptions {
  readonly form: KernelForm;
  /** Multiply every derivative out, and by these weights (a diagonal M) on this side. */
  readonly weighted: boolean;
  readonly groups: readonly ParameterGroup[];
  /** Keep products of the examples' and the seeds' in the form `blocks` too, where there are enough seeds; or the seeds' alone. */
  readonly products?: boolean;
}

/** Outputs of a side graph for a part: `PARAMETER/0` and, for factors, `PARAMETER/1`. */
export const partName = (parameter: string, k: number): string => `${parameter}/${k}`;
/** Inputs with the diagonal of M for a parameter. */
export const WEIGHTS = "kernel.weights.";

/** A part with the values that it keeps. */
interface Kept {
  readonly part: Omit<Part, "values">;
  readonly values: readonly Value[];
  /** The seeds' own factor, or the derivative itself. */
  readonly own: Value;
}

const sums = (form: KernelForm): boolean => form === "trace" || form === "readout";

/** FLOPs of one pair of examples by factors at T positions, and of derivatives multiplied out. */
function pairFlops(factor: SeededFactor, { form, seeds }: { form: KernelForm; seeds: number }) {
  const own = (factor.own.shape[2] as number) * (form === "blocks" ? seeds * seeds : seeds);
  const steps = factor.own.shape[1] as number;
  if (factor.kind === "rows") return { byFactors: steps * steps * (1 + own), whole: factor.rows * own };
  const shared = factor.shared.shape[2] as number;
  return { byFactors: steps * steps * (shared + own), whole: shared * own };
}

/** An outer product multiplied out for all seeds at once, which share the larger matrix: (N, S B, A). */
function multipliedOut(b: GraphBuilder, { shared, own, sparse, ends }: SeededOuter, seeds: number): Value {
  // Where own goes on to other layers the zeros are written anyway, and one large product is faster than small ones.
  if (sparse && ends) return sparseProduct(b, shared, sparse, seeds);
  const [, steps, size] = own.shape as readonly number[];
  return matmul(b, reshape(b, swapLast(b, own), ["N", seeds * size, steps]), shared);
}

/** What `sparse` keeps; undefined where that would cost more than `most` multiplications for a pair, or is not to be had. */
function sparseValues(
  b: GraphBuilder,
  factor: SeededFactor,
  { form, seeds, most }: { form: KernelForm; seeds: number; most: number },
): readonly Value[] | undefined {
  if (form !== "blocks" || factor.kind !== "outer" || !factor.sparse) return undefined;
  const { shared, sparse } = factor;
  const [, T, A] = shared.shape as readonly number[];
  const [, B, W] = sparse.values.shape as readonly number[];
  if (sparseCost({ T, W, A, B, S: seeds }) > most) return undefined;
  return [shared, sparse.at, reshape(b, sparse.values, ["N", seeds, B, W])];
}

/** Seeds from which pairs of them are worth it in the form `blocks`: each number of a pair of examples is multiplied once more for it. */
const PAIRED_SEEDS = 6;

interface KeepOptions extends Pick<SideOptions, "form" | "products"> {
  readonly seeds: number;
}

/** The factors of an own factor that is a product, where pairs are to be made of them. */
function productOf({ product }: SeededOuter, { form, seeds, products }: KeepOptions): readonly Value[] | undefined {
  if (form === "trace" && product?.example) return [product.example, product.seed];
  if (form !== "blocks" || !products || !product || seeds < PAIRED_SEEDS) return undefined;
  return product.example ? [product.example, product.seed] : [product.seed];
}

function keep(b: GraphBuilder, { name, factor, whole }: SeededParameter, options: KeepOptions): Kept {
  const { form, seeds } = options;
  const part = { parameter: name, biased: false, rows: 0 };
  if (!factor) return { part: { ...part, kind: "dense" }, values: [whole], own: whole };
  const { own } = factor;
  const [, steps, size] = own.shape as readonly number[];
  const { byFactors, whole: multiplied } = pairFlops(factor, { form, seeds });
  if (byFactors > multiplied || (steps > 1 && !sums(form))) {
    const sparse = sparseValues(b, factor, { form, seeds, most: multiplied });
    if (sparse) return { part: { ...part, kind: "sparse" }, values: sparse, own };
    const value = factor.kind === "outer" ? multipliedOut(b, factor, seeds) : whole;
    return { part: { ...part, kind: "dense" }, values: [value], own: value };
  }
  // Seeds inside of positions, so that products over both are one.
  const inside = (): Value => {
    const bySeed = reshape(b, own, ["N", seeds, steps, size]);
    return reshape(b, b.op("Transpose", [bySeed], { perm: [0, 2, 1, 3] }), ["N", steps, seeds * size]);
  };
  if (factor.kind === "rows")
    return { part: { ...part, kind: "rows", rows: factor.rows }, values: [factor.indices, inside()], own };
  const outer = { ...part, kind: "outer" } as const;
  if (steps > 1) return { part: outer, values: [factor.shared, inside()], own };
  const [seed, example] = productOf(factor, options)?.toReversed() ?? [];
  if (!seed) return { part: outer, values: [factor.shared, own], own };
  const ofExample = example ? [reshape(b, example, ["N", 1, size])] : [];
  return { part: outer, values: [factor.shared, ...ofExample, reshape(b, seed, [seeds, size])], own };
}

/** Puts a bias into the part of the matrix that it is added behind, where both are of one group: their own factors are the same. */
function joinBiases(b: GraphBuilder, kept: readonly Kept[], groups: readonly ParameterGroup[]): readonly Kept[] {
  const groupOf = (name: string): ParameterGroup | undefined =>
    groups.find(({ entries }) => entries.some((entry) => entry.name === name));
  const matrices = new Map<string, string>();
  const keyOf = (value: Value, parameter: string): string =>
    [rootOf(b, value).name, sizeOfShape(value.shape), groupOf(parameter)?.name].join(" ");
  for (const { part, values, own } of kept)
    if (part.kind === "outer" && values[0].shape[1] === 1) matrices.set(keyOf(own, part.parameter), part.parameter);
  const joined = new Set<string>();
  const others = kept.filter(({ part, own }) => {
    const matrix = part.kind === "dense" ? matrices.get(keyOf(own, part.parameter)) : undefined;
    if (matrix === undefined || joined.has(matrix)) return true;
    joined.add(matrix);
    return false;
  });
  return others.map(({ part, ...rest }) => ({ part: { ...part, biased: joined.has(part.parameter) }, ...rest }));
}

/**
 * The graph from examples to what a side keeps. Outer products and embedded rows stay in factors where pairing them costs fewer
 * FLOPs than pairing derivatives; several uses of one parameter are multiplied out and summed, so that the cross terms of the uses are
 * there. Undefined where a use has no factored form.
 */
export function sideGraph(
  model: KernelModel,
  { form, weighted, groups, products = false }: SideOptions,
): SideGraph | undefined {
  const seeded = seededModel(model, form);
  if (!seeded) return undefined;
  const { b, parameters } = seeded;
  const seeds = seedCount(form, model.outputs);
  const all = parameters.map((parameter): Kept => {
    if (!weighted) return keep(b, parameter, { form, seeds, products });
    const { name, whole } = parameter;
    const size = divideDims(sizeOfShape(whole.shape), `${seeds === 1 ? "" : seeds}N`);
    const weights = b.input(WEIGHTS + name, "real", [size]);
    const weighed = mul(b, reshape(b, whole, ["N", seeds, size]), weights);
    return { part: { parameter: name, kind: "dense", biased: false, rows: 0 }, values: [weighed], own: weighed };
  });
  const kept = weighted ? all : joinBiases(b, all, groups);
  const outputs = kept.flatMap(({ part, values }) =>
    values.map((value, k) => [partName(part.parameter, k), value] as const),
  );
  const parts = kept.map(({ part, values }): Part => {
    const kinds = values.map(({ dtype, shape: [batch, ...shape] }) => {
      return { dtype, rows: resolveDim(batch, 1), forAll: !isBatch(batch), shape: shape as readonly number[] };
    });
    return { ...part, values: kinds };
  });
  return { graph: b.build(Object.fromEntries(outputs)), parts };
}

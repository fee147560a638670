// The rank gap between the empirical and the mixture tangent matrix (Guo, He and Morel, section 5.4): do queries have directions that training lacks.

import { gramMatrix, type MatrixForm } from "../kernels/gram-matrix.ts";
import { algebraOf } from "../kernels/matrix-options.ts";
import type { KernelModel } from "../kernels/types.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import { EPSILON } from "./checks.ts";
import { projectionSpan } from "./gram-span.ts";
import { spectrumSummary } from "./spectrum-summary.ts";
import { requireForm, tangentMatrix } from "./tangent-matrix.ts";

/** By singular values of the matrices themselves, or by eigenvalues of their inner products, for which nothing as long as the parameters is formed. */
export const rankMethods = ["jacobians", "gram"] as const;
export type RankMethod = (typeof rankMethods)[number];

export interface RankGapOptions {
  /** What one feature is: see `tangentMatrix`. Default `blocks`, as Def. 5.1 of vector outputs. */
  readonly form?: MatrixForm;
  /** Coefficients of the training examples (N, C) and of the queries (Q, C): for the form `readout`. */
  readonly readouts?: readonly [Tensor, Tensor];
  /** Default `auto`: `jacobians` where the mixture matrix has at most 2^22 numbers. */
  readonly method?: RankMethod | "auto";
  /** Singular values of at most this part of the largest count as none. Default: see `rankGap`. */
  readonly tolerance?: number;
  /** Default: the fastest that is there. */
  readonly algebra?: LinearAlgebra;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface RankGap {
  readonly method: RankMethod;
  readonly form: MatrixForm;
  /** Features of the training examples, of the queries, and how long each is. */
  readonly trainFeatures: number;
  readonly queryFeatures: number;
  readonly length: number;
  /** Singular values of both matrices at or below count as none: `relativeTolerance` times the largest of the mixture. */
  readonly tolerance: number;
  readonly relativeTolerance: number;
  readonly rank: number;
  readonly mixtureRank: number;
  /** mixtureRank - rank: never negative, since both count by one tolerance. */
  readonly gap: number;
  /** Of squared singular values: no tolerance, and it moves where directions fade, before any is lost (`spectrumSummary`). */
  readonly effectiveRank: number;
  readonly mixtureEffectiveRank: number;
  /** Sum over queries of |P_perp g|^2 over the sum of |g|^2, in [0, 1]; 0 where all g are 0. */
  readonly outOfSpanEnergy: number;
  /** |P_perp g|^2 / |g|^2 of each query's feature, 0 where g is 0. */
  readonly outOfSpan: Float64Array;
  /** Singular values of the empirical and the mixture matrix, descending. */
  readonly values: Float64Array;
  readonly mixtureValues: Float64Array;
}

/** Numbers of the mixture matrix up to which its singular values are cheap: some seconds in JavaScript. */
const MOST_NUMBERS = 2 ** 22;

/** Examples of both sides in one array. */
function joined(xs: Tensor, queries: Tensor): Tensor {
  if (xs.shape.slice(1).join() !== queries.shape.slice(1).join())
    throw new RangeError(`rankGap: queries must have shape [n,${xs.shape.slice(1)}], got [${queries.shape}]`);
  const data = Float64Array.from([...(xs.data as RealArray), ...(queries.data as RealArray)]);
  return reals([xs.shape[0] + queries.shape[0], ...xs.shape.slice(1)], data);
}

/** Singular values above the tolerance; of zeros none is. */
const rankAbove = (values: Float64Array, tolerance: number): number =>
  values.filter((value) => value > tolerance).length;

/** exp of the entropy of squared singular values as parts of their sum, as `spectrumSummary` has it. */
const effectiveRank = (values: Float64Array): number =>
  spectrumSummary(values.map((value) => value ** 2)).effectiveRank;

interface Spans {
  readonly values: Float64Array;
  readonly mixtureValues: Float64Array;
  readonly tolerance: number;
  /** |P_perp g|^2 and |g|^2 of each query's feature. */
  readonly left: Float64Array;
  readonly energy: Float64Array;
}

/** By singular vectors, with what is left of each feature formed as a vector: nothing is squared before it is small. */
function byJacobians(all: Matrix, trainRows: number, relative: number, algebra: LinearAlgebra): Spans {
  const [rows, length] = all.shape;
  const of = (data: Float64Array): Matrix => ({ dtype: "float64", shape: [data.length / length, length], data });
  const { values, vt } = algebra.svd(of(all.data.slice(0, trainRows * length)), { overwrite: true });
  const { values: mixtureValues } = algebra.svd(all);
  const tolerance = relative * (mixtureValues[0] ?? 0);
  const rank = rankAbove(values, tolerance);
  const [left, energy] = [new Float64Array(rows - trainRows), new Float64Array(rows - trainRows)];
  for (let q = 0; q < left.length; q++) {
    const g = all.data.slice((trainRows + q) * length, (trainRows + q + 1) * length);
    for (const value of g) energy[q] += value * value;
    // Twice: what the first projection leaves by rounding lies in the span again.
    for (let pass = 0; pass < 2; pass++)
      for (let k = 0; k < rank; k++) {
        let product = 0;
        for (let i = 0; i < length; i++) product += vt.data[k * length + i] * g[i];
        for (let i = 0; i < length; i++) g[i] -= product * vt.data[k * length + i];
      }
    for (const value of g) left[q] += value * value;
  }
  return { values, mixtureValues, tolerance, left, energy };
}

/** Rows and columns [from, to) x [start, end) of a square matrix. */
function part({ data, shape: [n] }: Matrix, [from, to]: readonly number[], [start, end]: readonly number[]): Matrix {
  const to2 = new Float64Array((to - from) * (end - start));
  for (let i = from; i < to; i++) to2.set(data.subarray(i * n + start, i * n + end), (i - from) * (end - start));
  return { dtype: "float64", shape: [to - from, end - start], data: to2 };
}

function byGram(gram: Matrix, trainRows: number, relative: number, algebra: LinearAlgebra): Spans {
  const [n] = gram.shape;
  const energy = Float64Array.from({ length: n - trainRows }, (_, q) => gram.data[(trainRows + q) * (n + 1)]);
  const between = part(gram, [trainRows, n], [0, trainRows]);
  const train = part(gram, [0, trainRows], [0, trainRows]);
  const mixtureValues = algebra.eigenvalues(gram, { overwrite: true }).map((value) => Math.sqrt(Math.max(0, value)));
  const tolerance = relative * (mixtureValues[0] ?? 0);
  const { values, captured } = projectionSpan(train, () => tolerance, algebra);
  const within = captured(between);
  return { values, mixtureValues, tolerance, energy, left: energy.map((own, q) => Math.max(0, own - within[q])) };
}

/**
 * Rank of the mixture tangent matrix [T | T_queries] less that of the empirical T (Def. 5.1), and how much of the queries' features lies outside
 * the span of T: the directions in which no gradient step on these examples moves the parameters, and which decide what the queries' outputs do.
 *
 * A gap alone says little of a large model: with fewer examples than parameters almost any other input has a direction of its own, and the gap
 * is the number of queries. It tells where the training examples reach all that the model can do on their range (the source's network of one input);
 * elsewhere `outOfSpanEnergy` does.
 *
 * Default tolerances, of the largest singular value: `jacobians`, eps max(rows, p), the usual one; `gram`, sqrt(eps rows). A Gram matrix holds squares
 * of singular values, so that of a ratio below sqrt(eps rows) (6e-7 of 2,000 rows in float64, 1.5e-2 in float32) nothing is left but rounding: a direction
 * that weak counts for `jacobians` and not for `gram`. eps is that of the engine's dtype, since derivatives have no more digits.
 *
 * Cost: `jacobians` (N + Q) C reverse passes at N = 1 and two singular value decompositions, the matrix twice in memory; `gram` the kernel of
 * N + Q examples, its eigenvalues and the eigenvectors of N.
 *
 * Errors: RangeError for no training example, queries of another shape, options that do not fit; rejects with the signal's reason when aborted.
 *
 * @see Guo, He and Morel 2026, section 5.4, Figs. 7 and 8
 */
export async function rankGap(
  model: KernelModel,
  params: RealArray,
  { train, queries }: { readonly train: Tensor; readonly queries: Tensor },
  options: RankGapOptions = {},
): Promise<RankGap> {
  const { form = "blocks", readouts, method: asked = "auto", signal, onProgress } = options;
  const where = "rankGap";
  if (asked !== "auto" && !rankMethods.includes(asked))
    throw new RangeError(`${where}: method must be one of auto, ${rankMethods.join(", ")}, got ${asked}`);
  if (train.shape[0] === 0) throw new RangeError(`${where}: there must be a training example, got none`);
  requireForm(where, model, train, { form, readouts: readouts?.[0] });
  requireForm(where, model, queries, { form, readouts: readouts?.[1] });
  const xs = joined(train, queries);
  const coefficients = readouts && joined(readouts[0], readouts[1]);
  const each = form === "blocks" ? model.outputs : 1;
  const length = model.layout.size * (form === "trace" ? model.outputs : 1);
  const [trainFeatures, features] = [train.shape[0] * each, xs.shape[0] * each];
  const method = asked === "auto" ? (features * length <= MOST_NUMBERS ? "jacobians" : "gram") : asked;
  const epsilon = EPSILON[model.engine.dtype];
  const {
    tolerance: relativeTolerance = method === "gram"
      ? Math.sqrt(epsilon * features)
      : epsilon * Math.max(features, length),
  } = options;
  if (!(relativeTolerance >= 0))
    throw new RangeError(`${where}: tolerance must be a number >= 0, got ${relativeTolerance}`);
  const algebra = await algebraOf(options);
  const shared = {
    form,
    ...(coefficients && { readouts: coefficients }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  };
  const found =
    method === "jacobians"
      ? byJacobians(await tangentMatrix(model, params, xs, shared), trainFeatures, relativeTolerance, algebra)
      : byGram(await gramMatrix(model, params, xs, shared), trainFeatures, relativeTolerance, algebra);
  const { values, mixtureValues, tolerance, left, energy } = found;
  const [rank, mixtureRank] = [rankAbove(values, tolerance), rankAbove(mixtureValues, tolerance)];
  const total = (all: Float64Array): number => all.reduce((sum, value) => sum + value, 0);
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.min(1, part / whole));
  return {
    method,
    form,
    trainFeatures,
    queryFeatures: features - trainFeatures,
    length,
    tolerance,
    relativeTolerance,
    rank,
    mixtureRank,
    gap: mixtureRank - rank,
    effectiveRank: effectiveRank(values),
    mixtureEffectiveRank: effectiveRank(mixtureValues),
    outOfSpanEnergy: share(total(left), total(energy)),
    outOfSpan: left.map((own, q) => share(own, energy[q])),
    values,
    mixtureValues,
  };
}

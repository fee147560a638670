// How much of a query's tangent feature lies in the span of the training examples' (004, section 5.4): coverage, a score against what lies outside.

import { InvalidDataError } from "../errors.ts";
import type { MachineKernelCall } from "../kernels/machine-kernel.ts";
import { algebraOf } from "../kernels/matrix-options.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { findNonFinite, sliceRows, type Tensor } from "../numeric/tensor.ts";
import { projectionSpan, ridgeSpan } from "./gram-span.ts";
import type { SpanKernel } from "./span-kernel.ts";

export interface TrainingSpanOptions extends MachineKernelCall {
  /** Added to the diagonal of K, as a part of its mean. Default 1e-2. With a tolerance: none. */
  readonly ridge?: number;
  /** In the place of a ridge: directions whose eigenvalue is at most this part of the largest count as none, all others fully. */
  readonly tolerance?: number;
  /** Class of each point, for `nearestClass`. */
  readonly labels?: ArrayLike<number | bigint>;
  /** Default: the fastest that is there. */
  readonly algebra?: LinearAlgebra;
}

/** Of each query's feature g, one a row: R is Q, or Q C where each output has its own. */
export interface Coverage {
  /** 1 - |P_perp g|^2 / |g|^2, in [0, 1]; 1 where g is 0, which lies in any span (R). */
  readonly covered: Float64Array;
  /** |g|^2 (R). */
  readonly energy: Float64Array;
  /** The largest cosine between g and the feature of a training example; 0 where g is 0 (R). */
  readonly similarity: Float64Array;
  /** Whose it is, an index of the points; -1 where there is none (R). */
  readonly nearest: Int32Array;
  /** The class whose training examples have the largest mean cosine with g; -1 where there is none. Absent without labels (R). */
  readonly nearestClass?: Int32Array;
}

export interface TrainingSpan {
  readonly kernel: string;
  /** Features of the training examples. */
  readonly features: number;
  /** What a query has of them, side by side: 1, or C. */
  readonly rowsEach: number;
  /** `ridge`, or `tolerance`: how weak directions are counted. */
  readonly weak: "ridge" | "tolerance";
  /** Added to the diagonal, in the kernel's units, with what rounding made necessary beside it; 0 with a tolerance. */
  readonly ridge: number;
  /** Mean |g|^2 of the training examples' features, which the ridge was given as a part of. */
  readonly meanEnergy: number;
  /** Directions that count, where there is a tolerance. */
  readonly rank: number | undefined;
  /** What the span covers of queries (Q, ...). Cost: a kernel of Q x N, and Q N^2 multiplications. */
  readonly coverage: (queries: Tensor, call?: MachineKernelCall) => Promise<Coverage>;
}

/** As little as leaves weak directions their share, and enough for float32: see docs/coverage.md, where it was measured against tolerances. */
export const DEFAULT_SPAN_RIDGE = 1e-2;
/** Queries whose kernel is held at once. */
const TILE = 512;

const where = "trainingSpan";

function requireOptions({ ridge, tolerance, labels }: TrainingSpanOptions, points: Tensor): void {
  if (ridge !== undefined && tolerance !== undefined)
    throw new RangeError(`${where}: ridge or tolerance must be left out, got ${ridge} and ${tolerance}`);
  if (!((ridge ?? 1) > 0 && (ridge ?? 1) < Number.POSITIVE_INFINITY))
    throw new RangeError(`${where}: ridge must be a finite number > 0, got ${ridge}`);
  if (!((tolerance ?? 0) >= 0 && (tolerance ?? 0) < 1))
    throw new RangeError(`${where}: tolerance must lie in [0, 1), got ${tolerance}`);
  if (points.shape[0] === 0) throw new RangeError(`${where}: there must be a training example, got none`);
  if (labels && labels.length !== points.shape[0])
    throw new RangeError(`${where}: labels must be ${points.shape[0]} as the points are, got ${labels.length}`);
}

type Captured = (kQueryTrain: Matrix) => Float64Array;

function spanOf(
  gram: Matrix,
  mean: number,
  { ridge = DEFAULT_SPAN_RIDGE, tolerance }: TrainingSpanOptions,
  algebra: LinearAlgebra,
): Pick<TrainingSpan, "weak" | "ridge" | "rank"> & { readonly captured: Captured } {
  if (tolerance === undefined && mean > 0)
    return { weak: "ridge", rank: undefined, ...ridgeSpan(gram, ridge * mean, algebra) };
  // Without any feature there is nothing to add a ridge to, and no direction.
  const { rank, captured } = projectionSpan(gram, (largest) => Math.sqrt(tolerance ?? 0) * largest, algebra);
  return {
    weak: tolerance === undefined ? "ridge" : "tolerance",
    ridge: 0,
    rank: tolerance === undefined ? undefined : rank,
    captured,
  };
}

/** Sums of cosines by class: the class with the largest mean of each row. */
function nearestClasses(cosines: Matrix, labels: ArrayLike<number | bigint>, rowsEach: number): Int32Array {
  const [rows, columns] = cosines.shape;
  const classOf = Int32Array.from({ length: columns }, (_, i) => Number(labels[Math.floor(i / rowsEach)]));
  const classes = [...new Set(classOf)].sort((a, b) => a - b);
  const counts = classes.map((label) => classOf.filter((own) => own === label).length);
  return Int32Array.from({ length: rows }, (_, q) => {
    const sums = new Map(classes.map((label) => [label, 0]));
    for (let i = 0; i < columns; i++)
      sums.set(classOf[i], (sums.get(classOf[i]) as number) + cosines.data[q * columns + i]);
    const means = classes.map((label, k) => (sums.get(label) as number) / counts[k]);
    const best = means.reduce((top, value, k) => (value > means[top] ? k : top), 0);
    return classes[best];
  });
}

/** k / sqrt(energy_q energy_i), 0 where one of them is 0. */
function cosinesOf(kernel: Matrix, energy: Float64Array, trainEnergy: Float64Array): Matrix {
  const [rows, columns] = kernel.shape;
  const data = new Float64Array(kernel.data.length);
  for (let q = 0, at = 0; q < rows; q++)
    for (let i = 0; i < columns; i++, at++) {
      const square = energy[q] * trainEnergy[i];
      data[at] = square > 0 ? kernel.data[at] / Math.sqrt(square) : 0;
    }
  return { dtype: "float64", shape: [rows, columns], data };
}

/** What is said of queries whose kernel with the points, and with themselves, is known. */
function coverageOf(
  kernel: Matrix,
  energy: Float64Array,
  {
    captured,
    trainEnergy,
    labels,
    rowsEach,
  }: {
    readonly captured: Captured;
    readonly trainEnergy: Float64Array;
    readonly labels: ArrayLike<number | bigint> | undefined;
    readonly rowsEach: number;
  },
): Coverage {
  const [rows, columns] = kernel.shape;
  const cosines = cosinesOf(kernel, energy, trainEnergy);
  const within = captured(kernel);
  const covered = energy.map((own, q) => (own > 0 ? Math.min(1, Math.max(0, within[q] / own)) : 1));
  const nearest = new Int32Array(rows).fill(-1);
  const similarity = new Float64Array(rows);
  for (let q = 0; q < rows; q++) {
    if (!(energy[q] > 0)) continue;
    let best = -1;
    for (let i = 0; i < columns; i++)
      if (trainEnergy[i] > 0 && (best < 0 || cosines.data[q * columns + i] > cosines.data[q * columns + best]))
        best = i;
    if (best < 0) continue;
    similarity[q] = cosines.data[q * columns + best];
    nearest[q] = Math.floor(best / rowsEach);
  }
  const result = { covered, energy, similarity, nearest };
  if (!labels) return result;
  const classes = nearestClasses(cosines, labels, rowsEach);
  return { ...result, nearestClass: classes.map((label, q) => (nearest[q] < 0 ? -1 : label)) };
}

function join(parts: readonly Coverage[]): Coverage {
  const of = <A extends Float64Array | Int32Array>(take: (part: Coverage) => A, empty: A): A => {
    const arrays = parts.map(take);
    const total = arrays.reduce((sum, { length }) => sum + length, 0);
    const all = (empty instanceof Float64Array ? new Float64Array(total) : new Int32Array(total)) as A;
    let at = 0;
    for (const own of arrays) {
      all.set(own, at);
      at += own.length;
    }
    return all;
  };
  const [reals, integers] = [new Float64Array(0), new Int32Array(0)];
  const labelled = parts[0]?.nearestClass !== undefined;
  return {
    covered: of(({ covered }) => covered, reals),
    energy: of(({ energy }) => energy, reals),
    similarity: of(({ similarity }) => similarity, reals),
    nearest: of(({ nearest }) => nearest, integers),
    ...(labelled && { nearestClass: of(({ nearestClass }) => nearestClass as Int32Array, integers) }),
  };
}

/**
 * The span of the training examples' features, decomposed once; `coverage` then asks about any queries:
 *
 *     covered(x) = k^T (K + ridge I)^-1 k / k(x, x),    k = K(x, x_i)
 *
 * which is 1 - |P_perp g|^2 / |g|^2 as the ridge goes to 0, and with one counts a direction of eigenvalue lambda by lambda / (lambda + ridge). What is
 * left is the posterior variance of a Gaussian process over its prior variance. A ridge, since a span has no weak directions: what is in
 * hundreds of them by rounding alone would count in full.
 *
 * "Not covered" is not "wrong": it says that training moved little of what this output depends on.
 *
 * Cost: the kernel of N x N, N^3 / 3 (a tolerance: eigenvectors, some ten times that). Memory: that matrix.
 *
 * Errors: RangeError for no points, labels or options that do not fit; InvalidDataError for kernels that are not finite; rejects with the
 * signal's reason when aborted.
 */
export async function trainingSpan(kernel: SpanKernel, options: TrainingSpanOptions = {}): Promise<TrainingSpan> {
  const { labels, signal, onProgress } = options;
  const { points, rowsEach = 1 } = kernel;
  requireOptions(options, points);
  const call: MachineKernelCall = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const algebra = await algebraOf(options);
  const gram = await kernel.matrix(call);
  signal?.throwIfAborted();
  const [features] = gram.shape;
  const trainEnergy = Float64Array.from({ length: features }, (_, i) => gram.data[i * (features + 1)]);
  const meanEnergy = trainEnergy.reduce((sum, value) => sum + value / features, 0);
  const { captured, ...span } = spanOf(gram, meanEnergy, options, algebra);
  const known = { captured, trainEnergy, labels, rowsEach };
  return {
    kernel: kernel.name,
    features,
    rowsEach,
    meanEnergy,
    ...span,
    async coverage(queries, own = {}) {
      const parts: Coverage[] = [];
      for (let start = 0; start < queries.shape[0]; start += TILE) {
        own.signal?.throwIfAborted();
        const tile = sliceRows(queries, start, Math.min(queries.shape[0], start + TILE));
        const [between, energy] = [await kernel.between(tile, own), await kernel.diagonal(tile, own)];
        const bad = Math.max(
          findNonFinite(between),
          findNonFinite({ dtype: "float64", shape: [energy.length], data: energy }),
        );
        if (bad >= 0)
          throw new InvalidDataError(
            `${where}: the kernel of queries must be finite, got another number in rows ${start} on`,
          );
        parts.push(coverageOf(between, energy, known));
      }
      return join(parts);
    },
  };
}

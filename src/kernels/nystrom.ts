// The Nystrom approximation of any kernel: all points through a few of them (Williams and Seeger 2001).

import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import { times } from "../numeric/linear-algebra/rectangular.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { reals, type Tensor, takeRows } from "../numeric/tensor.ts";
import {
  type ApproximationOptions,
  type FeatureKernel,
  featureKernel,
  type KernelFamily,
  requireCount,
  squaredLengths,
} from "./feature-kernel.ts";
import { type LandmarkChoice, landmarkChoices, pivotedLandmarks, uniformLandmarks } from "./landmarks.ts";

export interface NystromOptions extends ApproximationOptions {
  /** m: points that stand for all, at most. */
  readonly landmarks: number;
  /** Default `pivoted`: drawn by what those before do not explain. */
  readonly choice?: LandmarkChoice;
  /** Directions of the landmarks' kernel below this part of the largest are left out. Default 1e-7: kernels in float32 know no more. */
  readonly tolerance?: number;
  readonly algebra?: LinearAlgebra;
}

export interface NystromKernel extends FeatureKernel {
  /** Indices of the landmarks among the points. */
  readonly landmarks: Int32Array;
  /** K(x_i, x_i) - K~(x_i, x_i) of every point, none negative: |K_ij - K~_ij| <= sqrt(d_i d_j). */
  readonly left: Float64Array;
}

/**
 * K~ = C W^+ C^T, with C the kernel between points and landmarks and W that of the landmarks, as features
 *
 *     phi(x) = W^(-1/2) K(landmarks, x)
 *
 * of which those of eigenvalues below `tolerance` of the largest are left out: duplicate landmarks add nothing. K - K~ is positive semidefinite, hence the
 * exact trace norm sum_i d_i, which also bounds the spectral and the Frobenius norm, and the largest d_i, which bounds every entry: `error.bound`.
 *
 * Shapes: `over(points)` is the kernel over any points. Cost: N m + N kernel values, 2 N m^2 operations, eigenpairs of order m. Memory: two (N, m).
 *
 * @see Williams and Seeger 2001; Drineas and Mahoney 2005; for `pivoted` Chen, Epperly, Tropp and Webber 2022, arXiv:2207.06503
 */
export async function nystromKernel(
  over: KernelFamily,
  points: Tensor,
  { landmarks: most, choice = "pivoted", tolerance = 1e-7, algebra, ...options }: NystromOptions,
): Promise<NystromKernel> {
  const where = "nystromKernel";
  requireCount(where, "landmarks", most);
  if (!landmarkChoices.includes(choice))
    throw new RangeError(`${where}: choice must be one of ${landmarkChoices.join(", ")}, got ${choice}`);
  if (!(tolerance > 0 && tolerance < 1))
    throw new RangeError(`${where}: tolerance must lie in (0, 1), got ${tolerance}`);
  const [examples] = points.shape;
  if (examples < 1) throw new RangeError(`${where}: points must hold at least 1, got 0`);
  const { seed = 0, signal, onProgress } = options;
  const call = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const exact = over(points);
  const diagonal = await exact.diagonal(points, call);
  const request = { landmarks: Math.min(most, examples), seed, call, diagonal, tolerance };
  const { indices, columns } = await (choice === "uniform" ? uniformLandmarks : pivotedLandmarks)(
    over,
    points,
    request,
  );
  const root = inverseRoot(takeRows(columns, indices), algebra ?? (await openLinearAlgebra()), tolerance);
  const chosen = over(takeRows(points, indices));
  const pointFeatures = times(columns, root);
  const lengths = squaredLengths(pointFeatures);
  const left = diagonal.map((value, i) => Math.max(0, value - lengths[i]));
  const kernel = await featureKernel(
    where,
    {
      name: `${exact.name} through ${indices.length} of ${examples} points`,
      points,
      features: async (xs, own) =>
        indices.length === 0 ? reals([xs.shape[0], 0], []) : times(await chosen.between(xs, own), root),
      pointFeatures,
      exact: over,
      bound: {
        statement: "no entry of K - K~ between points is larger than the largest d_i = K(x_i, x_i) - K~(x_i, x_i)",
        value: left.reduce((most, value) => Math.max(most, value), 0),
      },
    },
    options,
  );
  return { ...kernel, landmarks: indices, left };
}

/** V^T diag(values)^(-1/2) over the eigenvalues that count: (m, rank). */
function inverseRoot(w: Matrix, algebra: LinearAlgebra, tolerance: number): Matrix {
  const [m] = w.shape;
  const { values, vectors } = algebra.eigenpairs(w);
  const rank = values.filter((value) => value > tolerance * (values[0] ?? 0)).length;
  const data = new Float64Array(m * rank);
  for (let j = 0; j < rank; j++)
    for (let k = 0; k < m; k++) data[k * rank + j] = vectors.data[j * m + k] / Math.sqrt(values[j]);
  return { dtype: "float64", shape: [m, rank], data };
}

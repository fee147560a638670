// Ridge regression over features, in the place of a kernel's matrix: O(N m^2) for m features.

import type { FeatureKernel } from "../kernels/feature-kernel.ts";
import { identityLink } from "../kernels/kernel-machine.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import { times, timesTransposed, transposedTimes } from "../numeric/linear-algebra/rectangular.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { lengthOf } from "../numeric/linear-algebra/vectors.ts";
import { reals, type Tensor } from "../numeric/tensor.ts";
import { gridOf } from "./ridge-curves.ts";
import { type RidgeMachine, type RidgeMachineOptions, requireRidge, withoutPrior } from "./ridge-machine.ts";
import { valueTargets } from "./targets.ts";

/** The curves of a ridge regression over features. */
export interface FeatureRidgeCurves {
  readonly ridges: Float64Array;
  readonly leaveOneOut: Float64Array;
  readonly gcv: Float64Array;
}

export interface FeatureRidge extends Omit<RidgeMachine, "curves"> {
  /** w: (m, C); the machine is b + phi(x) w. */
  readonly weights: Matrix;
  /** y_i less what the regression without example i says of it: (N, C). */
  readonly leaveOneOut: Matrix;
  /** Those of the ridge that was chosen, or given. */
  readonly curves: FeatureRidgeCurves;
  /** b + phi(x) w of queries (Q, ...), without the kernel of the points: (Q, C). */
  predict(queries: Tensor): Promise<Matrix>;
}

interface Fit {
  readonly ridge: number;
  /** Weights in the basis of the features' eigenvectors (m, C). */
  readonly weights: Matrix;
  readonly residuals: Matrix;
  readonly leaveOneOut: Matrix;
  readonly leaveOneOutError: number;
  readonly gcv: number;
}

/**
 * Ridge regression over K~(x, x') = phi(x) . phi(x') by its features: the same function as `ridgeMachine` over K~ gives, from (m, m) alone,
 *
 *     f(x) = b + phi(x) w,    w = (Phi^T Phi + ridge I)^-1 Phi^T (y - b)
 *
 * with leaving one out and generalised cross-validation from the same decomposition. As a kernel machine its coefficients are r / ridge.
 *
 * Shapes: targets (N, C). Cost: 4 N m^2 operations, eigenpairs of order m, 2 N m C a ridge. Memory: two (N, m).
 * Errors: RangeError for what does not fit, and for a ridge of 0, with which K~ of order N has no inverse where m < N.
 */
export async function featureRidge(
  kernel: FeatureKernel,
  targets: Tensor,
  options: Omit<RidgeMachineOptions, "maxJitter"> = {},
): Promise<FeatureRidge> {
  const { ridge = "leave-one-out", ridges, prior = "zero", signal, onProgress } = options;
  const where = "featureRidge";
  const [examples] = kernel.points.shape;
  const own = valueTargets(where, targets, examples);
  if (own.data.length === 0) throw new RangeError(`${where}: targets must hold numbers, got [${targets.shape}]`);
  requireRidge(where, ridge);
  const given = typeof ridge === "number" ? [ridge] : ridges;
  const bad = given?.find((own) => !(own > 0 && own < Number.POSITIVE_INFINITY));
  if (bad !== undefined || given?.length === 0)
    throw new RangeError(`${where}: ridges must be finite numbers > 0, got ${bad ?? "none"}`);
  const outputs = own.shape[1];
  const { left, base } = withoutPrior(own, prior);
  const algebra = options.algebra ?? (await openLinearAlgebra());
  const phi = kernel.pointFeatures;
  const { values, vectors } = algebra.eigenpairs(transposedTimes(phi, phi), { overwrite: true });
  const z = timesTransposed(phi, vectors);
  const problem = { z, values: values.map((value) => Math.max(0, value)), left, shares: transposedTimes(z, left) };
  const grid = given ? Float64Array.from(given) : gridOf(problem.values[0] ?? 0);
  const curves = { ridges: grid, leaveOneOut: new Float64Array(grid.length), gcv: new Float64Array(grid.length) };
  let best: Fit | undefined;
  for (const [k, own] of grid.entries()) {
    signal?.throwIfAborted();
    const fit = fitOf(problem, own);
    [curves.leaveOneOut[k], curves.gcv[k]] = [fit.leaveOneOutError, fit.gcv];
    const error = (of: Fit): number => (ridge === "gcv" ? of.gcv : of.leaveOneOutError);
    if (best === undefined || error(fit) <= error(best)) best = fit;
    onProgress?.({ stage: "ridges", done: k + 1, total: grid.length });
  }
  const { ridge: chosen, weights, residuals, leaveOneOut } = best as Fit;
  const w = transposedTimes(vectors, weights);
  const shape = (count: number): readonly number[] => [count, outputs];
  const baseOf = (count: number): Float64Array =>
    Float64Array.from({ length: count * outputs }, (_, at) => base[at % outputs]);
  return {
    name: `ridge regression over ${kernel.name}`,
    outputs,
    points: kernel.points,
    kernel: (queries) => kernel.between(queries),
    coefficients: { ...residuals, data: residuals.data.map((value) => value / chosen) },
    prior: async ({ shape: [count] }) => reals(shape(count), baseOf(count)),
    link: identityLink,
    ridge: chosen,
    jitter: 0,
    curves,
    weights: w,
    leaveOneOut,
    async predict(queries) {
      const { data } = times(await kernel.features(queries), w);
      return reals(
        shape(queries.shape[0]),
        data.map((value, at) => value + base[at % outputs]),
      );
    },
  };
}

interface Problem {
  /** Phi V^T: (N, m). */
  readonly z: Matrix;
  readonly values: Float64Array;
  /** y - b: (N, C). */
  readonly left: Matrix;
  /** z^T (y - b): (m, C). */
  readonly shares: Matrix;
}

function fitOf({ z, values, left, shares }: Problem, ridge: number): Fit {
  const [[n, m], [, columns]] = [z.shape, left.shape];
  const inverse = values.map((value) => 1 / (value + ridge));
  const weights = { ...shares, data: shares.data.map((value, at) => inverse[Math.floor(at / columns)] * value) };
  const fitted = times(z, weights).data;
  const residuals = left.data.map((value, at) => value - fitted[at]);
  let traced = 0;
  const leaveOneOut = residuals.map((value, at) => {
    const i = Math.floor(at / columns);
    let own = 0;
    for (let j = 0, from = i * m; j < m; j++, from++) own += inverse[j] * z.data[from] ** 2;
    if (at % columns === 0) traced += own;
    return value / (1 - own);
  });
  const size = Math.max(1, n * columns);
  return {
    ridge,
    weights,
    residuals: { ...left, data: residuals },
    leaveOneOut: { ...left, data: leaveOneOut },
    leaveOneOutError: lengthOf(leaveOneOut) ** 2 / size,
    gcv: lengthOf(residuals) ** 2 / size / (1 - traced / n) ** 2,
  };
}

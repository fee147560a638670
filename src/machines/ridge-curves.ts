// Which ridge: errors of leaving one out and generalised cross-validation over a grid, from one eigendecomposition.

import type { MachineKernel } from "../kernels/machine-kernel.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import type { Tensor } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import { blockOf, type RidgeFit, ridgeFit, ridgeModes } from "./ridge-modes.ts";
import { valueTargets } from "./targets.ts";

/** By what a ridge is chosen. */
export const ridgeChoices = ["leave-one-out", "gcv"] as const;
export type RidgeChoice = (typeof ridgeChoices)[number];

export interface RidgeCurvesOptions {
  /** Numbers > 0. Default: 25 from 1e-10 to 100 times the largest eigenvalue, each some 3.2 times the one before; 1 for a kernel that is zero. */
  readonly ridges?: readonly number[];
  /** Work in the array of the matrix that was given, whose numbers are lost. Default false. */
  readonly overwrite?: boolean;
  readonly algebra?: LinearAlgebra;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Over the ridges; all of these have an entry for each. */
export interface RidgeCurves {
  readonly ridges: Float64Array;
  /** Mean squares of the residuals of leaving each example out. */
  readonly leaveOneOut: Float64Array;
  readonly gcv: Float64Array;
  /** Mean squares of the residuals. */
  readonly training: Float64Array;
  readonly degreesOfFreedom: Float64Array;
  /** Of the kernel, descending. */
  readonly eigenvalues: Float64Array;
  /** The regressions at the two minima; the larger ridge where two are as good. */
  readonly best: Readonly<Record<RidgeChoice, RidgeFit>>;
}

const STEPS = 25;
const [LEAST, MOST] = [-10, 2];

/** Ridges where none are named, by the largest eigenvalue. */
export function gridOf(largest: number): Float64Array {
  if (largest === 0) return Float64Array.of(1);
  return Float64Array.from({ length: STEPS }, (_, k) => largest * 10 ** (LEAST + ((MOST - LEAST) * k) / (STEPS - 1)));
}

/**
 * Errors of ridge regression as functions of the ridge, for a kernel (N, N), or blocks (N C, N C), and targets (N, C). No prior is taken
 * off: give y - b(X).
 *
 * Leaving one out is exact, in closed form, `ridgeFit`: all C outputs of the example are left out. Cost: all eigenpairs once, then
 * order^2 (columns + block) for each ridge. Memory: two matrices, or one beside the one that is given with `overwrite`.
 *
 * Errors: RangeError for what does not fit; rejects with the signal's reason when aborted, between ridges.
 */
export async function ridgeCurves(
  kernel: MachineKernel | Matrix,
  targets: Tensor,
  options: RidgeCurvesOptions = {},
): Promise<RidgeCurves> {
  const { algebra, ridges, overwrite = false, signal, onProgress } = options;
  const given = "matrix" in kernel;
  const call = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const matrix = given ? await kernel.matrix(call) : kernel;
  blockOf("ridgeCurves", matrix.shape, targets.shape);
  if (matrix.shape[0] === 0) throw new RangeError("ridgeCurves: targets must hold at least 1 example, got 0");
  const bad = ridges?.find((ridge) => !(ridge > 0 && ridge < Number.POSITIVE_INFINITY));
  if (bad !== undefined || ridges?.length === 0)
    throw new RangeError(`ridgeCurves: ridges must hold finite numbers > 0, got ${bad ?? "none"}`);
  signal?.throwIfAborted();
  const modes = ridgeModes(
    matrix,
    valueTargets("ridgeCurves", targets, targets.shape[0]),
    algebra ?? (await openLinearAlgebra()),
    {
      overwrite: given || overwrite,
    },
  );
  const grid = ridges ? Float64Array.from(ridges) : gridOf(modes.values[0]);
  const curve = () => new Float64Array(grid.length);
  const curves = { leaveOneOut: curve(), gcv: curve(), training: curve(), degreesOfFreedom: curve() };
  const best: Partial<Record<RidgeChoice, RidgeFit>> = {};
  for (const [k, ridge] of grid.entries()) {
    signal?.throwIfAborted();
    const fit = ridgeFit(modes, ridge);
    curves.leaveOneOut[k] = fit.leaveOneOutError;
    curves.gcv[k] = fit.gcv;
    curves.training[k] = fit.trainingError;
    curves.degreesOfFreedom[k] = fit.degreesOfFreedom;
    best["leave-one-out"] = better(best["leave-one-out"], fit, ({ leaveOneOutError }) => leaveOneOutError);
    best.gcv = better(best.gcv, fit, ({ gcv }) => gcv);
    onProgress?.({ stage: "ridges", done: k + 1, total: grid.length });
  }
  return { ridges: grid, ...curves, eigenvalues: modes.values, best: best as RidgeCurves["best"] };
}

function better(known: RidgeFit | undefined, fit: RidgeFit, error: (own: RidgeFit) => number): RidgeFit {
  if (known === undefined || error(fit) < error(known)) return fit;
  return error(fit) === error(known) && fit.ridge > known.ridge ? fit : known;
}

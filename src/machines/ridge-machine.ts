// Kernel ridge regression over any kernel between points, as a kernel machine.

import { identityLink, type KernelMachine } from "../kernels/kernel-machine.ts";
import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { LinearAlgebra, Matrix } from "../numeric/linear-algebra/types.ts";
import { reals, type Tensor } from "../numeric/tensor.ts";
import {
  type RidgeChoice,
  type RidgeCurves,
  type RidgeCurvesOptions,
  ridgeChoices,
  ridgeCurves,
} from "./ridge-curves.ts";
import { blockOf } from "./ridge-modes.ts";
import { valueTargets } from "./targets.ts";

export interface RidgeMachineOptions extends Pick<RidgeCurvesOptions, "ridges" | "signal" | "onProgress"> {
  /** A number >= 0 in the kernel's units, or by what to choose one of `ridges`. Default `leave-one-out`. */
  readonly ridge?: number | RidgeChoice;
  /** What is added to the diagonal beyond a given ridge, at most, as a part of the mean diagonal, where there is no solution without. Default 0. */
  readonly maxJitter?: number;
  /** b: 0, or for each output the mean of its targets, which is what a kernel without a constant function lacks. Default `zero`. */
  readonly prior?: "zero" | "mean";
  readonly algebra?: LinearAlgebra;
}

/** What was solved for, and how. */
export interface RidgeSolution {
  /** a: (N, C). */
  readonly coefficients: Matrix;
  readonly ridge: number;
  /** What was added beyond a given ridge. */
  readonly jitter: number;
  /** What a ridge was chosen by; absent where it was given. */
  readonly curves?: RidgeCurves;
}

export interface RidgeMachine extends KernelMachine, Omit<RidgeSolution, "coefficients"> {
  readonly coefficients: Matrix;
}

/**
 * a of (K + ridge I) a = y for a matrix K, which is lost, at a given ridge by Cholesky, else by one eigendecomposition. `name` is the
 * caller's, for errors.
 */
export async function solveRidge(
  name: string,
  matrix: Matrix,
  targets: Matrix,
  options: Omit<RidgeMachineOptions, "prior">,
): Promise<RidgeSolution> {
  const { ridge = "leave-one-out", maxJitter = 0, ridges, signal, onProgress } = options;
  const algebra = options.algebra ?? (await openLinearAlgebra());
  if (typeof ridge !== "number") {
    const curves = await ridgeCurves(matrix, targets, {
      algebra,
      overwrite: true,
      ...(ridges && { ridges }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    const { coefficients, ridge: chosen } = curves.best[ridge];
    return { coefficients, ridge: chosen, jitter: 0, curves };
  }
  blockOf(name, matrix.shape, targets.shape);
  const [order] = matrix.shape;
  for (let i = 0; i < order; i++) matrix.data[i * order + i] += ridge;
  const { solve, jitter } = algebra.cholesky(matrix, { overwrite: true, maxJitter });
  const right = reals([order, order === 0 ? 1 : targets.data.length / order], targets.data);
  return { coefficients: { ...targets, data: solve(right, { overwrite: true }).data }, ridge, jitter };
}

/** RangeError unless the option is a ridge or a way to choose one. */
export function requireRidge(where: string, ridge: number | string | undefined): void {
  const named = typeof ridge === "string" && (ridgeChoices as readonly string[]).includes(ridge);
  const number = typeof ridge === "number" && ridge >= 0 && ridge < Number.POSITIVE_INFINITY;
  if (ridge === undefined || named || number) return;
  throw new RangeError(
    `${where}: ridge must be a finite number >= 0 or one of ${ridgeChoices.join(", ")}, got ${ridge}`,
  );
}

/**
 * Ridge regression over a kernel with one number a pair, the same for all outputs:
 *
 *     f(x) = b + sum_i K(x, x_i) a_i,    (K + ridge I) a = y - b
 *
 * Leaving one out keeps b where it is the targets' mean.
 *
 * Shapes: targets (N, C) for the N points of the kernel. Cost: n^3 / 3 at a given ridge, else all eigenpairs and `ridgeCurves`. Memory: one
 * matrix, beyond it another where a ridge is chosen.
 *
 * Errors: RangeError for what does not fit; NumericalError where K + ridge I is not positive definite.
 */
export async function ridgeMachine(
  kernel: MachineKernel,
  targets: Tensor,
  options: RidgeMachineOptions = {},
): Promise<RidgeMachine> {
  const { prior = "zero", signal, onProgress } = options;
  const [examples] = kernel.points.shape;
  const own = valueTargets("ridgeMachine", targets, examples);
  if (own.data.length === 0) throw new RangeError(`ridgeMachine: targets must hold numbers, got [${targets.shape}]`);
  requireRidge("ridgeMachine", options.ridge);
  if (prior !== "zero" && prior !== "mean")
    throw new RangeError(`ridgeMachine: prior must be zero or mean, got ${prior}`);
  const outputs = own.shape[1];
  const { left, base } = withoutPrior(own, prior);
  const call: MachineKernelCall = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const matrix = await kernel.matrix(call);
  signal?.throwIfAborted();
  const solution = await solveRidge("ridgeMachine", matrix, left, options);
  return {
    name: `ridge regression over ${kernel.name}`,
    outputs,
    points: kernel.points,
    kernel: (queries) => kernel.between(queries),
    prior: async ({ shape: [count] }) =>
      reals(
        [count, outputs],
        Float64Array.from({ length: count * outputs }, (_, at) => base[at % outputs]),
      ),
    link: identityLink,
    ...solution,
  };
}

/** The targets less the prior, and the prior (C). */
export function withoutPrior(
  targets: Matrix,
  prior: "zero" | "mean",
): { readonly left: Matrix; readonly base: Float64Array } {
  const [examples, outputs] = targets.shape;
  const base = new Float64Array(outputs);
  if (prior === "mean") for (const [at, value] of targets.data.entries()) base[at % outputs] += value / examples;
  return { left: { ...targets, data: targets.data.map((value, at) => value - base[at % outputs]) }, base };
}

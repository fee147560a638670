// What support vector classification and regression have in common: settings, what is told of a solution, a constant prior.

import type { KernelMachine } from "../kernels/kernel-machine.ts";
import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import { requireSymmetric } from "../numeric/linear-algebra/checks.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { reals } from "../numeric/tensor.ts";
import { type DualReport, type SvmSolver, svmSolvers } from "./dual-solver.ts";

export interface SupportVectorOptions extends MachineKernelCall {
  /** C, what a violation costs. Default 1. */
  readonly cost?: number;
  /** The largest violation of the conditions of optimality that may be left, in units of the decision value. Default 1e-3, libsvm's. */
  readonly tolerance?: number;
  /** Default `auto`. */
  readonly solver?: SvmSolver;
}

export interface SupportVectors {
  /** The points with a coefficient in any of the machine's decision values, ascending. */
  readonly support: Int32Array;
  /** b of each decision value. */
  readonly bias: Float64Array;
  /** How each decision value was solved for. */
  readonly reports: readonly DualReport[];
}

export interface SvmSettings {
  readonly cost: number;
  readonly tolerance: number;
  readonly solver: SvmSolver;
  readonly signal?: AbortSignal | undefined;
}

export function svmSettings(
  where: string,
  { points }: MachineKernel,
  { cost = 1, tolerance = 1e-3, solver = "auto", signal }: SupportVectorOptions,
): SvmSettings {
  if (points.shape[0] === 0) throw new RangeError(`${where}: points must be at least one, got 0`);
  for (const [what, value] of Object.entries({ cost, tolerance }))
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`${where}: ${what} must be a finite number > 0, got ${value}`);
  if (!svmSolvers.includes(solver))
    throw new RangeError(`${where}: solver must be one of ${svmSolvers.join(", ")}, got ${solver}`);
  return { cost, tolerance, solver, signal };
}

/** K of the points, checked. */
export async function svmMatrix(
  where: string,
  kernel: MachineKernel,
  { signal, onProgress }: MachineKernelCall,
): Promise<Matrix> {
  const matrix = await kernel.matrix({ ...(signal && { signal }), ...(onProgress && { onProgress }) });
  requireSymmetric(where, matrix);
  return matrix;
}

export function supportVectorsOf(
  coefficients: Float64Array,
  bias: Float64Array,
  reports: readonly DualReport[],
): SupportVectors {
  const c = bias.length;
  const n = coefficients.length / c;
  const used = (i: number): boolean => coefficients.subarray(i * c, (i + 1) * c).some((value) => value !== 0);
  return { support: Int32Array.from({ length: n }, (_, i) => i).filter(used), bias, reports };
}

/** b(x) = b. */
export function constantPrior(bias: Float64Array): KernelMachine["prior"] {
  const c = bias.length;
  return async ({ shape: [count] }) =>
    reals(
      [count, c],
      Float64Array.from({ length: count * c }, (_, at) => bias[at % c]),
    );
}

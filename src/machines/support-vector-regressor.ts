// Support vector regression over any kernel, as a kernel machine (Drucker and others 1997).

import { identityLink, type KernelMachine } from "../kernels/kernel-machine.ts";
import type { MachineKernel } from "../kernels/machine-kernel.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { reals, type Tensor } from "../numeric/tensor.ts";
import { type DualReport, solveBy } from "./dual-solver.ts";
import type { DualProblem } from "./smo.ts";
import {
  constantPrior,
  type SupportVectorOptions,
  type SupportVectors,
  supportVectorsOf,
  svmMatrix,
  svmSettings,
} from "./support-vectors.ts";
import { valueTargets } from "./targets.ts";

export interface SupportVectorRegressorOptions extends SupportVectorOptions {
  /** Errors up to this are none. Default 0.1. */
  readonly epsilon?: number;
}

export interface SupportVectorRegressor extends KernelMachine, SupportVectors {}

/**
 * Support vector regression, each of C outputs by itself:
 *
 *     f_c(x) = sum_i K(x, x_i) (alpha_ci - alpha*_ci) + b_c,    0 <= alpha, alpha* <= C
 *
 * minimises 1/2 |w|^2 + C sum_i max(0, |y_i - f(x_i)| - epsilon). As a kernel machine: coefficients alpha - alpha* (N, C), prior b.
 *
 * Shapes: targets (N, C). Memory: K (N, N). Cost: a solve for each output.
 * Errors: RangeError for what does not fit; InvalidDataError for numbers that are not finite; NumericalError where steps are not enough.
 */
export async function supportVectorRegressor(
  kernel: MachineKernel,
  targets: Tensor,
  options: SupportVectorRegressorOptions = {},
): Promise<SupportVectorRegressor> {
  const where = "supportVectorRegressor";
  const settings = svmSettings(where, kernel, options);
  const { epsilon = 0.1, onProgress } = options;
  if (!(epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY))
    throw new RangeError(`${where}: epsilon must be a finite number >= 0, got ${epsilon}`);
  const [n] = kernel.points.shape;
  const values = valueTargets(where, targets, n);
  const matrix = await svmMatrix(where, kernel, options);
  const outputs = values.shape[1];
  const coefficients = new Float64Array(n * outputs);
  const bias = new Float64Array(outputs);
  const reports: DualReport[] = [];
  for (let c = 0; c < outputs; c++) {
    const own = Float64Array.from({ length: n }, (_, i) => values.data[i * outputs + c]);
    const found = await solveBy(regressionProblem(matrix, own, epsilon, settings.cost), {
      ...settings,
      regression: { epsilon, targets: own },
    });
    bias[c] = found.bias;
    reports.push(found.report);
    for (let i = 0; i < n; i++) coefficients[i * outputs + c] = found.coefficients[i];
    onProgress?.({ stage: "support vectors", done: c + 1, total: outputs });
  }
  return {
    name: `support vector regression by the ${kernel.name}, C ${settings.cost}, epsilon ${epsilon}`,
    outputs,
    points: kernel.points,
    kernel: (queries) => kernel.between(queries),
    coefficients: reals([n, outputs], coefficients),
    prior: constantPrior(bias),
    link: identityLink,
    ...supportVectorsOf(coefficients, bias, reports),
  };
}

/** alpha of all points, then alpha* of all. */
function regressionProblem(kernel: Matrix, targets: Float64Array, epsilon: number, cost: number): DualProblem {
  const n = targets.length;
  return {
    kernel,
    points: Int32Array.from({ length: 2 * n }, (_, t) => t % n),
    signs: Int8Array.from({ length: 2 * n }, (_, t) => (t < n ? 1 : -1)),
    linear: Float64Array.from({ length: 2 * n }, (_, t) => (t < n ? epsilon - targets[t] : epsilon + targets[t - n])),
    cost,
  };
}

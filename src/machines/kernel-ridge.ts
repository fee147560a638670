// Kernel ridge regression over a tangent kernel, as a kernel machine.

import { gramMatrix } from "../kernels/gram-matrix.ts";
import { identityLink, modelPrior, zeroPrior } from "../kernels/kernel-machine.ts";
import { type KernelSolveOptions, kernelSolve } from "../kernels/solve.ts";
import { tangentKernel } from "../kernels/tangent-kernel.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";
import type { RidgeChoice } from "./ridge-curves.ts";
import { type RidgeMachine, type RidgeSolution, requireRidge, solveRidge } from "./ridge-machine.ts";

export interface KernelRidgeOptions
  extends Pick<KernelSolveOptions, "maxJitter" | "method" | "memoryBudget" | "algebra" | "signal" | "onProgress"> {
  /** A number >= 0 in the kernel's units, or by what to choose one of `ridges`. Default 0. */
  readonly ridge?: number | RidgeChoice;
  /** Those to choose among, `ridgeCurves`. */
  readonly ridges?: readonly number[];
  /** `blocks`: the C x C kernel (order N C); `trace`: one kernel for all outputs (order N). Default `blocks`. */
  readonly form?: "blocks" | "trace";
  /** `model`: the regression is of y - f(x; w), and f is added again; `zero`: of y. Default `model`. */
  readonly prior?: "model" | "zero";
}

/**
 * Ridge regression over the tangent kernel at `params`:
 *
 *     f(x) = b(x) + sum_i K(x, x_i) a_i,    (K + ridge I) a = y - b(X)
 *
 * a is linear in the targets y. With ridge 0 and the model as prior it is where gradient flow of the linearised model ends under a squared loss;
 * with ridge lambda it minimises sum |f - y|^2 + lambda |w - w_0|^2.
 *
 * A ridge that is chosen is that of the smallest error of leaving an example out, with all of its outputs, or of generalised cross-validation.
 *
 * Shapes: xs (N, ...), targets (N, C). Cost and memory: those of `kernelSolve`; where a ridge is chosen two matrices, and all eigenpairs.
 * Errors: RangeError for what does not fit; NumericalError where K + ridge I is not positive definite.
 */
export async function kernelRidge(
  task: Task,
  params: RealArray,
  xs: Tensor,
  targets: Tensor,
  options: KernelRidgeOptions = {},
): Promise<RidgeMachine> {
  const { form = "blocks", prior = "model", ridge = 0, ridges, ...solve } = options;
  const { outputs } = task;
  const shape = [xs.shape[0], outputs];
  if (form !== "blocks" && form !== "trace")
    throw new RangeError(`kernelRidge: form must be blocks or trace, got ${form}`);
  if (targets.shape.join() !== shape.join())
    throw new RangeError(`kernelRidge: targets must have shape [${shape}], got [${targets.shape}]`);
  requireRidge("kernelRidge", ridge);
  const start = prior === "zero" ? new Float64Array(targets.data.length) : await predict(task, params, { x: xs });
  const left = reals(
    shape,
    start.map((value, k) => Number(targets.data[k]) - value),
  );
  let solution: RidgeSolution;
  if (typeof ridge === "number") {
    const { alpha, jitter } = await kernelSolve(task, params, xs, left, { ...solve, form, ridge });
    solution = { coefficients: alpha, ridge, jitter };
  } else {
    const { signal, onProgress } = solve;
    const call = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    const matrix = await gramMatrix(task, params, xs, { ...call, form });
    solution = await solveRidge("kernelRidge", matrix, left, { ...solve, ridge, ...(ridges && { ridges }) });
  }
  return {
    name: `kernel ridge regression, ridge ${solution.ridge}`,
    outputs,
    points: xs,
    kernel: async (queries) => (await tangentKernel(task, params, queries, xs, { form })).kernel,
    prior: prior === "zero" ? zeroPrior(outputs) : modelPrior(task, params),
    link: identityLink,
    ...solution,
  };
}

// Kernel ridge regression over a tangent kernel, as a kernel machine.

import { identityLink, type KernelMachine, modelPrior, zeroPrior } from "../kernels/kernel-machine.ts";
import { type KernelSolveOptions, kernelSolve } from "../kernels/solve.ts";
import { tangentKernel } from "../kernels/tangent-kernel.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";

export interface KernelRidgeOptions
  extends Pick<
    KernelSolveOptions,
    "ridge" | "maxJitter" | "method" | "memoryBudget" | "algebra" | "signal" | "onProgress"
  > {
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
 * Shapes: xs (N, ...), targets (N, C). Cost and memory: those of `kernelSolve`.
 * Errors: RangeError for what does not fit; NumericalError where K + ridge I is not positive definite.
 */
export async function kernelRidge(
  task: Task,
  params: RealArray,
  xs: Tensor,
  targets: Tensor,
  options: KernelRidgeOptions = {},
): Promise<KernelMachine> {
  const { form = "blocks", prior = "model", ...solve } = options;
  const { outputs } = task;
  const shape = [xs.shape[0], outputs];
  if (form !== "blocks" && form !== "trace")
    throw new RangeError(`kernelRidge: form must be blocks or trace, got ${form}`);
  if (targets.shape.join() !== shape.join())
    throw new RangeError(`kernelRidge: targets must have shape [${shape}], got [${targets.shape}]`);
  const start = prior === "zero" ? new Float64Array(targets.data.length) : await predict(task, params, { x: xs });
  const left = reals(
    shape,
    start.map((value, k) => Number(targets.data[k]) - value),
  );
  const { alpha } = await kernelSolve(task, params, xs, left, { ...solve, form });
  return {
    name: `kernel ridge regression, ridge ${solve.ridge ?? 0}`,
    outputs,
    points: xs,
    kernel: async (queries) => (await tangentKernel(task, params, queries, xs, { form })).kernel,
    coefficients: alpha,
    prior: prior === "zero" ? zeroPrior(outputs) : modelPrior(task, params),
    link: identityLink,
  };
}

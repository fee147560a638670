// Gradient flow of a linearised model under a squared loss, in closed form: the kernel machine that a lazy network is.

import { gramMatrix } from "../kernels/gram-matrix.ts";
import { identityLink, type KernelMachine, modelPrior } from "../kernels/kernel-machine.ts";
import { tangentBlocks } from "../kernels/tangent-machine.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { LinearAlgebra } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";

export interface KernelFlowOptions {
  /** t: the sum of the step sizes. */
  readonly time: number;
  /**
   * Factor r of dL/df = r (f - y), in units of 1 / (N C). 1 is the loss `half-mse`, 2 is `mse`, both averaged over N examples. Default 1.
   */
  readonly rate?: number;
  readonly algebra?: LinearAlgebra;
  readonly signal?: AbortSignal;
}

/**
 * Where gradient flow of f_0 + J_0 (w - w_0) is at time t:
 *
 *     f_t(x) = f_0(x) + K(x, X) a,    a = K^-1 (1 - e^{-r t K / (N C)}) (y - f_0(X))
 *
 * mode by mode: (1 - e^{-r t lambda / (N C)}) / lambda, r t / (N C) where lambda is 0, so that no kernel is singular. Without end it is kernel
 * regression; ridge regression with ridge N C / (r t) is near it.
 *
 * Shapes: xs (N, ...), targets (N, C). Memory: one float64 matrix of order N C. Cost: its eigenpairs.
 * Errors: RangeError for what does not fit.
 */
export async function kernelGradientFlow(
  task: Task,
  params: RealArray,
  xs: Tensor,
  targets: Tensor,
  { time, rate = 1, algebra, signal }: KernelFlowOptions,
): Promise<KernelMachine> {
  const { outputs } = task;
  const shape = [xs.shape[0], outputs];
  if (targets.shape.join() !== shape.join())
    throw new RangeError(`kernelGradientFlow: targets must have shape [${shape}], got [${targets.shape}]`);
  if (!(time >= 0 && time < Number.POSITIVE_INFINITY))
    throw new RangeError(`kernelGradientFlow: time must be a finite number >= 0, got ${time}`);
  if (!(rate > 0)) throw new RangeError(`kernelGradientFlow: rate must be a number > 0, got ${rate}`);
  const start = await predict(task, params, { x: xs });
  const left = start.map((value, k) => Number(targets.data[k]) - value);
  const matrix = await gramMatrix(task, params, xs, { form: "blocks", ...(signal && { signal }) });
  const { values, vectors } = (algebra ?? (await openLinearAlgebra())).eigenpairs(matrix, { overwrite: true });
  const order = left.length;
  const alpha = new Float64Array(order);
  for (let j = 0; j < order; j++) {
    const vector = vectors.data.subarray(j * order, (j + 1) * order);
    const share = vector.reduce((total, value, k) => total + value * left[k], 0);
    const exponent = (rate * time * Math.max(0, values[j])) / order;
    // (1 - e^-z) / lambda = (r t / order) (1 - e^-z) / z, which is 1 at z = 0.
    const factor = exponent === 0 ? (rate * time) / order : -Math.expm1(-exponent) / values[j];
    for (let k = 0; k < order; k++) alpha[k] += factor * share * vector[k];
  }
  return {
    name: `gradient flow of the linearised model at time ${time}`,
    outputs,
    points: xs,
    kernel: tangentBlocks(task, params, xs),
    coefficients: reals(shape, alpha),
    prior: modelPrior(task, params),
    link: identityLink,
  };
}

// Training of a linearised model under a squared loss, in closed form and at any time: the kernel machine that a lazy network is.

import { NumericalError } from "../errors.ts";
import { gramMatrix } from "../kernels/gram-matrix.ts";
import { identityLink, type KernelMachine, modelPrior } from "../kernels/kernel-machine.ts";
import type { TangentKernelOptions } from "../kernels/tangent-kernel.ts";
import { tangentBlocks } from "../kernels/tangent-machine.ts";
import { openLinearAlgebra } from "../numeric/linear-algebra/load.ts";
import type { LinearAlgebra } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";
import { fromModes, ridgeModes } from "./ridge-modes.ts";

export interface KernelFlowOptions extends Pick<TangentKernelOptions, "signal" | "onProgress"> {
  /**
   * Factor r of dL/df = r (f - y), in units of 1 / (N C). 1 is the loss `half-mse`, 2 is `mse`, both averaged over N examples. Default 1.
   */
  readonly rate?: number;
  readonly algebra?: LinearAlgebra;
}

/** Of gradient flow the time, of gradient descent the steps of one size; infinity is where they end. */
export type Moment = { readonly time: number } | { readonly steps: number; readonly stepSize: number };

/** A linearised model on its way; all moments share one decomposition. */
export interface KernelFlow {
  /** lambda_j of the kernel in blocks, descending (N C). */
  readonly values: Float64Array;
  /** r lambda_j / (N C): what mode j of the residual decays by, e^(-rate t), a unit of time. */
  readonly rates: Float64Array;
  /** The machine at a moment. */
  machine(at: Moment): KernelMachine;
  /** f_t(x) of queries (Q, ...) at T moments: (T, Q, C). One kernel between queries and points, (N C)^2 + Q N C^2 operations a moment. */
  predict(queries: Tensor, moments: readonly Moment[]): Promise<Tensor<"float64">>;
  /**
   * The ridge whose regression stopping there is nearest to, N C / (r t). It shrinks mode j by 1 / (1 + z), flow by e^-z, z = r t lambda_j / (N C):
   * the two differ by at most 0.204 of a mode (at z = 2.51), and by z^2 / 2 where z is small.
   */
  equivalentRidge(at: Moment): number;
}

/**
 * Where training of f_0 + J_0 (w - w_0) by gradient flow is at time t, for all t:
 *
 *     f_t(x) = f_0(x) + K(x, X) a,    a = K^-1 (1 - e^{-r t K / (N C)}) (y - f_0(X))
 *
 * and by k steps of gradient descent of size eta, with (1 - eta r K / (N C))^k in the place of the exponential. Mode by mode, with r t / (N C)
 * where lambda is 0, so that no kernel is singular. Without end it is kernel regression (of the kernel's range, where it has no full rank).
 *
 * Shapes: xs (N, ...), targets (N, C). Memory: two float64 matrices of order N C. Cost: all eigenpairs, once.
 * Errors: RangeError for what does not fit; NumericalError for descent without end, or as far as numbers go, at a step size past stability.
 *
 * @see Jacot et al. 2018, section 5, arXiv:1806.07572; Lee et al. 2019, equation 10, arXiv:1902.06720
 */
export async function kernelGradientFlow(
  task: Task,
  params: RealArray,
  xs: Tensor,
  targets: Tensor,
  { rate = 1, algebra, ...call }: KernelFlowOptions = {},
): Promise<KernelFlow> {
  const { outputs } = task;
  const shape = [xs.shape[0], outputs];
  if (targets.shape.join() !== shape.join())
    throw new RangeError(`kernelGradientFlow: targets must have shape [${shape}], got [${targets.shape}]`);
  if (!(rate > 0 && rate < Number.POSITIVE_INFINITY))
    throw new RangeError(`kernelGradientFlow: rate must be a number > 0, got ${rate}`);
  const start = await predict(task, params, { x: xs });
  const left = reals(
    shape,
    start.map((value, k) => Number(targets.data[k]) - value),
  );
  const matrix = await gramMatrix(task, params, xs, { form: "blocks", ...call });
  call.signal?.throwIfAborted();
  const modes = ridgeModes(matrix, left, algebra ?? (await openLinearAlgebra()), { overwrite: true });
  const order = left.data.length;
  const { values } = modes;
  const rates = values.map((value) => (rate * value) / order);
  const prior = modelPrior(task, params);
  const kernel = tangentBlocks(task, params, xs);
  const coefficients = (at: Moment): Float64Array => fromModes(modes, factorsOf(values, rates, at, rate / order));
  return {
    values,
    rates,
    machine: (at) => ({
      name: `linearised model after ${nameOf(at)}`,
      outputs,
      points: xs,
      kernel,
      coefficients: reals(shape, coefficients(at)),
      prior,
      link: identityLink,
    }),
    async predict(queries, moments) {
      const each = moments.map(coefficients);
      const [base, blocks] = [(await prior(queries)).data as RealArray, (await kernel(queries)).data as RealArray];
      const count = queries.shape[0] * outputs;
      const to = new Float64Array(moments.length * count);
      each.forEach((a, t) => {
        for (let q = 0; q < count; q++) to[t * count + q] = base[q] + rowTimes(blocks, a, q, outputs);
      });
      return reals([moments.length, queries.shape[0], outputs], to);
    },
    equivalentRidge: (at) => order / (rate * timeOf(at)),
  };
}

/** Row (query, c) of blocks (Q, N, C, C) times a (N, C). */
function rowTimes(blocks: RealArray, a: Float64Array, row: number, outputs: number): number {
  const [query, c] = [Math.floor(row / outputs), row % outputs];
  const examples = a.length / outputs;
  let total = 0;
  for (let n = 0; n < examples; n++) {
    const from = ((query * examples + n) * outputs + c) * outputs;
    for (let d = 0; d < outputs; d++) total += blocks[from + d] * a[n * outputs + d];
  }
  return total;
}

const nameOf = (at: Moment): string => ("time" in at ? `time ${at.time}` : `${at.steps} steps of ${at.stepSize}`);

/** t of a moment; RangeError for one that is none. */
function timeOf(at: Moment): number {
  const refuse = (must: string): never => {
    throw new RangeError(`kernelGradientFlow: ${must}`);
  };
  if ("time" in at) return at.time >= 0 ? at.time : refuse(`time must be a number >= 0, got ${at.time}`);
  const { steps, stepSize } = at;
  if (!(steps === Number.POSITIVE_INFINITY || (Number.isSafeInteger(steps) && steps >= 0)))
    refuse(`steps must be a whole number >= 0 or infinity, got ${steps}`);
  if (!(stepSize > 0 && stepSize < Number.POSITIVE_INFINITY)) refuse(`stepSize must be a number > 0, got ${stepSize}`);
  return steps * stepSize;
}

/** (1 - what is left of mode j) / lambda_j, and its limit `slope` t where lambda_j is 0. */
function factorsOf(values: Float64Array, rates: Float64Array, at: Moment, slope: number): Float64Array {
  const time = timeOf(at);
  if (time === Number.POSITIVE_INFINITY) return endsOf(values, rates, at);
  return values.map((value, j) => {
    if (value === 0) return slope * time;
    if ("time" in at) return -Math.expm1(-rates[j] * time) / value;
    const z = rates[j] * at.stepSize;
    const gone = z < 1 ? -Math.expm1(at.steps * Math.log1p(-z)) : 1 - (1 - z) ** at.steps;
    if (Number.isFinite(gone)) return gone / value;
    throw new NumericalError(`kernelGradientFlow: ${nameOf(at)} must stay finite, got (1 - ${z})^${at.steps}`, {
      hint: "take a step size below 2 over the largest rate",
    });
  });
}

/** 1 / lambda_j over the kernel's range: what is outside moves no output. */
function endsOf(values: Float64Array, rates: Float64Array, at: Moment): Float64Array {
  const least = values.length * 2 ** -52 * (values[0] ?? 0);
  if ("steps" in at && at.stepSize * (rates[0] ?? 0) >= 2)
    throw new NumericalError(
      `kernelGradientFlow: stepSize must be below ${2 / rates[0]} for descent without end, got ${at.stepSize}`,
    );
  return values.map((value) => (value > least ? 1 / value : 0));
}

// The flows that training tends to as its steps shrink, by Runge and Kutta's method, with the kernel integrals of their theorems.

import type { RealArray } from "../numeric/tensor.ts";
import {
  type Dynamics,
  type FlowState,
  firstTime,
  memoryOf,
  requireDynamics,
  scaleInto,
  squareRateOf,
} from "./dynamics.ts";
import { type FlowFields, meanRow, requireParams } from "./field.ts";
import { KernelIntegral } from "./history.ts";

export interface GradientFlowOptions {
  /** Trained parameters at the start (p). */
  readonly params: RealArray;
  /** T, in units of step size times steps. */
  readonly time: number;
  /** M: steps of the integrator, and pieces of the quadrature. */
  readonly pieces: number;
  /** Default: gradient flow. */
  readonly dynamics?: Dynamics;
  readonly signal?: AbortSignal;
}

/** R = Q C rows: the output elements of each query side by side. */
export interface GradientFlow {
  /** M + 1 times. */
  readonly times: Float64Array;
  /** f(x; theta(t)): (M + 1, R). */
  readonly outputs: Float64Array;
  /** f(x; theta(0)): (R). */
  readonly prior: Float64Array;
  /** f(x; theta(T)): (R). */
  readonly output: Float64Array;
  /** The kernel integral of each training example: (R, n). */
  readonly contributions: Float64Array;
  /** output - prior - sum of contributions: the error of the quadrature, O(1/M^2). (R). */
  readonly residual: Float64Array;
  /** The state at T; `params` are the trained ones. */
  readonly state: FlowState;
}

/** d state / dt at a time. */
type Drift = (t: number, state: FlowState) => Promise<FlowState>;

function driftOf(fields: FlowFields, dynamics: Dynamics): Drift {
  const [c, rho] = [memoryOf(dynamics), squareRateOf(dynamics)];
  const scale = new Float64Array(fields.size);
  return async (t, { params, mean, square }) => {
    const gradient = meanRow(await fields.gradients(params), fields.size);
    scaleInto(dynamics, t, square, scale);
    const moving = c === undefined ? gradient : mean;
    return {
      params: params.map((_, k) => -scale[k] * moving[k]),
      mean: mean.map((m, k) => (c === undefined ? 0 : c * (gradient[k] - m))),
      square: square.map((v, k) => (rho === undefined ? 0 : rho * (gradient[k] ** 2 - v))),
    };
  };
}

/** a + h b, column by column. */
function moved(a: FlowState, h: number, b: FlowState): FlowState {
  const add = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, k) => value + h * y[k]);
  return { params: add(a.params, b.params), mean: add(a.mean, b.mean), square: add(a.square, b.square) };
}

/** One step of the classical method of order 4. */
async function rungeKutta(drift: Drift, t: number, h: number, state: FlowState): Promise<FlowState> {
  const a = await drift(t, state);
  const b = await drift(t + h / 2, moved(state, h / 2, a));
  const c = await drift(t + h / 2, moved(state, h / 2, b));
  const d = await drift(t + h, moved(state, h, c));
  return moved(moved(moved(moved(state, h / 6, a), h / 3, b), h / 3, c), h / 6, d);
}

function startOf(dynamics: Dynamics, params: Float64Array, gradient: Float64Array): FlowState {
  const t = firstTime(dynamics);
  const [c, rho] = [memoryOf(dynamics) ?? 0, squareRateOf(dynamics) ?? 0];
  // From 0, RMSprop's scale would be singular as t^{-1/2}: it begins where it rests.
  if (dynamics.kind === "rmsprop") return { params, mean: gradient.map(() => 0), square: gradient.map((g) => g * g) };
  return { params, mean: gradient.map((g) => c * t * g), square: gradient.map((g) => rho * t * g * g) };
}

/**
 * Follows the flow of training, all examples at once, and writes each output as f(x; theta(T)) = f(x; theta(0)) + sum_i I_i(x):
 *
 *     gradient   d theta = -alpha(t) grad L dt,        I_i = -1/n int alpha l_i' K_t(x, x_i) dt         (Thm 2.2, Cor. A.1; theory 1.4, (4), (30))
 *     momentum   dm = lambda (grad L - m) dt, d theta = -m dt,                                          (Thm 3.5, (16))
 *                I_i = -lambda/n int int_0^t e^{-lambda (t-s)} l_i'(s) K_{t,s}(x, x_i) ds dt
 *     rmsprop    dv = rho (grad L^2 - v) dt, d theta = -P^-1 grad L dt, I_i with K_t^{P^-1}             (Thm 3.6, (20))
 *     adam       both, with sqrt(gamma_2) / gamma_1 and K_{t,s}^{P^-1}                                  (Thm 3.7, (24))
 *
 * The deterministic parts of the theorems: without the noise of minibatches. m begins at 0, RMSprop's v where it rests, at grad L(theta(0))^2. Outputs are exact to the O(1/M^4) of the integrator, sums
 * to the O(1/M^2) of the trapezoidal rule, which `residual` is. A smooth model is assumed (Assumption 2.1): with ReLU both orders are lost.
 *
 * Cost: 5 M gradients of all examples, M + 1 Jacobians of all rows, 2 R n p M on the host; memory 5 (n p) + R p. Errors: RangeError for options that do
 * not fit; rejects with the signal's reason when aborted.
 *
 * @see Guo, He and Morel, arXiv:2603.13872
 */
export async function gradientFlow(fields: FlowFields, options: GradientFlowOptions): Promise<GradientFlow> {
  const { time, pieces, dynamics = { kind: "gradient" }, signal } = options;
  requireParams("gradientFlow", fields, options.params);
  requireDynamics("gradientFlow", dynamics);
  const first = firstTime(dynamics);
  if (!(time > first && time < Infinity)) throw new RangeError(`gradientFlow: time must be positive, got ${time}`);
  if (!Number.isSafeInteger(pieces) || pieces < 1)
    throw new RangeError(`gradientFlow: pieces must be a positive integer, got ${pieces}`);
  const { rows } = fields;
  const integral = new KernelIntegral(dynamics, { ...fields, start: first });
  const drift = driftOf(fields, dynamics);
  const params = Float64Array.from(options.params);
  let state = startOf(dynamics, params, meanRow(await fields.gradients(params), fields.size));
  const prior = await fields.values(params);
  const h = (time - first) / pieces;
  const times = Float64Array.from({ length: pieces + 1 }, (_, k) => first + k * h);
  const outputs = new Float64Array(times.length * rows);
  for (const [k, t] of times.entries()) {
    signal?.throwIfAborted();
    if (k > 0) state = await rungeKutta(drift, times[k - 1], h, state);
    const gradients = await fields.gradients(state.params);
    integral.add({ t, square: state.square, gradients, jacobians: await fields.jacobians(state.params) });
    outputs.set(await fields.values(state.params), k * rows);
  }
  const output = outputs.slice(-rows);
  const contributions = integral.values();
  return { times, outputs, prior, output, contributions, residual: leftOver(output, prior, contributions), state };
}

/** output - prior - sum over examples: (R). */
export function leftOver(output: Float64Array, prior: Float64Array, contributions: Float64Array): Float64Array {
  const n = contributions.length / output.length;
  return output.map((value, r) =>
    contributions.subarray(r * n, (r + 1) * n).reduce((left, contribution) => left - contribution, value - prior[r]),
  );
}

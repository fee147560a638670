// Sequential minimal optimisation in float64 of the dual problem of support vector machines (Fan, Chen and Lin 2005, as in libsvm).

import { NumericalError } from "../errors.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";

/**
 * min over alpha of 1/2 sum_st s_s s_t K(x_s, x_t) alpha_s alpha_t + sum_t p_t alpha_t,  0 <= alpha_t <= C,  sum_t s_t alpha_t = 0
 *
 * over M variables of N points: of a classifier one a point, of a regression two.
 */
export interface DualProblem {
  /** K: (N, N), symmetric. */
  readonly kernel: Matrix;
  /** The point of each variable (M). */
  readonly points: Int32Array;
  /** s_t, 1 or -1 (M). */
  readonly signs: Int8Array;
  /** p (M). */
  readonly linear: Float64Array;
  /** C. */
  readonly cost: number;
}

export interface SmoOptions {
  /** The largest violation of the conditions of optimality that may be left, in units of the decision value. */
  readonly tolerance: number;
  /** Where to begin (M), feasible; default: zeros. */
  readonly start?: Float64Array | undefined;
  /** Default: 10,000,000. */
  readonly maxSteps?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DualSolution {
  /** alpha (M). */
  readonly alpha: Float64Array;
  /** Of each point the sum of its s_t alpha_t (N): what its kernel is multiplied by in the decision value. */
  readonly coefficients: Float64Array;
  /** b of the decision value sum_i K(x, x_i) coefficients_i + b. */
  readonly bias: number;
  /** The violation that is left. */
  readonly gap: number;
  /** Pairs of variables that were moved. */
  readonly steps: number;
}

/** In the place of a curvature that is not positive; libsvm's. */
const TAU = 1e-12;
/** Sums over a row are exact to some of these: a violation below is rounding, and cannot be reduced. */
const ROUNDING = 32 * 2 ** -52;
const MAX_STEPS = 10_000_000;
const SIGNAL_EVERY = 1024;

interface State extends DualProblem {
  readonly alpha: Float64Array;
  /** K times the coefficients (N), without bias. */
  readonly image: Float64Array;
}

/**
 * Solves by pairs: i of the largest violation, j of the largest second-order gain with it, until no pair violates by more than the tolerance, or by
 * more than the rounding of decision values (`gap` says how much is left).
 *
 * Everything is float64. libsvm keeps K in float32, and what it gives violates the conditions of the problem by some 1e-7 of the size of its
 * decision values, whatever its tolerance; begun from there, these are the last steps. Where no variable is between its bounds, the bias is
 * the middle of what it may be, as in libsvm.
 *
 * Cost: M + N operations a step. Errors: NumericalError where `maxSteps` are not enough; the signal's reason.
 */
export function solveDual(
  problem: DualProblem,
  { tolerance, start, maxSteps = MAX_STEPS, signal }: SmoOptions,
): DualSolution {
  const alpha = start?.slice() ?? new Float64Array(problem.points.length);
  const state: State = { ...problem, alpha, image: imageOf(problem, alpha) };
  for (let steps = 0, fresh = true; ; ) {
    const { i, up, low } = mostViolating(state);
    const floor = ROUNDING * largest(state.image);
    if (!(up - low > Math.max(tolerance, floor))) {
      if (fresh)
        return {
          alpha,
          coefficients: coefficientsOf(state),
          bias: biasOf(state, up, low),
          gap: Math.max(0, up - low),
          steps,
        };
      // Updates add up their rounding: the end is judged by an image that is made again.
      state.image.set(imageOf(problem, alpha));
      fresh = true;
      continue;
    }
    if (steps === maxSteps)
      throw new NumericalError(
        `support vectors: a violation of ${tolerance} must be reached in ${maxSteps} steps, got ${up - low}`,
        {
          hint: "ask for a larger tolerance or a smaller cost",
        },
      );
    if (steps++ % SIGNAL_EVERY === 0) signal?.throwIfAborted();
    move(state, i, partnerOf(state, { i, up, floor }));
    fresh = false;
  }
}

const largest = (data: Float64Array): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** -s_t times the derivative in alpha_t: the bias must be at least that where s_t alpha_t may grow, at most where it may fall. */
const slope = ({ signs, linear, image, points }: State, t: number): number => -signs[t] * linear[t] - image[points[t]];

interface Violation {
  /** The variable of the largest slope among those that may grow. */
  readonly i: number;
  readonly up: number;
  /** The least slope of those that may fall. */
  readonly low: number;
}

// The loops over variables are the whole cost: their arrays are held in constants, which made them three times as fast.

function mostViolating({ signs, linear, image, points, alpha, cost }: State): Violation {
  let [i, up, low] = [-1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let t = 0; t < alpha.length; t++) {
    const sign = signs[t];
    const value = -sign * linear[t] - image[points[t]];
    const own = alpha[t];
    if (value > up && (sign > 0 ? own < cost : own > 0)) {
      up = value;
      i = t;
    }
    if (value < low && (sign > 0 ? own > 0 : own < cost)) low = value;
  }
  return { i, up, low };
}

/** The variable whose move with i gains the most to second order. */
function partnerOf(
  { kernel, signs, linear, image, points, alpha, cost }: State,
  { i, up, floor }: Pick<Violation, "i" | "up"> & { readonly floor: number },
): number {
  const { data } = kernel;
  const n = kernel.shape[0];
  const row = points[i] * n;
  const own = data[row + points[i]];
  let [j, most] = [-1, Number.NEGATIVE_INFINITY];
  for (let t = 0; t < alpha.length; t++) {
    if (!(signs[t] > 0 ? alpha[t] > 0 : alpha[t] < cost)) continue;
    const point = points[t];
    const apart = up + signs[t] * linear[t] + image[point];
    // Of equal points the curvature is zero, and a difference of rounding would be the largest gain.
    if (!(apart > floor)) continue;
    const curvature = own + data[point * n + point] - 2 * data[row + point];
    const gain = (apart * apart) / (curvature > 0 ? curvature : TAU);
    if (gain > most) {
      most = gain;
      j = t;
    }
  }
  return j;
}

/** Moves s_i alpha_i up and s_j alpha_j down by as much, to the minimum along that line or the first bound. */
function move(state: State, i: number, j: number): void {
  const { kernel, points, signs, alpha, cost, image } = state;
  const n = kernel.shape[0];
  const [a, b] = [points[i] * n, points[j] * n];
  const curvature = kernel.data[a + points[i]] + kernel.data[b + points[j]] - 2 * kernel.data[a + points[j]];
  const wanted = (slope(state, i) - slope(state, j)) / (curvature > 0 ? curvature : TAU);
  const ofI = signs[i] > 0 ? cost - alpha[i] : alpha[i];
  const ofJ = signs[j] > 0 ? alpha[j] : cost - alpha[j];
  const by = Math.min(wanted, ofI, ofJ);
  // At a bound exactly, not beside it by rounding.
  alpha[i] = by === ofI ? (signs[i] > 0 ? cost : 0) : alpha[i] + signs[i] * by;
  alpha[j] = by === ofJ ? (signs[j] > 0 ? 0 : cost) : alpha[j] - signs[j] * by;
  const { data } = kernel;
  for (let r = 0; r < n; r++) image[r] += by * (data[a + r] - data[b + r]);
}

function coefficientsOf({
  kernel,
  points,
  signs,
  alpha,
}: DualProblem & { readonly alpha: Float64Array }): Float64Array {
  const coefficients = new Float64Array(kernel.shape[0]);
  for (let t = 0; t < alpha.length; t++) coefficients[points[t]] += signs[t] * alpha[t];
  return coefficients;
}

function imageOf(problem: DualProblem, alpha: Float64Array): Float64Array {
  const { data, shape } = problem.kernel;
  const n = shape[0];
  const image = new Float64Array(n);
  for (const [i, value] of coefficientsOf({ ...problem, alpha }).entries())
    if (value !== 0) for (let r = 0; r < n; r++) image[r] += value * data[i * n + r];
  return image;
}

/** The mean slope of the variables between their bounds, which is b there. */
function biasOf(state: State, up: number, low: number): number {
  let [total, free] = [0, 0];
  for (let t = 0; t < state.alpha.length; t++)
    if (state.alpha[t] > 0 && state.alpha[t] < state.cost) {
      total += slope(state, t);
      free++;
    }
  if (free > 0) return total / free;
  return Number.isFinite(up) && Number.isFinite(low) ? (up + low) / 2 : Number.isFinite(up) ? up : low;
}

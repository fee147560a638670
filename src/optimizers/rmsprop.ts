// RMSprop (Hinton, lecture 6e, 2012; centered: Graves 2013, arXiv:1308.0850): torch.optim.RMSprop.

import { checkPullback, checkUpdate, TILE } from "./buffers.ts";
import { flag, fraction, nonNegative, type OptimizerOptions, positive, resolveOptions } from "./options.ts";
import type { Buffers, FormArguments, Optimizer, PullbackArguments, PullbackForm, UpdateArguments } from "./types.ts";

const RULES = {
  lr: positive(1e-2),
  alpha: fraction(0.99),
  eps: nonNegative(1e-8),
  momentum: fraction(0),
  centered: flag(false),
  weightDecay: nonNegative(0),
};

const SQUARE = "squareAverage";
const MEAN = "gradientAverage";
const MOMENTUM = "momentum";

interface Settings {
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
  readonly centered: boolean;
  readonly weightDecay: number;
}

/**
 * RMSprop as PyTorch has it: no bias correction, eps after the root, momentum over preconditioned gradients.
 * With G_s = g_s + lambda w_s, and v, gbar, b zero before step 0:
 *
 *     v_s = alpha v_{s-1} + (1 - alpha) G_s^2, gbar_s = alpha gbar_{s-1} + (1 - alpha) G_s
 *     P_s = 1 / (sqrt(v_s) + eps), centered: 1 / (sqrt(v_s - gbar_s^2) + eps)
 *     Delta_s = -eta_s P_s G_s, with momentum: b_s = mu b_{s-1} + P_s G_s, Delta_s = -eta_s b_s
 *
 * Where rounding makes v_s - gbar_s^2 negative, it is taken as 0 (PyTorch: NaN).
 */
export function createRmsprop(name: string, given: OptimizerOptions): Optimizer {
  const options = resolveOptions(name, given, RULES);
  const carries = options.momentum > 0;
  const buffers = [SQUARE, ...(options.centered ? [MEAN] : []), ...(carries ? [MOMENTUM] : [])];
  return {
    name,
    options,
    stepSize: options.lr,
    buffers,
    memory: carries ? { buffer: MOMENTUM, factor: options.momentum } : undefined,
    plain: undefined,
    update(args) {
      checkUpdate(args, buffers);
      update(args, options);
    },
    pullback(args) {
      checkPullback(args, buffers, carries);
      pull(args, options);
      return { coupled: options.weightDecay, decoupled: 0 };
    },
    form: (args) => formOf(args, options),
  };
}

function update(args: UpdateArguments, { alpha, eps, momentum, weightDecay }: Settings): void {
  const { params, gradient, stepSize, buffers } = args;
  const v = buffers[SQUARE];
  const mean = buffers[MEAN];
  const b = buffers[MOMENTUM];
  for (let i = 0; i < params.length; i++) {
    const w = params[i];
    const G = gradient[i] + weightDecay * w;
    v[i] = alpha * v[i] + (1 - alpha) * G * G;
    // State is read back once stored: the pull-back recomputes P_s from the stored columns (rounded, in float32).
    let variance = v[i];
    if (mean !== undefined) {
      mean[i] = alpha * mean[i] + (1 - alpha) * G;
      variance = Math.max(0, variance - mean[i] * mean[i]);
    }
    const scaled = G / (Math.sqrt(variance) + eps);
    if (b === undefined) params[i] = w - stepSize * scaled;
    else {
      b[i] = momentum * b[i] + scaled;
      params[i] = w - stepSize * b[i];
    }
  }
}

/** P_s of parameters start .. start + size. */
function preconditionerInto(P: Float64Array, buffers: Buffers, at: { start: number; size: number; eps: number }): void {
  const { start, size, eps } = at;
  const v = buffers[SQUARE];
  const mean = buffers[MEAN];
  for (let k = 0; k < size; k++) {
    const i = start + k;
    const variance = mean === undefined ? v[i] : Math.max(0, v[i] - mean[i] * mean[i]);
    P[k] = 1 / (Math.sqrt(variance) + eps);
  }
}

/**
 * u_s = eta_s P_s J_s^T; with momentum z_s = eta_s J_s^T + mu z_{s+1}, u_s = P_s z_s, with P of the step whose gradient
 * is pulled on. Tile by tile, P once for all rows; scratch: one tile per call.
 */
function pull({ buffers, stepSize, jacobian, carry, data }: PullbackArguments, { eps, momentum }: Settings): void {
  const p = buffers[SQUARE].length;
  const P = new Float64Array(Math.min(TILE, p));
  for (let start = 0; start < p; start += TILE) {
    const size = Math.min(TILE, p - start);
    preconditionerInto(P, buffers, { start, size, eps });
    for (let row = start; row < jacobian.length; row += p) {
      if (momentum === 0) {
        for (let k = 0; k < size; k++) data[row + k] = stepSize * P[k] * jacobian[row + k];
        continue;
      }
      for (let k = 0; k < size; k++) {
        const z = stepSize * jacobian[row + k] + momentum * carry[row + k];
        carry[row + k] = z;
        data[row + k] = P[k] * z;
      }
    }
  }
}

/** The two recursions above as coefficients. */
function formOf({ buffers, stepSize }: FormArguments, { eps, momentum, weightDecay }: Settings): PullbackForm {
  const P = new Float64Array(buffers[SQUARE].length);
  preconditionerInto(P, buffers, { start: 0, size: P.length, eps });
  const decay = { coupled: weightDecay, decoupled: 0 };
  if (momentum === 0) {
    for (let k = 0; k < P.length; k++) P[k] *= stepSize;
    return { into: 0, keep: 0, direct: P, out: 0, ...decay };
  }
  return { into: stepSize, keep: momentum, direct: 0, out: P, ...decay };
}

// What Adam and AdamW share: moments (Kingma & Ba 2015, arXiv:1412.6980), AMSGrad (Reddi et al. 2018), the pull-back.

import { checkPullback, checkUpdate, TILE } from "./buffers.ts";
import { flag, fraction, nonNegative, positive } from "./options.ts";
import type { Buffers, FormArguments, Optimizer, PullbackArguments, PullbackForm, UpdateArguments } from "./types.ts";

const FIRST = "firstMoment";
const SECOND = "secondMoment";
const PEAK = "maxSecondMoment";

/** The options of both, with PyTorch's defaults; `weightDecay` is the one default in which they differ. */
export function momentRules(weightDecay: number) {
  return {
    lr: positive(1e-3),
    beta1: fraction(0.9),
    beta2: fraction(0.999),
    eps: nonNegative(1e-8),
    amsgrad: flag(false),
    weightDecay: nonNegative(weightDecay),
  };
}

export interface MomentOptions {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly amsgrad: boolean;
  readonly weightDecay: number;
}

interface Settings extends MomentOptions {
  /** lambda of the decay that is added to the gradient (Adam). */
  readonly coupled: number;
  /** lambda of the decay that multiplies the parameters (AdamW). */
  readonly decoupled: number;
}

/**
 * Adam with either weight decay. With G_s = g_s + lambda w_s (coupled), m and v zero before step 0, t = s + 1:
 *
 *     m_s = beta1 m_{s-1} + (1 - beta1) G_s, v_s = beta2 v_{s-1} + (1 - beta2) G_s^2
 *     P_s = 1 / ((1 - beta1^t) (sqrt(v_s) / sqrt(1 - beta2^t) + eps))
 *     Delta_s = -eta_s P_s m_s, decoupled: -eta_s (P_s m_s + lambda w_s)
 *
 * AMSGrad puts max_{r <= s} v_r, of the raw v, in the place of v_s.
 */
export function createFromMoments(
  name: string,
  options: MomentOptions & Record<string, number | boolean>,
  decay: "coupled" | "decoupled",
): Optimizer {
  const buffers = [FIRST, SECOND, ...(options.amsgrad ? [PEAK] : [])];
  const { weightDecay } = options;
  const settings: Settings = {
    ...options,
    coupled: decay === "coupled" ? weightDecay : 0,
    decoupled: decay === "decoupled" ? weightDecay : 0,
  };
  return {
    name,
    options,
    stepSize: options.lr,
    buffers,
    memory: { buffer: FIRST, factor: options.beta1 },
    plain: undefined,
    update(args) {
      checkUpdate(args, buffers);
      update(args, settings);
    },
    pullback(args) {
      checkPullback(args, buffers, true);
      pull(args, settings);
      return { coupled: settings.coupled, decoupled: args.stepSize * settings.decoupled };
    },
    form: (args) => formOf(args, settings),
  };
}

function update({ params, gradient, buffers, step, stepSize }: UpdateArguments, settings: Settings): void {
  const { beta1, beta2, eps, coupled, decoupled } = settings;
  const m = buffers[FIRST];
  const v = buffers[SECOND];
  const peak = settings.amsgrad ? buffers[PEAK] : v;
  const rate = stepSize / (1 - beta1 ** (step + 1));
  const correction = 1 / Math.sqrt(1 - beta2 ** (step + 1));
  const kept = 1 - stepSize * decoupled;
  for (let i = 0; i < params.length; i++) {
    const w = params[i];
    const G = gradient[i] + coupled * w;
    m[i] = beta1 * m[i] + (1 - beta1) * G;
    v[i] = beta2 * v[i] + (1 - beta2) * G * G;
    // State is read back once stored: the pull-back recomputes P_s from the stored columns (rounded, in float32).
    if (v[i] > peak[i]) peak[i] = v[i];
    params[i] = kept * w - (rate * m[i]) / (Math.sqrt(peak[i]) * correction + eps);
  }
}

/** eta_s P_s of parameters start .. start + size. */
function scaledInto(P: Float64Array, peak: Buffers[string], at: { start: number; size: number } & Factors): void {
  const { start, size, rate, correction, eps } = at;
  for (let k = 0; k < size; k++) P[k] = rate / (Math.sqrt(peak[start + k]) * correction + eps);
}

interface Factors {
  readonly rate: number;
  readonly correction: number;
  readonly eps: number;
}

/** What P_s is made of. */
function factorsOf(step: number, stepSize: number, { beta1, beta2, eps }: Settings): Factors {
  return { rate: stepSize / (1 - beta1 ** (step + 1)), correction: 1 / Math.sqrt(1 - beta2 ** (step + 1)), eps };
}

/**
 * z_s = eta_s P_s J_s^T + beta1 z_{s+1}; u_s = (1 - beta1) z_s, with P of the step that applies the gradient.
 * Tile by tile, P once for all rows; scratch: one tile per call.
 */
function pull({ buffers, step, stepSize, jacobian, carry, data }: PullbackArguments, settings: Settings): void {
  const { beta1 } = settings;
  const peak = settings.amsgrad ? buffers[PEAK] : buffers[SECOND];
  const p = peak.length;
  const factors = factorsOf(step, stepSize, settings);
  const P = new Float64Array(Math.min(TILE, p));
  for (let start = 0; start < p; start += TILE) {
    const size = Math.min(TILE, p - start);
    scaledInto(P, peak, { start, size, ...factors });
    for (let row = start; row < jacobian.length; row += p) {
      for (let k = 0; k < size; k++) {
        const z = P[k] * jacobian[row + k] + beta1 * carry[row + k];
        carry[row + k] = z;
        data[row + k] = (1 - beta1) * z;
      }
    }
  }
}

/** The recursion above as coefficients. */
function formOf({ buffers, step, stepSize }: FormArguments, settings: Settings): PullbackForm {
  const { beta1, coupled, decoupled } = settings;
  const peak = settings.amsgrad ? buffers[PEAK] : buffers[SECOND];
  const into = new Float64Array(peak.length);
  scaledInto(into, peak, { start: 0, size: into.length, ...factorsOf(step, stepSize, settings) });
  return { into, keep: beta1, direct: 0, out: 1 - beta1, coupled, decoupled: stepSize * decoupled };
}

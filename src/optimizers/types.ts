// What every optimizer is: an update and its pull-back, side by side.

import type { RealArray } from "../numeric/tensor.ts";

/** Named state columns, each as long as the parameters. */
export type Buffers = Readonly<Record<string, RealArray>>;

export interface UpdateArguments {
  /** w_s on entry, w_{s+1} on return; written in place. */
  readonly params: RealArray;
  /** Gradient of the loss at w_s, without any weight decay (the optimizer adds that). Left as it is. */
  readonly gradient: RealArray;
  /** Its Euclidean norm: read where it is clipped by that. */
  readonly gradientNorm?: number | undefined;
  /** State columns before the step on entry, after it on return; written in place; zeros before step 0. */
  readonly buffers: Buffers;
  /** Index s of this step, from 0. */
  readonly step: number;
  /** eta_s. */
  readonly stepSize: number;
}

/** Of all parameters, or of some that lie together: the recursion is coordinate by coordinate. */
export interface PullbackArguments {
  /** State columns as they stood after step s. */
  readonly buffers: Buffers;
  readonly step: number;
  readonly stepSize: number;
  /** Averaged Jacobian of each row along segment s: (R, p) row-major. Left as it is. */
  readonly jacobian: RealArray;
  /** z_{s+1}: (R, p), zeros when s is the last step; replaced by z_s in place. Empty for optimizers without a carry. */
  readonly carry: RealArray;
  /** Receives u_s: (R, p), the pull of step s on the gradients of its own examples (theory 1.2). */
  readonly data: RealArray;
}

/**
 * The state column m that later steps are linear in: without new gradients, m_s = factor m_{s-1}. The pull-back of m_{s-1} on all
 * steps from s on is factor z_s.
 */
export interface GradientMemory {
  readonly buffer: string;
  readonly factor: number;
}

/** What multiplies w_s in the two decay terms of step s. */
export interface DecayCoefficients {
  /** lambda: the coupled term of the step is -lambda u_s . w_s. */
  readonly coupled: number;
  /** eta_s lambda: the decoupled term is -eta_s lambda J_s . w_s. */
  readonly decoupled: number;
}

/** One number for all coordinates, or one for each. */
export type Coefficient = number | Float64Array;

/** Of which step: its state columns as they stood after it, for all parameters or for some that lie together. */
export type FormArguments = Pick<PullbackArguments, "buffers" | "step" | "stepSize">;

/**
 * The pull-back of one step as the coefficients of its recursion, coordinate by coordinate (theory 1.2):
 *
 *     z_s = into J_s^T + keep z_{s+1},    u_s = direct J_s^T + out z_s
 *
 * For those who run the recursion elsewhere than on the host, and where every coefficient is a number, on factors of J_s. Which of them are
 * numbers does not depend on the step.
 */
export interface PullbackForm extends DecayCoefficients {
  readonly into: Coefficient;
  readonly keep: number;
  readonly direct: Coefficient;
  readonly out: Coefficient;
}

/** What gradients of the loss are multiplied by before the optimizer has them; its own weight decay is not (theory 1.1, 5). */
export interface Clipping {
  readonly name: "norm" | "value";
  /** Every setting as it is used. */
  readonly options: Readonly<Record<string, number>>;
  /** Its state columns, which are among those of the optimizer. */
  readonly buffers: readonly string[];
  /** alpha_s of a step: by norm one number, by value one for each parameter. RangeError where what it depends on is not there. */
  factor(step: ClippedStep): number | RealArray;
}

/** What is recorded of a clipped step: the norm of its gradient before the clip, and the state columns as they stood after it. */
export interface ClippedStep {
  readonly gradientNorm?: number | undefined;
  readonly buffers: Buffers;
}

/**
 * A first-order optimizer: linear in its stream of gradients once its state is recorded,
 *
 *     Delta_s = - sum_{r <= s} A_{s,r} (sum_i g_{r,i} + rho_r) - D_s w_s        (theory 1.1, eq. 2)
 *
 * and its pull-back u_r = sum_{s >= r} A_{s,r} J_s^T by one backward recursion (theory 1.2).
 */
export interface Optimizer {
  readonly name: string;
  /** Every hyper-parameter as it is used, none left to a default. */
  readonly options: Readonly<Record<string, number | boolean>>;
  /** eta before any schedule. */
  readonly stepSize: number;
  /** Names of the state columns. */
  readonly buffers: readonly string[];
  /** Undefined where a step depends on the gradients before it through its preconditioner only: then nothing is carried. */
  readonly memory: GradientMemory | undefined;
  /**
   * Where every step is Delta_s = -eta_s (G_s + weightDecay w_s), with nothing but numbers between gradients and step: no state, u_s =
   * eta_s J_s^T. Undefined for every other optimizer.
   */
  readonly plain: { readonly weightDecay: number } | undefined;
  /** Where gradients are clipped before the update; `pullback` and `form` give u_s all the same, which gradients of the loss meet times alpha_s. */
  readonly clipping?: Clipping | undefined;
  update(args: UpdateArguments): void;
  pullback(args: PullbackArguments): DecayCoefficients;
  /** What `pullback` does, as coefficients; memory: p for each that is not a number. */
  form(args: FormArguments): PullbackForm;
}

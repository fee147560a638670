// Gradient clipping as a part of the optimizer: what the gradients of a step are multiplied by before it has them.

import type { RealArray } from "../numeric/tensor.ts";
import type { Clipping, Optimizer, UpdateArguments } from "./types.ts";

/** torch.nn.utils.clip_grad_norm_ adds it to the norm. */
const EPSILON = 1e-6;

/** What a caller may ask for. */
export interface ClippingOptions {
  /** tau: the gradient of a step, of all trained parameters together, is shortened to this norm where it is longer. */
  readonly norm?: number | undefined;
}

function requireThreshold(name: string, value: number): void {
  if (value > 0 && value < Infinity) return;
  throw new RangeError(`withClipping: ${name} must be a finite number > 0, got ${value}`);
}

/** alpha_s = min(1, tau / (||G_s|| + 1e-6)): one number, a function of the recorded norm, so that nothing else has to be kept. */
function byNorm(maximum: number): Clipping {
  return {
    name: "norm",
    options: { maximum, epsilon: EPSILON },
    factor({ gradientNorm }) {
      if (gradientNorm === undefined || Number.isNaN(gradientNorm))
        throw new RangeError(`clipping by norm: gradientNorm must be given, got ${gradientNorm}`);
      return Math.min(1, maximum / (gradientNorm + EPSILON));
    },
  };
}

/**
 * The optimizer behind a clip of its gradients (PyTorch's clip_grad_norm_). G_s, the gradient of the loss and of the regularisers in it, becomes
 * alpha_s G_s; coupled weight decay is added by the optimizer afterwards, outside the clip. The pull-back stays the optimizer's: what
 * it gives is u_s, and gradients of the loss meet alpha_s u_s (theory 1.1, 5).
 *
 * Memory: p for the clipped gradient. RangeError unless the threshold is a finite number > 0.
 */
export function withClipping(optimizer: Optimizer, { norm }: ClippingOptions): Optimizer {
  if (norm === undefined) return optimizer;
  requireThreshold("norm", norm);
  const clipping = byNorm(norm);
  let clipped: RealArray | undefined;
  return {
    ...optimizer,
    clipping,
    update(args: UpdateArguments) {
      const { gradient } = args;
      const alpha = clipping.factor(args);
      if (alpha === 1) return optimizer.update(args);
      if (clipped?.length !== gradient.length || clipped.constructor !== gradient.constructor) clipped = gradient.slice();
      for (let k = 0; k < gradient.length; k++) clipped[k] = alpha * gradient[k];
      optimizer.update({ ...args, gradient: clipped });
    },
  };
}

/** A name and the settings of a clip, as they are recorded. */
interface Recorded {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
}

/** What `withClipping` takes, of a record of it. RangeError for a record that it does not make. */
export function clippingOptions({ name, options: { maximum, epsilon } }: Recorded): ClippingOptions {
  if (name !== "norm") throw new RangeError(`clipping: name must be norm, got ${name}`);
  if (typeof maximum !== "number") throw new RangeError(`clipping: maximum must be a number, got ${maximum}`);
  if (epsilon !== EPSILON) throw new RangeError(`clipping: epsilon must be ${EPSILON}, got ${epsilon}`);
  return { norm: maximum };
}

// Gradient clipping as a part of the optimizer: what the gradients of a step are multiplied by before it has them.

import type { RealArray } from "../numeric/tensor.ts";
import type { Buffers, ClippedStep, Clipping, Optimizer, UpdateArguments } from "./types.ts";

/** torch.nn.utils.clip_grad_norm_ adds it to the norm. */
const EPSILON = 1e-6;
/** The state column of a clip by value. */
const FACTOR = "clipFactor";

/** What a caller may ask for: one of both, or nothing. */
export interface ClippingOptions {
  /** The gradient of a step, of all trained parameters together, is shortened to this norm where it is longer. */
  readonly norm?: number | undefined;
  /** Every coordinate of it is brought into [-value, value]. */
  readonly value?: number | undefined;
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
    buffers: [],
    factor({ gradientNorm }) {
      if (gradientNorm === undefined || Number.isNaN(gradientNorm))
        throw new RangeError(`clipping by norm: gradientNorm must be given, got ${gradientNorm}`);
      return Math.min(1, maximum / (gradientNorm + EPSILON));
    },
  };
}

/** alpha_s = clamp(G_s) / G_s, 1 where G_s = 0: a number for each parameter, which is kept with the optimizer's state. */
function byValue(maximum: number): Clipping {
  return { name: "value", options: { maximum }, buffers: [FACTOR], factor: ({ buffers }) => columnOf(buffers) };
}

function columnOf(buffers: Buffers): RealArray {
  const column = buffers[FACTOR];
  if (column) return column;
  const got = Object.keys(buffers).join(", ") || "none";
  throw new RangeError(`clipping by value: buffers must have a column ${FACTOR}, got ${got}`);
}

/** The factors of this step, to be multiplied as they are stored: what is pulled back is then linear in the gradient. */
function storeFactors({ gradient, buffers }: UpdateArguments, maximum: number): void {
  const alpha = columnOf(buffers);
  for (let k = 0; k < gradient.length; k++) {
    const size = Math.abs(gradient[k]);
    alpha[k] = size > maximum ? maximum / size : 1;
  }
}

/** An array like that one, the same where it has the same length and type. */
function like(known: RealArray | undefined, wanted: RealArray): RealArray {
  return known?.length === wanted.length && known.constructor === wanted.constructor ? known : wanted.slice();
}

/**
 * The optimizer behind a clip of its gradients, PyTorch's clip_grad_norm_ or clip_grad_value_. G_s, the gradient of the loss and of the
 * regularisers in it, becomes alpha_s G_s; weight decay is the optimizer's and stays outside the clip. The pull-back stays what it was: it
 * gives u_s, and gradients of the loss meet alpha_s u_s (theory 1.1, 5).
 *
 * Memory: p for the clipped gradient, and by value a state column of p. RangeError unless the threshold is a finite number > 0, and one of both.
 */
export function withClipping(optimizer: Optimizer, { norm, value }: ClippingOptions): Optimizer {
  if (norm === undefined && value === undefined) return optimizer;
  if (norm !== undefined && value !== undefined)
    throw new RangeError(`withClipping: norm or value must be given, got both ${norm} and ${value}`);
  requireThreshold(norm === undefined ? "value" : "norm", norm ?? (value as number));
  const clipping = norm === undefined ? byValue(value as number) : byNorm(norm);
  let clipped: RealArray | undefined;
  return {
    ...optimizer,
    clipping,
    buffers: [...optimizer.buffers, ...clipping.buffers],
    plain: norm === undefined ? undefined : optimizer.plain,
    update(args: UpdateArguments) {
      const { gradient } = args;
      if (value !== undefined) storeFactors(args, value);
      const alpha = clipping.factor(args);
      if (alpha === 1) return optimizer.update(args);
      clipped = like(clipped, gradient);
      if (typeof alpha === "number") for (let k = 0; k < gradient.length; k++) clipped[k] = alpha * gradient[k];
      else for (let k = 0; k < gradient.length; k++) clipped[k] = alpha[k] * gradient[k];
      optimizer.update({ ...args, gradient: clipped });
    },
  };
}

/** alpha_s as a number for all parameters, or, beside a 1, as one for each: what a clip left of the gradients of a step. */
export interface Share {
  readonly share: number;
  readonly shares: RealArray | undefined;
}

/** Of a step, with the state columns as they stood after it; all of it where nothing is clipped. */
export function shareOf({ clipping }: Pick<Optimizer, "clipping">, step: ClippedStep): Share {
  const alpha = clipping?.factor(step) ?? 1;
  return typeof alpha === "number" ? { share: alpha, shares: undefined } : { share: 1, shares: alpha };
}

/** State columns that other programs have of the optimizer too: all but those of a clip. */
export function ownColumns({ buffers, clipping }: Pick<Optimizer, "buffers" | "clipping">): readonly string[] {
  return buffers.filter((name) => !clipping?.buffers.includes(name));
}

/** A name and the settings of a clip, as they are recorded. */
interface Recorded {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
}

/** What `withClipping` takes, of a record of it. RangeError for a record that it does not make. */
export function clippingOptions({ name, options: { maximum, epsilon } }: Recorded): ClippingOptions {
  if (name !== "norm" && name !== "value") throw new RangeError(`clipping: name must be norm or value, got ${name}`);
  if (typeof maximum !== "number") throw new RangeError(`clipping: maximum must be a number, got ${maximum}`);
  if (name === "value") return { value: maximum };
  if (epsilon !== EPSILON) throw new RangeError(`clipping: epsilon must be ${EPSILON}, got ${epsilon}`);
  return { norm: maximum };
}

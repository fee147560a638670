// Gradient descent, with momentum (Polyak 1964), dampening, Nesterov's form (Sutskever et al. 2013): torch.optim.SGD.

import { checkPullback, checkUpdate } from "./buffers.ts";
import { flag, fraction, nonNegative, type OptimizerOptions, positive, resolveOptions, share } from "./options.ts";
import type {
  DecayCoefficients,
  FormArguments,
  Optimizer,
  PullbackArguments,
  PullbackForm,
  UpdateArguments,
} from "./types.ts";

const RULES = {
  lr: positive(undefined),
  momentum: fraction(0),
  dampening: share(0),
  nesterov: flag(false),
  weightDecay: nonNegative(0),
};

const MOMENTUM = "momentum";

interface Settings {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent as PyTorch has it. With G_s = g_s + lambda w_s, momentum mu and dampening tau:
 *
 *     plain:     Delta_s = -eta_s G_s
 *     momentum:  b_0 = G_0, b_s = mu b_{s-1} + (1 - tau) G_s, Delta_s = -eta_s b_s
 *     Nesterov:  b_s as above with tau = 0, Delta_s = -eta_s (G_s + mu b_s)
 *
 * The first value of the buffer is the undampened gradient.
 *
 * Throws RangeError where Nesterov's form lacks momentum or is dampened.
 */
export function createSgd(name: string, given: OptimizerOptions): Optimizer {
  const options = resolveOptions(name, given, RULES);
  const { momentum, dampening, nesterov } = options;
  if (nesterov && momentum === 0) {
    throw new RangeError(`createOptimizer: nesterov of ${name} must come with momentum > 0, got momentum ${momentum}`);
  }
  if (nesterov && dampening !== 0) {
    throw new RangeError(`createOptimizer: nesterov of ${name} must come with dampening 0, got dampening ${dampening}`);
  }
  const carries = momentum > 0;
  const buffers = carries ? [MOMENTUM] : [];
  return {
    name,
    options,
    stepSize: options.lr,
    buffers,
    memory: carries ? { buffer: MOMENTUM, factor: momentum } : undefined,
    plain: carries ? undefined : { weightDecay: options.weightDecay },
    update(args) {
      checkUpdate(args, buffers);
      if (carries) updateMomentum(args, options);
      else updatePlain(args, options);
    },
    pullback(args) {
      checkPullback(args, buffers, carries);
      if (!carries) pullPlain(args);
      else if (nesterov) pullNesterov(args, options);
      else pullMomentum(args, options);
      return decayOf(options);
    },
    form: (args) => formOf(args, options),
  };
}

function decayOf({ weightDecay }: Settings): DecayCoefficients {
  return { coupled: weightDecay, decoupled: 0 };
}

function updatePlain({ params, gradient, stepSize }: UpdateArguments, { weightDecay }: Settings): void {
  for (let i = 0; i < params.length; i++) params[i] -= stepSize * (gradient[i] + weightDecay * params[i]);
}

/** kappa_s of theory 1.2: how much of G_s enters the buffer. */
function intake(step: number, dampening: number): number {
  return step === 0 ? 1 : 1 - dampening;
}

function updateMomentum(args: UpdateArguments, { momentum, dampening, nesterov, weightDecay }: Settings): void {
  const { params, gradient, step, stepSize } = args;
  const b = args.buffers[MOMENTUM];
  const kappa = intake(step, dampening);
  for (let i = 0; i < params.length; i++) {
    const w = params[i];
    const G = gradient[i] + weightDecay * w;
    b[i] = momentum * b[i] + kappa * G;
    // b[i] is read back, so that the step is made of the state as it is stored (rounded, in float32).
    params[i] = w - stepSize * (nesterov ? G + momentum * b[i] : b[i]);
  }
}

/** u_s = eta_s J_s^T. */
function pullPlain({ jacobian, data, stepSize }: PullbackArguments): void {
  for (let k = 0; k < jacobian.length; k++) data[k] = stepSize * jacobian[k];
}

/** z_s = eta_s J_s^T + mu z_{s+1}; u_s = kappa_s z_s. */
function pullMomentum(args: PullbackArguments, { momentum, dampening }: Settings): void {
  const { jacobian, carry, data, step, stepSize } = args;
  const kappa = intake(step, dampening);
  for (let k = 0; k < jacobian.length; k++) {
    const z = stepSize * jacobian[k] + momentum * carry[k];
    carry[k] = z;
    data[k] = kappa * z;
  }
}

/** z_s = mu (eta_s J_s^T + z_{s+1}); u_s = eta_s J_s^T + z_s. */
function pullNesterov({ jacobian, carry, data, stepSize }: PullbackArguments, { momentum }: Settings): void {
  for (let k = 0; k < jacobian.length; k++) {
    const own = stepSize * jacobian[k];
    const z = momentum * (own + carry[k]);
    carry[k] = z;
    data[k] = own + z;
  }
}

/** The three recursions above as coefficients. */
function formOf({ step, stepSize }: FormArguments, settings: Settings): PullbackForm {
  const { momentum, dampening, nesterov } = settings;
  const decay = decayOf(settings);
  if (momentum === 0) return { into: 0, keep: 0, direct: stepSize, out: 0, ...decay };
  if (nesterov) return { into: momentum * stepSize, keep: momentum, direct: stepSize, out: 1, ...decay };
  return { into: stepSize, keep: momentum, direct: 0, out: intake(step, dampening), ...decay };
}

// How each optimizer moves one example's share of the gradient into its share of the step, forwards: PyTorch's formulas, written out.

import type { Optimizer } from "../../src/optimizers/types.ts";
import type { Checkpoint } from "../../src/run/types.ts";

export interface Application {
  readonly step: number;
  readonly stepSize: number;
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  /** The account's momentum; moved on in place. */
  readonly momentum: Float64Array;
  /** g_{s,i}; undefined when the example is not in the batch. */
  readonly gradient: Float64Array | undefined;
  /** Whether the account is that of the decay, whose gradient is lambda w_s (coupled), and whose step eta lambda w_s (decoupled). */
  readonly isDecay: boolean;
}

/** What is subtracted from the parameters on the account of one example. */
export type ApplyStep = (application: Application) => Float64Array;

type Numbers = Readonly<Record<string, number>>;

/** The preconditioner of a state, element by element; recomputed here from the recorded columns. */
type Preconditioner = (state: Checkpoint, k: number) => number;

export function applicationOf({ name, options }: Optimizer): ApplyStep {
  const numbers = options as Numbers;
  if (name.startsWith("adam")) return applyAdam(numbers, options.amsgrad === true, name === "adamw");
  if (name === "rmsprop") return applyRmsprop(numbers, options.centered === true);
  return applySgd(numbers, options.nesterov === true);
}

/** g_s of an account: its gradient, or lambda w_s for the decay. */
function gradientAt({ gradient, isDecay, from }: Application, lambda: number, k: number): number {
  if (isDecay) return lambda * from.params[k];
  return gradient ? gradient[k] : 0;
}

function applySgd({ momentum: mu, dampening, weightDecay }: Numbers, nesterov: boolean): ApplyStep {
  return (a) => {
    const intake = a.step === 0 ? 1 : 1 - dampening;
    return a.momentum.map((_, k) => {
      const g = gradientAt(a, weightDecay, k);
      if (mu === 0) return a.stepSize * g;
      a.momentum[k] = mu * a.momentum[k] + intake * g;
      return a.stepSize * (nesterov ? g + mu * a.momentum[k] : a.momentum[k]);
    });
  };
}

function applyRmsprop({ momentum: mu, weightDecay, eps }: Numbers, centered: boolean): ApplyStep {
  const P: Preconditioner = ({ buffers }, k) => {
    const mean = centered ? buffers.gradientAverage[k] : 0;
    return 1 / (Math.sqrt(Math.max(0, buffers.squareAverage[k] - mean * mean)) + eps);
  };
  return (a) =>
    a.momentum.map((_, k) => {
      a.momentum[k] = mu * a.momentum[k] + P(a.to, k) * gradientAt(a, weightDecay, k);
      return a.stepSize * a.momentum[k];
    });
}

function applyAdam({ beta1, beta2, eps, weightDecay }: Numbers, amsgrad: boolean, decoupled: boolean): ApplyStep {
  const P: Preconditioner = ({ buffers, step: t }, k) => {
    const v = (amsgrad ? buffers.maxSecondMoment : buffers.secondMoment)[k];
    return 1 / ((1 - beta1 ** t) * (Math.sqrt(v) / Math.sqrt(1 - beta2 ** t) + eps));
  };
  return (a) =>
    a.momentum.map((_, k) => {
      if (a.isDecay && decoupled) return a.stepSize * weightDecay * a.from.params[k];
      a.momentum[k] = beta1 * a.momentum[k] + (1 - beta1) * gradientAt(a, weightDecay, k);
      return a.stepSize * P(a.to, k) * a.momentum[k];
    });
}

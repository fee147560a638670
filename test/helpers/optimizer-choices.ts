// The optimizer variants that exactness is shown for, with step sizes that move a small network by a good part of its output.

import type { ClippingOptions } from "../../src/optimizers/clipping.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";

export interface OptimizerChoice {
  readonly label: string;
  /** As `createOptimizer` takes it. */
  readonly name: string;
  readonly options: OptimizerOptions;
  /** As `withClipping` takes it. */
  readonly clipping?: ClippingOptions;
  /** As `createRegulariser` takes them. */
  readonly regularisers?: readonly string[];
}

const choice = (label: string, name: string, options: OptimizerOptions): OptimizerChoice => ({ label, name, options });

/** Every optimizer with every switch that changes its update or its pull-back. */
export const optimizerChoices: readonly OptimizerChoice[] = [
  choice("gd", "gd", { lr: 0.1 }),
  choice("sgd", "sgd", { lr: 0.05 }),
  choice("sgd decay", "sgd", { lr: 0.05, weightDecay: 0.02 }),
  choice("momentum", "momentum", { lr: 0.02 }),
  choice("momentum dampening", "momentum", { lr: 0.04, dampening: 0.5 }),
  choice("momentum decay", "momentum", { lr: 0.02, weightDecay: 0.01 }),
  choice("momentum dampening decay", "momentum", { lr: 0.04, dampening: 0.5, weightDecay: 0.01 }),
  choice("nesterov", "nesterov", { lr: 0.02 }),
  choice("nesterov decay", "nesterov", { lr: 0.02, weightDecay: 0.01 }),
  choice("rmsprop", "rmsprop", { lr: 0.005 }),
  choice("rmsprop decay", "rmsprop", { lr: 0.005, weightDecay: 0.02 }),
  choice("rmsprop momentum", "rmsprop", { lr: 0.002, momentum: 0.9 }),
  choice("rmsprop momentum decay", "rmsprop", { lr: 0.002, momentum: 0.9, weightDecay: 0.02 }),
  choice("rmsprop centered", "rmsprop", { lr: 0.003, alpha: 0.95, centered: true }),
  choice("rmsprop centered momentum decay", "rmsprop", {
    lr: 0.003,
    alpha: 0.95,
    centered: true,
    momentum: 0.5,
    weightDecay: 0.02,
  }),
  choice("adam", "adam", { lr: 0.01 }),
  choice("adam decay", "adam", { lr: 0.01, weightDecay: 0.02 }),
  choice("amsgrad", "adam", { lr: 0.01, betas: [0.9, 0.9], amsgrad: true }),
  choice("amsgrad decay", "adam", { lr: 0.01, betas: [0.9, 0.9], amsgrad: true, weightDecay: 0.02 }),
  choice("adamw", "adamw", { lr: 0.01, weightDecay: 0.1 }),
  choice("adamw no decay", "adamw", { lr: 0.01, weightDecay: 0 }),
  choice("adamw amsgrad", "adamw", { lr: 0.01, betas: [0.9, 0.9], amsgrad: true, weightDecay: 0.1 }),
];

/** The choice of that label. */
export function optimizerChoice(label: string): OptimizerChoice {
  const found = optimizerChoices.find((candidate) => candidate.label === label);
  if (!found) throw new RangeError(`optimizerChoice: label must be known, got ${label}`);
  return found;
}

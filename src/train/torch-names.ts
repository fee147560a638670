// What PyTorch calls optimizers, their options and states, and losses, in our words; each of our own words stays as it is.

import { InvalidDataError } from "../errors.ts";
import { lossNames, lossOf } from "../losses/registry.ts";
import type { Loss } from "../losses/types.ts";
import { splitSpec } from "../numeric/spec.ts";
import type { OptimizerOptions } from "../optimizers/options.ts";

const OPTIMIZERS: ReadonlyMap<string, string> = new Map([
  ["SGD", "sgd"],
  ["RMSprop", "rmsprop"],
  ["Adam", "adam"],
  ["AdamW", "adamw"],
]);

/**
 * Classes of torch.nn and functions of torch.nn.functional. On logarithms of probabilities, which are their own logits, the negative
 * log-likelihood is the cross-entropy: in values, and in gradients behind the log-softmax that made them.
 */
const LOSSES: ReadonlyMap<string, string> = new Map([
  ["MSELoss", "mse"],
  ["mse_loss", "mse"],
  ["CrossEntropyLoss", "cross-entropy"],
  ["cross_entropy", "cross-entropy"],
  ["NLLLoss", "cross-entropy"],
  ["nll_loss", "cross-entropy"],
  ["BCEWithLogitsLoss", "binary-cross-entropy"],
  ["binary_cross_entropy_with_logits", "binary-cross-entropy"],
  ["HuberLoss", "huber"],
  ["huber_loss", "huber"],
  ["PoissonNLLLoss", "poisson"],
  ["poisson_nll_loss", "poisson"],
  ["MultiMarginLoss", "multi-margin"],
  ["multi_margin_loss", "multi-margin"],
]);

const STATE: ReadonlyMap<string, string> = new Map([
  ["momentum_buffer", "momentum"],
  ["square_avg", "squareAverage"],
  ["grad_avg", "gradientAverage"],
  ["exp_avg", "firstMoment"],
  ["exp_avg_sq", "secondMoment"],
  ["max_exp_avg_sq", "maxSecondMoment"],
]);

/** How a step is computed, not what it is. */
const IMPLEMENTATION = new Set(["foreach", "capturable", "fused", "differentiable"]);

export type RawOptions = Readonly<Record<string, number | boolean | null | readonly number[]>>;

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * The optimizer of these words, for `createOptimizer`. InvalidDataError for `maximize`, which is no descent. AdamW is told by
 * `decoupled_weight_decay` where torch has it in Adam too.
 */
export function optimizerFrom(
  name: string,
  { maximize, decoupled_weight_decay: decoupled, ...rest }: RawOptions,
): { name: string; options: OptimizerOptions } {
  if (maximize) throw new InvalidDataError(`options of ${name}: maximize must be false, got ${maximize}`);
  const kept = Object.entries(rest).filter(([key, value]) => !IMPLEMENTATION.has(key) && value !== null);
  const known = OPTIMIZERS.get(name) ?? name;
  return {
    name: known === "adam" && decoupled === true ? "adamw" : known,
    options: Object.fromEntries(kept.map(([key, value]) => [camelCase(key), value])) as OptimizerOptions,
  };
}

/** The loss of that name, with an option of ours behind a colon where it has one; InvalidDataError with the known ones for any other. */
export function lossFrom(name: string): Loss {
  const [torch, option] = splitSpec(name);
  const known = LOSSES.get(torch) ?? torch;
  if (lossNames.includes(known)) return lossOf(option === undefined ? known : `${known}:${option}`);
  const names = [...LOSSES.keys(), ...lossNames].join(", ");
  throw new InvalidDataError(`the loss must be one of ${names}, got ${name}`, {
    hint: "BCELoss reads probabilities: leave the last sigmoid out of the model and use BCEWithLogitsLoss",
  });
}

/** Our name of a state column. */
export function stateColumnFrom(name: string): string {
  return STATE.get(name) ?? name;
}

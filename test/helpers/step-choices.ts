// Optimizers whose gradients are clipped, or have regularisers in them: what enters a step beside the examples.

import type { ClippingOptions } from "../../src/optimizers/clipping.ts";
import type { OptimizerOptions } from "../../src/optimizers/options.ts";
import type { OptimizerChoice } from "./optimizer-choices.ts";

/** Every pull-back, with either decay, since a clip is before all of them: label, name, options. */
const OPTIMIZERS: readonly (readonly [string, string, OptimizerOptions])[] = [
  ["sgd", "sgd", { lr: 0.1 }],
  ["sgd decay", "sgd", { lr: 0.1, weightDecay: 0.02 }],
  ["momentum dampening decay", "momentum", { lr: 0.04, dampening: 0.5, weightDecay: 0.01 }],
  ["nesterov decay", "nesterov", { lr: 0.02, weightDecay: 0.01 }],
  ["rmsprop momentum decay", "rmsprop", { lr: 0.005, momentum: 0.5, weightDecay: 0.02 }],
  ["adam decay", "adam", { lr: 0.01, weightDecay: 0.02 }],
  ["adamw", "adamw", { lr: 0.01, weightDecay: 0.1 }],
];

/** A threshold that some of the steps of a small network stay under, and others do not. */
const BY_NORM: ClippingOptions = { norm: 0.6 };
const BY_VALUE: ClippingOptions = { value: 0.04 };

function choicesOf(kind: string, added: Pick<OptimizerChoice, "clipping" | "regularisers">): OptimizerChoice[] {
  return OPTIMIZERS.map(([label, name, options]) => ({ label: `${label}, ${kind}`, name, options, ...added }));
}

export const clippedChoices: readonly OptimizerChoice[] = [
  ...choicesOf("clipped by norm", { clipping: BY_NORM }),
  ...choicesOf("clipped by value", { clipping: BY_VALUE }),
];

export const regularisedChoices: readonly OptimizerChoice[] = [
  ...choicesOf("l1 and distance", { regularisers: ["l1:0.002", "distance:0.05"] }),
  ...choicesOf("l2 and elastic, clipped by norm", {
    regularisers: ["l2:0.01", "elastic:0.001,0.02"],
    clipping: BY_NORM,
  }),
  ...choicesOf("l1 and distance, clipped by value", {
    regularisers: ["l1:0.002", "distance:0.05"],
    clipping: BY_VALUE,
  }),
];

export const stepChoices: readonly OptimizerChoice[] = [...clippedChoices, ...regularisedChoices];

/** Every optimizer once, and every kind: what `npm test` takes of a list in which the optimizers follow one another for each kind. */
export function oneOfEach(choices: readonly OptimizerChoice[]): OptimizerChoice[] {
  const kinds = choices.length / OPTIMIZERS.length;
  return choices.filter((_, i) => ((i % OPTIMIZERS.length) + Math.floor(i / OPTIMIZERS.length)) % kinds === 0);
}

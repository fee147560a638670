// The optimizers behind clips: thresholds that some of the steps of a small network stay under, and others do not.

import type { OptimizerChoice } from "./optimizer-choices.ts";

const NORM = 0.6;

/** With momentum, a preconditioner and either decay, since the clip is before all of them. */
export const clippedChoices: readonly OptimizerChoice[] = [
  { label: "sgd clipped by norm", name: "sgd", options: { lr: 0.1 }, clipping: { norm: NORM } },
  { label: "sgd decay clipped by norm", name: "sgd", options: { lr: 0.1, weightDecay: 0.02 }, clipping: { norm: NORM } },
  {
    label: "momentum dampening decay clipped by norm",
    name: "momentum",
    options: { lr: 0.04, dampening: 0.5, weightDecay: 0.01 },
    clipping: { norm: NORM },
  },
  {
    label: "nesterov decay clipped by norm",
    name: "nesterov",
    options: { lr: 0.02, weightDecay: 0.01 },
    clipping: { norm: NORM },
  },
  {
    label: "rmsprop decay clipped by norm",
    name: "rmsprop",
    options: { lr: 0.005, momentum: 0.5, weightDecay: 0.02 },
    clipping: { norm: NORM },
  },
  { label: "adam decay clipped by norm", name: "adam", options: { lr: 0.01, weightDecay: 0.02 }, clipping: { norm: NORM } },
  { label: "adamw clipped by norm", name: "adamw", options: { lr: 0.01, weightDecay: 0.1 }, clipping: { norm: NORM } },
];

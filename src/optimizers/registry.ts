// All optimizers by name.

import { createAdam } from "./adam.ts";
import { createAdamW } from "./adamw.ts";
import type { OptimizerOptions } from "./options.ts";
import { createRmsprop } from "./rmsprop.ts";
import { createSgd } from "./sgd.ts";
import type { Optimizer } from "./types.ts";

interface Member {
  readonly create: (name: string, options: OptimizerOptions) => Optimizer;
  /** What the name itself says, where the caller does not say otherwise. */
  readonly implied?: OptimizerOptions;
}

const MEMBERS: ReadonlyMap<string, Member> = new Map<string, Member>([
  ["gd", { create: createSgd }],
  ["sgd", { create: createSgd }],
  ["momentum", { create: createSgd, implied: { momentum: 0.9 } }],
  ["nesterov", { create: createSgd, implied: { momentum: 0.9, nesterov: true } }],
  ["rmsprop", { create: createRmsprop }],
  ["adam", { create: createAdam }],
  ["adamw", { create: createAdamW }],
]);

/** Names that `createOptimizer` knows. */
export const optimizerNames: readonly string[] = [...MEMBERS.keys()];

/**
 * The optimizer of that name, with PyTorch's semantics and defaults. `lr` must be given, except for rmsprop (1e-2),
 * adam and adamw (1e-3). `createOptimizer(o.name, o.options)` makes `o` again.
 *
 * Throws RangeError for an unknown name or option, a missing `lr`, or a value out of range; TypeError for a wrong type.
 *
 * @example createOptimizer("adamw", { lr: 3e-4, betas: [0.9, 0.95], weightDecay: 0.1 })
 */
export function createOptimizer(name: string, options: OptimizerOptions = {}): Optimizer {
  const member = MEMBERS.get(name);
  if (member === undefined) {
    throw new RangeError(`createOptimizer: name must be one of ${optimizerNames.join(", ")}, got ${name}`);
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return member.create(name, { ...member.implied, ...given });
}

// Training against an opponent that moves with every step: a generator against a discriminator that learns, or against the best possible one.

import {
  type AdversarialForm,
  adversarialLoss,
  type DensityRatioOptions,
  GENERATED,
  networkLogit,
  optimalLoss,
} from "../losses/adversarial.ts";
import type { Loss } from "../losses/types.ts";
import type { Random } from "../numeric/random.ts";
import { reals, type Tensor, takeRows } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import { predict } from "./accuracy.ts";
import { Discriminator, type DiscriminatorOptions } from "./discriminator.ts";
import { type MemoryTrainingOptions, trainInMemory } from "./memory-training.ts";
import type { Task } from "./task.ts";

/** What an opponent sees of the generator before its step. */
export interface Seen {
  readonly step: number;
  /** G(z; w_s) of all latents: (N, C). */
  readonly generated: Tensor;
}

/** The other player: it makes its move before each step of the generator, and its stand is then an input of the generator's loss. */
export interface Opponent {
  /** The generator's loss against it. */
  readonly loss: Loss;
  /** Its move: Loss.inputs at this step. */
  respond(seen: Seen): Promise<Readonly<Record<string, Tensor>>>;
}

export interface LearningOpponentOptions extends DiscriminatorOptions {
  readonly form: AdversarialForm;
  /** Data points (n, ...). */
  readonly data: Tensor;
  /** Points of either kind in each of its steps. */
  readonly batchSize: number;
  /** Its steps before each one of the generator. Default 1. */
  readonly steps?: number;
  /** Draws points with replacement. */
  readonly random: Random;
}

/** A discriminator that learns to tell data from what is generated; `discriminator` is it as it stands. */
export interface LearningOpponent extends Opponent {
  readonly discriminator: Discriminator;
}

function drawn(points: Tensor, count: number, random: Random): Tensor {
  return takeRows(
    points,
    Int32Array.from({ length: count }, () => Math.floor(random.uniform() * points.shape[0])),
  );
}

/** RangeError for counts that are not positive integers, and for a discriminator that is not one. */
export function learningOpponent(options: LearningOpponentOptions): LearningOpponent {
  const { form, data, batchSize, steps = 1, random } = options;
  for (const [name, count] of Object.entries({ batchSize, steps, "the number of data points": data.shape[0] }))
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`learningOpponent: ${name} must be a positive integer, got ${count}`);
  const discriminator = new Discriminator(options);
  const { graph, parameters } = options.model;
  const inputs = Object.fromEntries(parameters.entries.map(({ name, shape }) => [name, shape] as const));
  return {
    discriminator,
    loss: adversarialLoss({ name: "discriminator", form, inputs, logit: networkLogit(graph) }),
    async respond({ generated }) {
      for (let k = 0; k < steps; k++)
        await discriminator.learn(drawn(data, batchSize, random), drawn(generated, batchSize, random));
      return discriminator.parameters();
    },
  };
}

/** The best discriminator at every step, of a mixture as data and the kernel density of all that is generated (see `optimalLoss`). */
export function optimalOpponent(form: AdversarialForm, options: DensityRatioOptions): Opponent {
  return {
    loss: optimalLoss(form, options).whole,
    respond: async ({ generated }) => ({ [GENERATED]: generated }),
  };
}

export interface AdversariesOptions extends Omit<MemoryTrainingOptions, "lossInputs"> {
  readonly opponent: Opponent;
}

/**
 * Trains a generator, a task on latents whose loss is the opponent's, with the opponent's move before each step. The run records where the opponent stood at
 * each step, so that replays and explanations meet the same loss: they are those of any run, exact for any optimizer, with latents as examples.
 *
 * Memory: beside the run's, the opponent's parameters, or all generated points, at every step. Cost of a step: beside its own, the generator on all latents and
 * the opponent's move. RangeError where the task's loss is not the opponent's.
 */
export function trainAgainst(task: Task, { opponent, ...options }: AdversariesOptions): Promise<Run> {
  if (task.loss !== opponent.loss)
    throw new RangeError(`trainAgainst: the loss of the task must be the opponent's, got ${task.loss.name}`);
  const { train } = task.dataset;
  const shape = [train.x.shape[0], ...task.outputShape];
  return trainInMemory(task, {
    ...options,
    lossInputs: async ({ step, params }) =>
      opponent.respond({ step, generated: reals(shape, await predict(task, params, train)) }),
  });
}

// What is asked of every diffusion model, on points of the plane or on images: the kernel and the contributions between noise levels, by embedding.

import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { spearman } from "../../numeric/correlation.ts";
import { randomFrom } from "../../numeric/random.ts";
import type { RealArray } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import type { Run } from "../../run/types.ts";
import { predict } from "../../train/accuracy.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import type { Expectation, MeasureContext } from "../types.ts";
import {
  byDistance,
  type ContributionOptions,
  type ContributionsByLevel,
  contributionsByLevel,
  farOverNear,
  kernelProfile,
  type LevelSize,
  levelKernel,
  locality,
  looksOf,
  nearbyShare,
  type Profile,
  perError,
} from "./between-levels.ts";
import { type Embedding, embedder, embeddings, type Noised, noiseRegression } from "./noise-levels.ts";

export interface DiffusionModel {
  readonly train: Noised;
  readonly test: Noised;
  readonly hidden: readonly number[];
  readonly rate: number;
  readonly batchSize: number;
  readonly steps: number;
  /** Of the run that is explained; states between are computed again. */
  readonly checkpointEvery: number;
  readonly explain: Omit<ContributionOptions, "signal">;
  /** What the model misses, from its predictions of the test points' noise. */
  readonly missed: (predicted: Float64Array) => number;
}

export interface Trained {
  /** Mean normalised kernel between levels (looks x looks), row by row, at the end of training. */
  readonly kernel: readonly number[];
  readonly missed: number;
}

export interface LevelMeasure extends ContributionsByLevel {
  readonly byEmbedding: readonly Trained[];
  /** As `kernel`, of the sinusoidal embedding before training. */
  readonly start: readonly number[];
}

export const [SINUSOIDAL, FOURIER, INDEX, NONE] = [0, 1, 2, 3];

async function trained(
  { train, test, hidden, rate, batchSize, steps, checkpointEvery }: DiffusionModel,
  embedding: Embedding,
  { seed, engine, signal }: MeasureContext,
): Promise<{ readonly task: Task; readonly run: Run }> {
  const dataset = noiseRegression(train, test, embedder(embedding, train.levels, seed));
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: mlp({ inputShape: dataset.inputShape, outputs: train.noise[0].length, hidden, activation: "tanh" }),
    loss: lossOf("mse"),
    optimizer: createOptimizer("sgd", { lr: rate }),
    dataset,
    seed,
  });
  const batches = [...shuffledBatches({ examples: train.x.length, batchSize, steps }, randomFrom(seed, "batches"))];
  const every = embedding === "sinusoidal" ? checkpointEvery : steps;
  return { task, run: await trainInMemory(task, { params, batches, checkpointEvery: every, signal }) };
}

/** Trains with each embedding, and asks most of the sinusoidal one; `also` is given its run. */
export async function askLevels(
  model: DiffusionModel,
  size: LevelSize,
  context: MeasureContext,
  also: (task: Task, run: Run, end: RealArray) => Promise<void> = () => Promise.resolve(),
): Promise<LevelMeasure> {
  const { signal, progress } = context;
  const byEmbedding: Trained[] = [];
  let start: number[] = [];
  let contributions: ContributionsByLevel = { gross: [], net: [], errors: [], halves: [], closure: 0 };
  for (const embedding of embeddings) {
    const { task, run } = await trained(model, embedding, context);
    const end = (await run.checkpoint(model.steps)).params;
    byEmbedding.push({
      kernel: await levelKernel(task, end, size),
      missed: model.missed(await predict(task, end, task.dataset.test)),
    });
    if (embedding === "sinusoidal") {
      start = await levelKernel(task, (await run.checkpoint(0)).params, size);
      progress(0.2);
      contributions = await contributionsByLevel(task, run, size, { ...model.explain, signal });
      await also(task, run, end);
    }
    progress(0.7 + (0.3 * byEmbedding.length) / embeddings.length);
  }
  return { byEmbedding, start, ...contributions };
}

export type LevelName =
  | "order"
  | "far"
  | "nearby"
  | "weaker"
  | "kernel"
  | "perError"
  | "early"
  | "late"
  | "closure"
  | "level"
  | "index"
  | "fourier";

export const levelExpectations: Readonly<Record<LevelName, Expectation>> = {
  order: {
    measure: "rank correlation of |tau - s| with the mean normalised kernel between tau and s",
    most: -0.8,
    reason: "-1 is a kernel that falls with distance everywhere alike; a few points at each level leave some noise",
    central: true,
  },
  far: {
    measure: "mean kernel at |tau - s| >= T/2 over that at |tau - s| <= T/10",
    most: 0.5,
    reason: "suppressed is at least by half",
    central: true,
  },
  nearby: {
    measure: "share of |contributions| from levels within T/10 of the explained one",
    least: 0.5,
    reason: "mainly is more than half; spread evenly, it would be about a fifth",
    central: true,
  },
  weaker: {
    measure: "mean |contribution| of an example at |tau - s| <= T/10 over that at |tau - s| >= T/2",
    least: 2,
    reason: "only weakly is at most half as much as a near example",
  },
  kernel: {
    measure: "share of the mean kernel's weight at levels within T/10",
    least: 0.5,
    reason: "as of the contributions: no sum of errors times a kernel that is wider can be expected to be nearer",
  },
  perError: {
    measure: "share of |contributions| for each unit of error from levels within T/10",
    least: 0.5,
    reason:
      "as of the contributions: a contribution is kernel times error, and this is what the kernel alone would say",
  },
  early: {
    measure: "share of |contributions| for each unit of error from levels within T/10, first half of training",
    least: 0.5,
    reason: "as of all of training",
  },
  late: {
    measure: "share of |contributions| for each unit of error from levels within T/10, second half of training",
    least: 0.5,
    reason:
      "as of all of training: whether refinement, when the rough shape is learned, is what the source says of all of it",
  },
  closure: {
    measure: "|output - prior - contributions - residual|, relative to the gross sum",
    most: 1e-10,
    reason: "rounding of thousands of float64 sums: otherwise contributions are not those of the training",
    central: true,
  },
  level: {
    measure: "locality with the sinusoidal embedding less that without any",
    least: 0.1,
    reason:
      "0 is no locality and 1 all of it; less than a tenth is not the embedding's doing but that of the noisy points",
    central: true,
  },
  index: {
    measure: "locality with the sinusoidal embedding less that with the raw index",
    least: 0.1,
    reason: "if the design of the embedding makes the kernel's structure, one number must do worse than sixteen waves",
  },
  fourier: {
    measure: "locality with random Fourier features less that with the raw index",
    least: 0.1,
    reason: "they too tell near levels from distant ones by many waves, as the sinusoidal embedding does",
  },
};

/** |tau - s| of each entry of a kernel between levels. */
export const distancesOf = (size: LevelSize): number[] => {
  const looks = looksOf(size);
  return looks.flatMap((a) => looks.map((b) => Math.abs(a - b)));
};

/** The number of each seed for each expectation. */
export function levelValues(measures: readonly LevelMeasure[], size: LevelSize): Readonly<Record<LevelName, number[]>> {
  const { levels } = size;
  const distances = distancesOf(size);
  const local = measures.map(({ byEmbedding }) => byEmbedding.map(({ kernel }) => locality(kernel, size)));
  const near = (profile: Profile): number => byDistance(profile, size, (d) => d <= levels / 10);
  const far = (profile: Profile): number => byDistance(profile, size, (d) => d >= levels / 2);
  return {
    order: measures.map(({ byEmbedding }) => spearman(distances, byEmbedding[SINUSOIDAL].kernel) ?? 0),
    far: measures.map(({ byEmbedding }) => farOverNear(byEmbedding[SINUSOIDAL].kernel, size)),
    nearby: measures.map(({ gross }) => nearbyShare(gross, size)),
    weaker: measures.map(({ gross }) => near(gross) / far(gross)),
    kernel: measures.map(({ byEmbedding }) => nearbyShare(kernelProfile(byEmbedding[SINUSOIDAL].kernel, size), size)),
    perError: measures.map((own) => nearbyShare(perError(own), size)),
    early: measures.map(({ halves }) => nearbyShare(perError(halves[0]), size)),
    late: measures.map(({ halves }) => nearbyShare(perError(halves[1]), size)),
    closure: measures.map(({ closure }) => closure),
    level: local.map((own) => own[SINUSOIDAL] - own[NONE]),
    index: local.map((own) => own[SINUSOIDAL] - own[INDEX]),
    fourier: local.map((own) => own[FOURIER] - own[INDEX]),
  };
}

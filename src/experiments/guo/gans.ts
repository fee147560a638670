// What small GANs are made of: Gaussians in the plane, latents as examples, a generator, opponents, and which modes its samples are at.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset } from "../../data/types.ts";
import type { Engine } from "../../engine/engine.ts";
import { explain } from "../../explain/explain.ts";
import { datasetQueries } from "../../explain/queries.ts";
import type { AdversarialForm, Mixture } from "../../losses/adversarial.ts";
import { mlp } from "../../models/mlp.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, type Tensor, zeros } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import type { Run } from "../../run/types.ts";
import { type LearningOpponent, learningOpponent, type Opponent, trainAgainst } from "../../train/adversaries.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { initialParameters, type SeededTask, seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import { normals } from "../arrays.ts";
import { closureShare } from "../small-problem.ts";
import type { MeasureContext } from "../types.ts";

/** Eight Gaussians on the unit circle. */
export const RING: Mixture = {
  centres: Array.from({ length: 8 }, (_, k) => [Math.cos((k * Math.PI) / 4), Math.sin((k * Math.PI) / 4)]),
  deviation: 0.1,
};

export const HIDDEN = [32, 32];

/** Standard normal latents of the plane: those that are trained on, and others. */
export function latentDataset(seed: number, { latents, tests }: { latents: number; tests: number }): Dataset {
  const random = randomFrom(seed, "latents");
  const split = (count: number) => ({ x: normals(random, [count, 2]), y: zeros("float64", [count, 2]) });
  return arrayDataset({ train: split(latents), test: split(tests), source: "latents" });
}

/** Points of a mixture, as many of each Gaussian. */
export function mixturePoints({ centres, deviation }: Mixture, count: number, seed: number): Tensor<"float64"> {
  const random = randomFrom(seed, "data");
  const at = (k: number): number => centres[(k >> 1) % centres.length][k % 2] + deviation * random.normal();
  return reals(
    [count, 2],
    Float64Array.from({ length: 2 * count }, (_, k) => at(k)),
  );
}

export interface LearnerOptions {
  readonly data: Mixture;
  readonly form: AdversarialForm;
  readonly lr: number;
  /** Where it goes on from; default: a start of its own. */
  readonly from?: LearningOpponent;
}

/** A discriminator 2-32-32-1 that learns by Adam, one step before each of the generator. */
export async function learner(
  { data, form, lr, from }: LearnerOptions,
  { seed, engine }: Pick<MeasureContext, "seed" | "engine">,
): Promise<LearningOpponent> {
  const model = mlp({ inputShape: [2], outputs: 1, hidden: HIDDEN, activation: "tanh" });
  const own = await engine("float64");
  const known = from?.discriminator.parameters();
  const params = known
    ? Float64Array.from(model.parameters.entries.flatMap(({ name }) => [...(known[name].data as RealArray)]))
    : // The generator has the seed itself.
      initialParameters(model, "float64", seed + 1000);
  return learningOpponent({
    form,
    engine: own,
    model,
    params,
    optimizer: createOptimizer("adam", { lr, betas: BETAS }),
    data: mixturePoints(data, 512, seed),
    batchSize: BATCH,
    random: randomFrom(seed, from ? "opponent, later" : "opponent"),
  });
}

export const BATCH = 32;
/** Adam's in GANs (Radford, Metz and Chintala 2016). */
const BETAS: readonly [number, number] = [0.5, 0.999];

export interface GeneratorOptions {
  readonly dataset: Dataset;
  readonly opponent: Opponent;
  readonly optimizer: "sgd" | "adam";
  readonly lr: number;
}

/** A generator 2-32-32-2 with its start. */
export function generator(options: GeneratorOptions, { engine, seed }: { engine: Engine; seed: number }): SeededTask {
  const { dataset, opponent, optimizer, lr } = options;
  return seededTask({
    engine,
    model: mlp({ inputShape: [2], outputs: 2, hidden: HIDDEN, activation: "tanh" }),
    loss: opponent.loss,
    optimizer: createOptimizer(optimizer, { lr, ...(optimizer === "adam" && { betas: BETAS }) }),
    dataset,
    seed,
  });
}

/** Trains a generator with every state stored. */
export function against(
  { task, params }: SeededTask,
  opponent: Opponent,
  { steps, seed, signal }: { steps: number; seed: number; signal: AbortSignal },
): Promise<Run> {
  const examples = task.dataset.train.x.shape[0];
  const batches = [...shuffledBatches({ examples, batchSize: BATCH, steps }, randomFrom(seed, "batches"))];
  return trainAgainst(task, { params, batches, opponent, signal });
}

/** The mode that each point (n, 2) is nearest to, and how far it is. */
export function nearestModes(points: ArrayLike<number>, { centres }: Mixture): { mode: number[]; far: number[] } {
  const [mode, far]: [number[], number[]] = [[], []];
  for (let n = 0; 2 * n < points.length; n++) {
    const distances = centres.map(([a, b]) => Math.hypot(points[2 * n] - a, points[2 * n + 1] - b));
    const least = Math.min(...distances);
    mode.push(distances.indexOf(least));
    far.push(least);
  }
  return { mode, far };
}

export interface ModeShares {
  /** Share of the points within three deviations of their mode. */
  readonly near: number;
  /** Share at the mode that most are nearest to. */
  readonly dominant: number;
  readonly dominantMode: number;
  /** Modes that have a quarter of their share, 1 / (4 K), within three deviations. */
  readonly covered: number;
}

export function modeShares(points: ArrayLike<number>, data: Mixture): ModeShares {
  const { mode, far } = nearestModes(points, data);
  const count = (holds: (n: number) => boolean): number => mode.filter((_, n) => holds(n)).length / mode.length;
  const isNear = (n: number): boolean => far[n] <= 3 * data.deviation;
  const all = data.centres.map((_, k) => count((n) => mode[n] === k));
  const dominantMode = all.indexOf(Math.max(...all));
  const least = 1 / (4 * data.centres.length);
  return {
    near: count(isNear),
    dominant: all[dominantMode],
    dominantMode,
    covered: data.centres.filter((_, k) => count((n) => mode[n] === k && isNear(n)) >= least).length,
  };
}

/** |contribution| of every example to both coordinates of some test points as vectors: (Q, N, 2), with the closure. */
export async function contributionVectors(
  task: Task,
  run: Run,
  { queries, signal }: { queries: readonly number[]; signal: AbortSignal },
): Promise<{ readonly vectors: Float64Array; readonly closure: number; readonly residual: number }> {
  const points = datasetQueries(task, `test:${queries.join()}`);
  const both = [];
  for (const readout of ["output:0", "output:1"])
    both.push(await explain(task, run, { queries: points, readout, signal, tolerance: 1e-3 }));
  return {
    vectors: interleaved(both.map(({ contributions }) => contributions)),
    closure: Math.max(...both.map(closureShare)),
    residual: Math.max(...both.map((e) => Math.max(...e.residual.map(Math.abs)) / e.scale)),
  };
}

/** Numbers of two coordinates as vectors. */
export function interleaved([first, second]: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(2 * first.length);
  first.forEach((value, k) => {
    joined[2 * k] = value;
    joined[2 * k + 1] = second[k];
  });
  return joined;
}

/** |v| of vectors in the plane. */
export const lengthsOf = (vectors: Float64Array): Float64Array =>
  Float64Array.from({ length: vectors.length / 2 }, (_, k) => Math.hypot(vectors[2 * k], vectors[2 * k + 1]));

/** Mean cosine of pairs of vectors in the plane, themselves left out; zero vectors count 0. */
export function coherence(vectors: Float64Array): number {
  const count = vectors.length / 2;
  const lengths = lengthsOf(vectors);
  const total = [0, 1].map((k) =>
    lengths.reduce((sum, length, n) => sum + (length > 0 ? vectors[2 * n + k] / length : 0), 0),
  );
  const moving = lengths.filter((length) => length > 0).length;
  return (total[0] ** 2 + total[1] ** 2 - moving) / (count * (count - 1));
}

// A diffusion model and GANs of one network and one mixture, and how each couples what it is trained on.

import { outputPulls } from "../../kernels/output-pulls.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { optimalLoss } from "../../losses/adversarial.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { spearman } from "../../numeric/correlation.ts";
import { randomFrom } from "../../numeric/random.ts";
import { reals, takeRows } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import type { Run } from "../../run/types.ts";
import { predict } from "../../train/accuracy.ts";
import { optimalOpponent } from "../../train/adversaries.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";
import type { MeasureContext } from "../types.ts";
import {
  against,
  BATCH,
  coherence,
  contributionVectors,
  generator,
  HIDDEN,
  latentDataset,
  learner,
  lengthsOf,
  modeShares,
} from "./gans.ts";
import { CORNERS, embedder, noised, noiseRegression, SPREAD } from "./noise-levels.ts";

export interface CouplingSize {
  readonly levels: number;
  /** Points of the data, each at every level: as many latents as examples of both. */
  readonly points: number;
  readonly steps: number;
  readonly explained: number;
}

/** How a model couples what it is trained on. */
export interface Coupling {
  /** (sum |c|)^2 / (N sum c^2): 1 where all contribute alike, 1/N where one does. */
  readonly participation: number;
  /** Share of |contributions| from the nearest tenth of the examples, by level or latent. */
  readonly nearest: number;
  /** Mean normalised kernel of the farther half over that of the nearest tenth. */
  readonly farOverNear: number;
  /** Mean |normalised kernel| of a query with all examples. */
  readonly overlap: number;
  /** The kernel by tenths of distance, over its mean in the nearest tenth. */
  readonly kernel: readonly number[];
  /** Mean |contribution| over even, by tenths. */
  readonly contributions: readonly number[];
  /** Mean cosine of what a step moves two queries by. */
  readonly coherence: number;
  readonly closure: number;
}

export interface CouplingMeasure {
  readonly diffusion: Coupling;
  readonly learned: Coupling;
  readonly ideal: Coupling;
  /** Rank correlation of |tau - s| with the mean normalised kernel, and of latent distance. */
  readonly order: { readonly diffusion: number; readonly gan: number };
  /** Of four: modes that new samples of the GAN with a learning D are at. */
  readonly covered: number;
  /** Cosine of the pull on outputs with the residual (diffusion), and with D*'s field (GAN with a learning D). */
  readonly weight: { readonly diffusion: number; readonly gan: number };
}

export const MIXTURE = { centres: CORNERS, deviation: SPREAD };
export const TESTS = 40;
export const BANDWIDTH = 0.3;
export const LOOKS = [0.25, 0.5, 0.75];
export const RATE = { diffusion: 0.3, ideal: 0.03, learned: 0.1 };
export const PARTS = 10;

export interface Sides {
  /** Test rows that are explained. */
  readonly queries: readonly number[];
  /** Distance of a test row to a training row. */
  readonly distance: (query: number, example: number) => number;
}

/** Training rows by tenths of their distance to a test row. */
export function tenthsOf(count: number, distance: (example: number) => number): number[][] {
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => distance(a) - distance(b));
  return Array.from({ length: PARTS }, (_, t) =>
    order.slice(Math.round((t * count) / PARTS), Math.round(((t + 1) * count) / PARTS)),
  );
}

export const meanLists = (lists: readonly (readonly number[])[]): number[] =>
  lists[0].map((_, k) => meanOf(lists.map((list) => list[k])));

export async function couplingOf(
  task: Task,
  run: Run,
  { queries, distance }: Sides,
  signal: AbortSignal,
): Promise<Coupling> {
  const { train, test } = task.dataset;
  const count = train.x.shape[0];
  const steps = run.batches.length;
  const { params } = await run.checkpoint(steps);
  const { vectors, closure } = await contributionVectors(task, run, { queries, signal });
  const { kernel } = await tangentKernel(task, params, takeRows(test.x, queries), train.x, { normalize: true });
  const rows = queries.map((query, q) => {
    const own = lengthsOf(vectors.subarray(2 * q * count, 2 * (q + 1) * count));
    const [total, squares] = [own.reduce((sum, c) => sum + c, 0), own.reduce((sum, c) => sum + c * c, 0)];
    const tenths = tenthsOf(count, (example) => distance(query, example));
    const over = (values: (i: number) => number): number[] => tenths.map((part) => meanOf(part.map(values)));
    const contributions = over((i) => (own[i] * count) / total);
    return {
      participation: total ** 2 / (count * squares),
      nearest: tenths[0].reduce((sum, i) => sum + own[i], 0) / total,
      contributions,
      kernel: over((i) => Number(kernel.data[q * count + i])),
    };
  });
  const byTenth = meanLists(rows.map((row) => row.kernel));
  const moved: number[] = [];
  for (const look of LOOKS.map((share) => Math.round(share * steps))) {
    const [a, b] = [await run.checkpoint(look), await run.checkpoint(look + 1)];
    const from = await predict(task, a.params, test);
    moved.push(coherence((await predict(task, b.params, test)).map((value, k) => value - from[k])));
  }
  return {
    participation: meanOf(rows.map((row) => row.participation)),
    nearest: meanOf(rows.map((row) => row.nearest)),
    farOverNear: meanOf(byTenth.slice(PARTS / 2)) / byTenth[0],
    overlap: meanOf(Array.from(kernel.data as Float64Array, Math.abs)),
    kernel: byTenth.map((value) => value / byTenth[0]),
    contributions: meanLists(rows.map((row) => row.contributions)),
    coherence: meanOf(moved),
    closure,
  };
}

export const orderOf = ({ kernel }: Coupling): number =>
  spearman(
    kernel.map((_, t) => t),
    kernel,
  ) ?? 0;

export async function diffusionSide(size: CouplingSize, { seed, engine, signal }: MeasureContext) {
  const { levels, points, steps, explained } = size;
  const [train, test] = [noised(points, levels, seed, "train"), noised(2, levels, seed, "test")];
  const dataset = noiseRegression(train, test, embedder("sinusoidal", levels, seed));
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: mlp({ inputShape: dataset.inputShape, outputs: 2, hidden: HIDDEN, activation: "tanh" }),
    loss: lossOf("mse"),
    optimizer: createOptimizer("sgd", { lr: RATE.diffusion }),
    dataset,
    seed,
  });
  const plan = { examples: points * levels, batchSize: BATCH, steps };
  const run = await trainInMemory(task, {
    params,
    batches: [...shuffledBatches(plan, randomFrom(seed, "batches"))],
    signal,
  });
  const level = (row: number): number => row % levels;
  // Levels spread over all of them, of one point.
  const queries = Array.from({ length: explained }, (_, q) => Math.round(((q + 0.5) * levels) / explained));
  const distance = (query: number, example: number): number => Math.abs(level(query) - level(example));
  const coupling = await couplingOf(task, run, { queries, distance }, signal);
  return { coupling, weight: await residualCosine(task, run) };
}

/** Cosine of the pull on outputs with prediction less noise, half-way: 1 by the loss. */
export async function residualCosine(task: Task, run: Run): Promise<number> {
  const step = Math.round(run.batches.length / 2);
  const { params } = await run.checkpoint(step);
  const batch = run.batches[step];
  const x = takeRows(task.dataset.train.x, batch.indices);
  const [pulls, outputs] = [await outputPulls(task)(params, batch), await predict(task, params, { x })];
  const noise = takeRows(task.dataset.train.y, batch.indices).data as Float64Array;
  return meanCosine(
    Float64Array.from(pulls),
    outputs.map((value, k) => value - noise[k]),
  );
}

export function meanCosine(a: Float64Array, b: Float64Array): number {
  const [la, lb] = [lengthsOf(a), lengthsOf(b)];
  return meanOf(la.map((length, n) => (a[2 * n] * b[2 * n] + a[2 * n + 1] * b[2 * n + 1]) / (length * lb[n])));
}

export async function ganSide(size: CouplingSize, best: boolean, context: MeasureContext) {
  const { seed, engine, signal } = context;
  const latents = size.levels * size.points;
  const dataset = latentDataset(seed, { latents, tests: TESTS });
  const form = "saturating";
  const options = { data: MIXTURE, bandwidth: BANDWIDTH, points: latents };
  const opponent = best ? optimalOpponent(form, options) : await learner({ data: MIXTURE, form, lr: 0.02 }, context);
  const lr = best ? RATE.ideal : RATE.learned;
  const seeded = generator({ dataset, opponent, optimizer: "sgd", lr }, { engine: await engine("float64"), seed });
  const { task } = seeded;
  const run = await against(seeded, opponent, { steps: size.steps, seed, signal });
  const [tests, trained] = [dataset.test.x.data, dataset.train.x.data].map((data) => data as Float64Array);
  const distance = (q: number, i: number): number =>
    Math.hypot(tests[2 * q] - trained[2 * i], tests[2 * q + 1] - trained[2 * i + 1]);
  const queries = Array.from({ length: size.explained }, (_, q) => q);
  const coupling = await couplingOf(task, run, { queries, distance }, signal);
  const step = Math.round(size.steps / 2);
  const { params } = await run.checkpoint(step);
  const indices = Int32Array.from({ length: latents }, (_, i) => i);
  const all = { indices, weights: new Float64Array(latents).fill(1) };
  const generated = reals([latents, 2], await predict(task, params, dataset.train));
  const own = await outputPulls(task)(params, { ...all, lossInputs: run.batches[step].lossInputs });
  const ideal = { ...task, loss: optimalLoss(form, options).whole };
  const wanted = await outputPulls(ideal)(params, { ...all, lossInputs: { generated } });
  const { covered } = modeShares(await predict(task, (await run.checkpoint(size.steps)).params, dataset.test), MIXTURE);
  return { coupling, covered, weight: meanCosine(Float64Array.from(own), Float64Array.from(wanted)) };
}

/** All three models. */
export async function couplingMeasure(size: CouplingSize, context: MeasureContext): Promise<CouplingMeasure> {
  const diffusion = await diffusionSide(size, context);
  context.progress(0.33);
  const learned = await ganSide(size, false, context);
  context.progress(0.66);
  const ideal = await ganSide(size, true, context);
  return {
    diffusion: diffusion.coupling,
    learned: learned.coupling,
    ideal: ideal.coupling,
    covered: learned.covered,
    order: { diffusion: orderOf(diffusion.coupling), gan: orderOf(learned.coupling) },
    weight: { diffusion: diffusion.weight, gan: learned.weight },
  };
}

// A GAN that collapses and one that does not, from one state on, and what is measured of both.

import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import type { RealArray } from "../../numeric/tensor.ts";
import type { Run } from "../../run/types.ts";
import { predict } from "../../train/accuracy.ts";
import type { LearningOpponent } from "../../train/adversaries.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";
import type { MeasureContext } from "../types.ts";
import {
  against,
  coherence,
  contributionVectors,
  generator,
  latentDataset,
  learner,
  lengthsOf,
  modeShares,
  nearestModes,
  RING,
} from "./gans.ts";

export interface CollapseSize {
  readonly latents: number;
  /** Steps of the training that keeps the modes, and of each that goes on from there. */
  readonly steps: number;
  readonly further: number;
  readonly explained: number;
}

/** What is measured of a generator on its way. */
export interface Look {
  /** Modes with samples of new latents. */
  readonly covered: number;
  /** Share of new latents at the mode that most are at, and of those that were trained on at that mode. */
  readonly dominant: number;
  readonly trained: number;
  /** Mean cosine of what a step moves two new latents' samples by, over the last steps. */
  readonly alignment: number;
  /** Share of the kernel's mass (trace kernel, |K|) of new latents that the cluster has, over its share of the latents. */
  readonly mass: number;
  /** Largest eigenvalue's share of the normalised kernel between latents, as sum K^2 over (tr K)^2: 1 / n where none are alike, 1 where all are. */
  readonly overlap: number;
  readonly samples: readonly number[];
}

export interface CollapseMeasure {
  readonly before: Look;
  readonly collapsed: Look;
  readonly kept: Look;
  /** Share of |contributions| to new latents outside of the cluster that the cluster's latents have, over its share, along each way. */
  readonly amplified: number;
  readonly keptAmplified: number;
  /** Share of |contributions| to them that the most contributing eighth of the latents has. */
  readonly main: number;
  readonly closure: number;
}

export const TESTS = 100;
export const WINDOW = 20;
export const FORM = "saturating";
export const RATES = { generator: 0.005, discriminator: 0.02 };
/** A generator that runs ahead of its discriminator. */
export const COLLAPSE = { generator: 0.02, discriminator: 0.002 };

/** Latents whose samples are nearest to a mode. */
export const clusterOf = (samples: Float64Array, mode: number): boolean[] =>
  nearestModes(samples, RING).mode.map((own) => own === mode);

export async function lookAt(task: Task, run: Run, step: number, cluster: readonly boolean[]): Promise<Look> {
  const { train, test } = task.dataset;
  const params = (await run.checkpoint(step)).params;
  const samples = await predict(task, params, test);
  const shares = modeShares(samples, RING);
  const trained = nearestModes(await predict(task, params, train), RING).mode;
  const aligned: number[] = [];
  const first = Math.max(0, step - WINDOW);
  let before = await predict(task, (await run.checkpoint(first)).params, test);
  for (let s = first; s < first + WINDOW; s++) {
    const after = await predict(task, (await run.checkpoint(s + 1)).params, test);
    aligned.push(coherence(after.map((value, k) => value - before[k])));
    before = after;
  }
  return {
    covered: shares.covered,
    dominant: shares.dominant,
    trained: trained.filter((mode) => mode === shares.dominantMode).length / trained.length,
    alignment: meanOf(aligned),
    mass: await massOf(task, params, cluster),
    overlap: await overlapOf(task, params),
    samples: Array.from(samples, (value) => Number(value.toFixed(4))),
  };
}

/** A cluster's share of |K(z, z_i)| over new latents z, over its share of the latents. */
export async function massOf(task: Task, params: RealArray, cluster: readonly boolean[]): Promise<number> {
  const { train, test } = task.dataset;
  const { kernel } = await tangentKernel(task, params, test.x, train.x);
  let [own, all] = [0, 0];
  kernel.data.forEach((value: number | bigint, at: number) => {
    const size = Math.abs(Number(value));
    all += size;
    if (cluster[at % cluster.length]) own += size;
  });
  return own / all / meanOf(cluster.map(Number));
}

/** Mean square of the normalised kernel between new latents. */
export async function overlapOf(task: Task, params: RealArray): Promise<number> {
  const { x } = task.dataset.test;
  const { kernel } = await tangentKernel(task, params, x, x, { normalize: true });
  return meanOf(Array.from(kernel.data as Float64Array, (value) => value * value));
}

export interface Continued {
  readonly task: Task;
  readonly run: Run;
}

/** A training that goes on from a state with other step sizes. */
export async function goOn(
  {
    params,
    opponent,
    rates,
    steps,
  }: { params: RealArray; opponent: LearningOpponent; rates: typeof RATES; steps: number },
  dataset: Task["dataset"],
  context: MeasureContext,
): Promise<Continued> {
  const { seed, engine, signal } = context;
  const own = await learner({ data: RING, form: FORM, lr: rates.discriminator, from: opponent }, context);
  const { task } = generator(
    { dataset, opponent: own, optimizer: "adam", lr: rates.generator },
    { engine: await engine("float64"), seed },
  );
  return { task, run: await against({ task, params }, own, { steps, seed: seed + 1, signal }) };
}

/** The cluster's share of |contributions| to new latents that did not belong to it. */
export async function amplification(
  { task, run }: Continued,
  { cluster, outside, signal }: { cluster: readonly boolean[]; outside: readonly number[]; signal: AbortSignal },
): Promise<{ share: number; main: number; closure: number }> {
  const { vectors, closure } = await contributionVectors(task, run, { queries: outside, signal });
  const lengths = lengthsOf(vectors);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const own = lengths.reduce((sum, length, at) => sum + (cluster[at % cluster.length] ? length : 0), 0);
  const byLatent = cluster.map((_, i) => outside.reduce((sum, _q, q) => sum + lengths[q * cluster.length + i], 0));
  const strongest = byLatent.sort((a, b) => b - a).slice(0, Math.round(cluster.length / 8));
  return { share: own / total, main: strongest.reduce((sum, value) => sum + value, 0) / total, closure };
}

/** Before, and along both ways on. */
export async function collapseMeasure(size: CollapseSize, context: MeasureContext): Promise<CollapseMeasure> {
  const { seed, engine, signal, progress } = context;
  const dataset = latentDataset(seed, { latents: size.latents, tests: TESTS });
  const opponent = await learner({ data: RING, form: FORM, lr: RATES.discriminator }, context);
  const seeded = generator(
    { dataset, opponent, optimizer: "adam", lr: RATES.generator },
    { engine: await engine("float64"), seed },
  );
  const run = await against(seeded, opponent, { steps: size.steps, seed, signal });
  const { params } = await run.checkpoint(size.steps);
  progress(0.2);
  const from = { params, opponent, steps: size.further };
  const fast = await goOn({ ...from, rates: COLLAPSE }, dataset, context);
  const slow = await goOn({ ...from, rates: RATES }, dataset, context);
  progress(0.4);
  const [first, others] = [
    await predict(fast.task, params, dataset.train),
    await predict(fast.task, params, dataset.test),
  ];
  const end = (await fast.run.checkpoint(size.further)).params;
  // The mode that won, of those that had a training latent before.
  const won = modeShares(await predict(fast.task, end, dataset.train), RING).dominantMode;
  const cluster = clusterOf(first, won);
  const members = cluster.some(Boolean) ? cluster : cluster.map(() => true);
  const outside = nearestModes(others, RING)
    .mode.flatMap((mode, n) => (mode === won ? [] : [n]))
    .slice(0, size.explained);
  const collapsing = await amplification(fast, { cluster: members, outside, signal });
  progress(0.7);
  const keeping = await amplification(slow, { cluster: members, outside, signal });
  const share = meanOf(members.map(Number));
  return {
    before: await lookAt(seeded.task, run, size.steps, members),
    collapsed: await lookAt(fast.task, fast.run, size.further, members),
    kept: await lookAt(slow.task, slow.run, size.further, members),
    amplified: collapsing.share / share,
    keptAmplified: keeping.share / share,
    main: collapsing.main,
    closure: Math.max(collapsing.closure, keeping.closure),
  };
}

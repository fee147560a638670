// Guo, He and Morel, Corollary 4.1: noise prediction is corrected locally in the noise level, through the embedding of the level.

import { colourScaleOf } from "../../figures/colour-scale.ts";
import { heatmap } from "../../figures/heatmap.ts";
import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
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
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import type { MeasureContext } from "../types.ts";
import {
  byDistance,
  type ContributionsByLevel,
  contributionsByLevel,
  explainedLevels,
  farOverNear,
  type LevelSize,
  levelKernel,
  locality,
  looksOf,
  nearbyShare,
  type Profile,
  within,
} from "./between-levels.ts";
import {
  bestNoise,
  type Embedding,
  embedder,
  embeddings,
  type Noised,
  noised,
  noiseRegression,
} from "./noise-levels.ts";

interface Size extends LevelSize {
  /** Points of the data: each is an example at every level. */
  readonly points: number;
  readonly steps: number;
}

interface Trained {
  /** Mean normalised kernel between levels (looks x looks), row by row, at the end of training. */
  readonly kernel: readonly number[];
  /** Error above the best possible, over what can be learned at all. */
  readonly missed: number;
}

interface Measure extends ContributionsByLevel {
  readonly byEmbedding: readonly Trained[];
  /** As `kernel`, of the sinusoidal embedding before training. */
  readonly start: readonly number[];
}

const RATE = 0.3;
const HIDDEN = [32, 32];
const TESTS = 8;

/** (error - best error) / (1 - best error) over the test points: noise has variance 1, which predicting zero misses. */
async function missedShare(task: Task, params: RealArray, test: Noised): Promise<number> {
  const [y, best] = [await predict(task, params, task.dataset.test), bestNoise(test)];
  const noise = test.noise.flat();
  const error = (own: Float64Array): number => meanOf(own.map((value, k) => (value - noise[k]) ** 2));
  return (error(y) - error(best)) / (1 - error(best));
}

async function trained(
  { embedding, train, test, size }: { embedding: Embedding; train: Noised; test: Noised; size: Size },
  { seed, engine, signal }: MeasureContext,
): Promise<{ readonly task: Task; readonly run: Run }> {
  const dataset = noiseRegression(train, test, embedder(embedding, size.levels, seed));
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: mlp({ inputShape: dataset.inputShape, outputs: 2, hidden: HIDDEN, activation: "tanh" }),
    loss: lossOf("mse"),
    optimizer: createOptimizer("sgd", { lr: RATE }),
    dataset,
    seed,
  });
  const plan = { examples: train.x.length, batchSize: 32, steps: size.steps };
  const batches = [...shuffledBatches(plan, randomFrom(seed, "batches"))];
  const checkpointEvery = embedding === "sinusoidal" ? 1 : size.steps;
  return { task, run: await trainInMemory(task, { params, batches, checkpointEvery, signal }) };
}

type Name = "learned" | "order" | "far" | "nearby" | "weaker" | "closure" | "level" | "index" | "fourier";

const [SINUSOIDAL, FOURIER, INDEX, NONE] = [0, 1, 2, 3];

export const diffusion = defineExperiment<Size, Measure, Name>({
  id: "guo/diffusion",
  title: "Locality of a diffusion model in the noise level",
  source: "Guo, He and Morel, Corollary 4.1 and section 4.1",
  rows: ["004-20"],
  claim:
    "The prediction at a noise level tau is mainly shaped by training examples of nearby levels s: the kernel falls with |tau - s| through the embedding of the level, and distant levels contribute only weakly.",
  refutedBy:
    "A kernel between distant levels that is hardly below that between near ones, contributions spread over all levels, or the same locality in a network that is not told the level.",
  expectations: {
    learned: {
      measure: "error of the predicted noise above the best possible, over what can be learned",
      most: 0.2,
      reason: "four fifths of what can be learned must be: with less the experiment is not of a diffusion model",
    },
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
      reason:
        "if the design of the embedding makes the kernel's structure, one number must do worse than sixteen waves",
    },
    fourier: {
      measure: "locality with random Fourier features less that with the raw index",
      least: 0.1,
      reason: "they too tell near levels from distant ones by many waves, as the sinusoidal embedding does",
    },
  },
  differences: [
    "The source has a corollary and no experiment: data, network and all numbers are ours.",
    "A fixed set of noisy examples, one for each point and level, in the place of fresh noise at every step, so that contributions are those of examples.",
    "Step size, number of steps and the bound of the error were chosen after the error of one seed was seen, and before any kernel or contribution was.",
    "Locality is 1 - the ratio of the mean kernel far away to that nearby; kernels are between test points and examples, so that no point meets itself.",
  ],
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: { levels: 20, points: 12, steps: 150, stride: 1, kernelPoints: 4, explained: 1 },
    full: { levels: 50, points: 40, steps: 2000, stride: 2, kernelPoints: 8, explained: 2 },
  },
  parameters: ({ levels, points, steps, explained }) => [
    { name: "data", value: `${points} points of four Gaussians in the plane`, from: "default" },
    { name: "noise levels", value: `${levels}, beta linear from 0.1/T to 20/T`, from: "default" },
    { name: "network", value: `(x, e(tau))-${HIDDEN.join("-")}-2, tanh, mean square error`, from: "default" },
    { name: "embeddings", value: "sinusoidal and random Fourier (16 numbers), raw index tau/T, none", from: "default" },
    { name: "steps", value: `${steps} of SGD at ${RATE}, batches of 32`, from: "default" },
    { name: "explained", value: `${explained} test points at five levels, first coordinate`, from: "default" },
  ],
  async measure(size, context) {
    const { seed, signal, progress } = context;
    const train = noised(size.points, size.levels, seed, "train");
    const test = noised(TESTS, size.levels, seed, "test");
    const byEmbedding: Trained[] = [];
    let start: number[] = [];
    let contributions: ContributionsByLevel = { gross: [], net: [], closure: 0 };
    for (const embedding of embeddings) {
      const { task, run } = await trained({ embedding, train, test, size }, context);
      const end = (await run.checkpoint(size.steps)).params;
      byEmbedding.push({
        kernel: await levelKernel(task, end, size),
        missed: await missedShare(task, end, test),
      });
      if (embedding === "sinusoidal") {
        start = await levelKernel(task, (await run.checkpoint(0)).params, size);
        progress(0.2);
        contributions = await contributionsByLevel(task, run, size, signal);
      }
      progress(0.7 + (0.3 * byEmbedding.length) / embeddings.length);
    }
    return { byEmbedding, start, ...contributions };
  },
  conclude: (measures, size, seeds) => {
    const { levels } = size;
    const looks = looksOf(size);
    const local = measures.map(({ byEmbedding }) => byEmbedding.map(({ kernel }) => locality(kernel, size)));
    const distances = looks.flatMap((a) => looks.map((b) => Math.abs(a - b)));
    const near = (profile: Profile): number => byDistance(profile, size, (d) => d <= levels / 10);
    const far = (profile: Profile): number => byDistance(profile, size, (d) => d >= levels / 2);
    const mean = (pick: (one: Measure) => readonly number[]): number[] =>
      pick(measures[0]).map((_, k) => meanOf(measures.map((one) => pick(one)[k])));
    const maps = [
      { head: "sinusoidal, before training", values: mean(({ start }) => start) },
      ...embeddings.map((name, k) => ({ head: `${name}, trained`, values: mean((one) => one.byEmbedding[k].kernel) })),
    ];
    const colours = { scale: colourScaleOf(maps.map(({ values }) => values)), quantity: "mean normalised kernel" };
    const blocks = Array.from({ length: 5 }, (_, k) => ({
      name: `${(k * levels) / 5 + 1}–${((k + 1) * levels) / 5}`,
      size: looks.length / 5,
    }));
    const apart = looks.map((level) => level - looks[0]);
    const bins = Array.from({ length: 9 }, (_, k) => (k * levels) / 10);
    const inBins = (profile: Profile): number[] =>
      bins.map((from) => byDistance(profile, size, (d) => d >= from && d < from + levels / 10));
    return {
      values: {
        learned: measures.map(({ byEmbedding }) => byEmbedding[SINUSOIDAL].missed),
        order: measures.map(({ byEmbedding }) => spearman(distances, byEmbedding[SINUSOIDAL].kernel) ?? 0),
        far: measures.map(({ byEmbedding }) => farOverNear(byEmbedding[SINUSOIDAL].kernel, size)),
        nearby: measures.map(({ gross }) => nearbyShare(gross, size)),
        weaker: measures.map(({ gross }) => near(gross) / far(gross)),
        closure: measures.map(({ closure }) => closure),
        level: local.map((own) => own[SINUSOIDAL] - own[NONE]),
        index: local.map((own) => own[SINUSOIDAL] - own[INDEX]),
        fourier: local.map((own) => own[FOURIER] - own[INDEX]),
      },
      table: {
        columns: ["seed", "embedding", "error above the best", "rank correlation with |tau - s|", "locality"],
        rows: measures.flatMap(({ byEmbedding }, s) =>
          byEmbedding.map(({ kernel, missed }, k) => [
            `${seeds[s]}`,
            embeddings[k],
            cell(missed),
            cell(spearman(distances, kernel) ?? 0),
            cell(local[s][k]),
          ]),
        ),
      },
      figures: [
        {
          name: "kernel-between-levels",
          reads:
            "A bright band along the diagonal is a network that learns a noise level from its neighbours; a picture of one brightness is one that learns all levels at once. With one number for the level the band is as wide as half of the levels; without it there is none, though the noisy points differ just as much.",
          figure: panels({
            title: "Normalised kernel between noise levels",
            caption: `Means over pairs of a test point and an example, and over ${seeds.length} seeds; T = ${levels} levels, noise grows with the level.`,
            colours,
            panels: maps.map(({ head, values }) => ({
              head,
              figure: heatmap({
                title: head,
                caption: "",
                quantity: colours.quantity,
                values,
                rows: looks.length,
                columns: looks.length,
                domain: colours.scale.domain,
                keyed: false,
                rowSide: { label: "level tau of the test point", names: looks.map(String), blocks },
                columnSide: { label: "level s of the example", names: looks.map(String), blocks },
              }),
            })),
            columns: 3,
            least: 200,
          }),
        },
        {
          name: "kernel-by-distance",
          reads: "The steeper a line falls, the less a level learns from distant ones with that embedding.",
          figure: lines({
            title: "Kernel between noise levels, by their distance",
            caption: `Mean normalised kernel after training; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "|tau - s|", scale: "whole" },
            y: { label: "mean normalised kernel", zero: true },
            series: embeddings.map((name, k) =>
              bandOf(
                name,
                apart,
                measures.map(({ byEmbedding }) =>
                  apart.map((distance) => meanOf(within(byEmbedding[k].kernel, looks, (d) => d === distance))),
                ),
              ),
            ),
          }),
        },
        {
          name: "contributions-by-distance",
          reads:
            "Above one, levels at that distance have more than their share in the prediction. Single contributions are told from what a level adds in all, where its examples may cancel each other.",
          figure: lines({
            title: "What examples of a level contribute, by its distance from the explained one",
            caption: `Relative to the same share for every level, by tenths of the ${levels} levels; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "|tau - s|, at least" },
            y: { label: "share over even share", zero: true },
            guides: [{ axis: "y", value: 1, label: "even" }],
            series: [
              bandOf(
                "single examples",
                bins,
                measures.map(({ gross }) => inBins(gross)),
              ),
              bandOf(
                "sum of a level",
                bins,
                measures.map(({ net }) => inBins(net)),
              ),
            ],
          }),
        },
        {
          name: "contributions-by-level",
          reads:
            "Each line is for one level tau that is explained, and would peak there if that level were shaped by its neighbours. Low levels are; predictions at high ones come more from low and middle levels than from their own: a contribution is kernel times error, and the kernel alone does not say where it comes from.",
          figure: lines({
            title: "Which noise levels a prediction comes from",
            caption: `Mean |contribution| of an example of level s over that of all examples; mean over ${seeds.length} seeds.`,
            x: { label: "level s of the examples", scale: "whole" },
            y: { label: "share over even share", zero: true },
            guides: [{ axis: "y", value: 1, label: "even" }],
            series: explainedLevels(size).map((tau, k) => ({
              name: `tau = ${tau}`,
              x: Array.from({ length: levels }, (_, s) => s + 1),
              y: mean(({ gross }) => gross[k]),
            })),
          }),
        },
      ],
    };
  },
});

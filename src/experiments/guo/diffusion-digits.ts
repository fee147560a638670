// Guo, He and Morel, Corollary 4.1, on images: a diffusion model of digits, its samples, and the digits that one sample is made of.

import type { Dataset } from "../../data/types.ts";
import { explain } from "../../explain/explain.ts";
import { formatNumber } from "../../figures/format.ts";
import { type Picture, pictureOf } from "../../figures/image.ts";
import { pictureGrid } from "../../figures/picture-grid.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals } from "../../numeric/tensor.ts";
import type { Run } from "../../run/types.ts";
import type { Task } from "../../train/task.ts";
import { meanOf } from "../arrays.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import type { MeasureContext } from "../types.ts";
import type { LevelSize } from "./between-levels.ts";
import { levelFigures, levelTable } from "./level-figures.ts";
import {
  askLevels,
  type LevelMeasure,
  type LevelName,
  levelExpectations,
  levelValues,
  SINUSOIDAL,
} from "./level-questions.ts";
import { embedder, noisedAtLevels, signalShares } from "./noise-levels.ts";
import { cleaned, inputsAt, reverseProcess } from "./reverse-process.ts";

interface Size extends LevelSize {
  /** Digits: each is an example at every level. */
  readonly images: number;
  readonly steps: number;
  readonly hidden: readonly number[];
  readonly samples: number;
}

/** A digit and what it contributed at all levels together. */
interface Contributor {
  readonly pixels: readonly number[];
  readonly contribution: number;
}

/** A level of the sample that is explained. */
interface Stage {
  readonly level: number;
  readonly noisy: readonly number[];
  readonly noise: readonly number[];
  readonly cleaned: readonly number[];
  /** Largest sums first. */
  readonly top: readonly Contributor[];
}

interface Measure extends LevelMeasure {
  /** Mean distance of samples to the nearest training digit over that of test digits. */
  readonly distance: number;
  /** Mean distance of the explained sample to the top contributors over that to all training digits, mean over the stages. */
  readonly alike: number;
  /** Of the first seed. */
  readonly samples?: readonly (readonly number[])[];
  readonly stages?: readonly Stage[];
}

const PIXELS = 64;
const RATE = 2;
const BATCH = 64;
const TESTS = 16;
const TOP = 8;
/** Explained levels of the sample, in tenths of T. */
const STAGES = [8, 4, 1];
/** A pixel near the middle. */
const READOUT = "output:27";

/** Digits as points: pixels from -1 to 1. */
const pointsOf = ({ x }: Dataset["train"], rows: readonly number[]): number[][] =>
  rows.map((row) => Array.from(x.data.subarray(row * PIXELS, (row + 1) * PIXELS) as RealArray, (v) => 2 * v - 1));

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((value, k) => value - b[k]));

/** Mean over points of the distance to the nearest digit. */
const toNearest = (points: readonly (readonly number[])[], digits: readonly (readonly number[])[]): number =>
  meanOf(points.map((point) => Math.min(...digits.map((digit) => distance(point, digit)))));

const rounded = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(3)));

interface Sampled extends Pick<Measure, "distance" | "alike"> {
  readonly samples: readonly (readonly number[])[];
  readonly stages: readonly Stage[];
}

/** Draws samples and explains the first at some levels: contributions to its predicted noise, along itself, summed by digit. */
async function sampled(
  { task, run, params }: { readonly task: Task; readonly run: Run; readonly params: RealArray },
  { digits, tests }: { readonly digits: readonly number[][]; readonly tests: readonly number[][] },
  { levels, samples: count }: Size,
  { seed, signal }: Pick<MeasureContext, "seed" | "signal">,
): Promise<Sampled> {
  const embed = embedder("sinusoidal", levels, seed);
  const random = randomFrom(seed, "samples");
  const { samples, steps } = await reverseProcess(task, params, { count, levels, size: PIXELS, embed, random });
  const at = STAGES.map((tenths) => (tenths * levels) / 10);
  const queries = at.map((level) => ({ id: `level ${level}`, x: inputsAt([steps[level - 1].x[0]], embed(level)) }));
  const e = await explain(task, run, { queries, readout: "along", rule: "midpoint", signal });
  const shares = signalShares(levels);
  const stages = at.map((level, r) => {
    const sums = digits.map((_, i) => {
      const start = r * e.examples + i * levels;
      return e.contributions.subarray(start, start + levels).reduce((sum, value) => sum + value, 0);
    });
    const order = [...sums.keys()].sort((a, b) => Math.abs(sums[b]) - Math.abs(sums[a])).slice(0, TOP);
    const { x, noise } = steps[level - 1];
    return {
      level,
      noisy: x[0],
      noise: noise[0],
      cleaned: cleaned(x[0], noise[0], shares[level - 1]),
      top: order.map((i) => ({ pixels: digits[i], contribution: sums[i] })),
    };
  });
  const all = meanOf(digits.map((digit) => distance(samples[0], digit)));
  return {
    distance: toNearest(samples, digits) / toNearest(tests, digits),
    alike: meanOf(stages.map(({ top }) => meanOf(top.map(({ pixels }) => distance(samples[0], pixels))) / all)),
    samples: samples.map(rounded),
    stages: stages.map((own) => ({
      ...own,
      ...{ noisy: rounded(own.noisy), noise: rounded(own.noise), cleaned: rounded(own.cleaned) },
      top: own.top.map(({ pixels, contribution }) => ({ pixels: rounded(pixels), contribution })),
    })),
  };
}

/** White is 1. */
const picture = (pixels: readonly number[], reach = 1): Picture =>
  pictureOf(reals([1, 8, 8], pixels), { range: [-reach, reach] }) as Picture;

export const diffusionDigits = defineExperiment<Size, Measure, LevelName | "learned" | "samples" | "alike">({
  id: "guo/diffusion-digits",
  title: "A diffusion model of digits, by noise level and by digit",
  source: "Guo, He and Morel, Corollary 4.1 and section 4.1, on images",
  rows: ["004-20"],
  claim:
    "On images too the noise predicted at a level tau is mainly shaped by training examples of nearby levels, through the embedding of the level, and by digits whose gradients are aligned with its own.",
  refutedBy:
    "A kernel between distant levels that is hardly below that between near ones, contributions spread over all levels, or the same locality in a network that is not told the level.",
  expectations: {
    learned: {
      measure: "mean square error of the predicted noise on test digits, mean over levels",
      most: 0.25,
      reason:
        "1 is predicting nothing, and the best linear prediction from the covariance of 160 digits has 0.13: with more than a quarter it is hardly a diffusion model",
    },
    samples: {
      measure: "mean distance of samples to the nearest training digit over that of test digits",
      most: 1.5,
      reason: "half as far again as real digits are: noise of the same size is more than twice as far",
    },
    ...levelExpectations,
    alike: {
      measure: "mean distance of the explained sample to the digits that contribute most over that to all",
      most: 0.9,
      reason: "examples with aligned gradients must look more like it than any example does, by a tenth",
    },
  },
  differences: [
    "The source has a corollary and no experiment: data, network and all numbers are ours. Bounds are those of the experiment on points of the plane.",
    "A fixed set of noisy examples, one for each digit and level, in the place of fresh noise at every step, so that contributions are those of examples.",
    "Step size, number of steps and the bounds of error and distance were chosen after the error of one network in another program was seen, and before any kernel or contribution was.",
    "By level, one pixel of the predicted noise is explained; for the sample, all of it along its own direction.",
    "Samples were drawn again with x_0 clipped to the range of pixels, as the authors of the process do, after they had left it without; nothing else was changed.",
    "Digits of 8 x 8 and a perceptron of two hidden layers: samples are rough.",
  ],
  needs: needed("digits"),
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: {
      ...{ levels: 30, images: 16, steps: 200, hidden: [32], samples: 8 },
      stride: 1,
      kernelPoints: 2,
      explained: 1,
    },
    full: {
      ...{ levels: 50, images: 160, steps: 2000, hidden: [128, 128], samples: 24 },
      stride: 2,
      kernelPoints: 4,
      explained: 2,
    },
  },
  parameters: ({ levels, images, steps, hidden, explained }) => [
    { name: "data", value: `${images} digits of 8 x 8, pixels from -1 to 1`, from: "default" },
    { name: "noise levels", value: `${levels}, beta linear from 0.1/T to 20/T`, from: "default" },
    { name: "network", value: `(x, e(tau))-${hidden.join("-")}-64, tanh, mean square error`, from: "default" },
    { name: "embeddings", value: "sinusoidal and random Fourier (16 numbers), raw index tau/T, none", from: "default" },
    { name: "steps", value: `${steps} of SGD at ${RATE}, batches of ${BATCH}`, from: "default" },
    { name: "explained", value: `${explained} test digits at five levels; a sample at three`, from: "default" },
  ],
  async measure(size, context) {
    const { seed, data } = context;
    const { levels, images } = size;
    const all = await data("digits");
    const digits = pointsOf(
      all.train,
      [...randomFrom(seed, "digits").permutation(all.train.x.shape[0])].slice(0, images),
    );
    const tests = pointsOf(all.test, [...randomFrom(seed, "tests").permutation(all.test.x.shape[0])].slice(0, TESTS));
    const train = noisedAtLevels({ points: images, levels }, randomFrom(seed, "train"), (i) => digits[i]);
    const test = noisedAtLevels({ points: TESTS, levels }, randomFrom(seed, "test"), (i) => tests[i]);
    const wanted = test.noise.flat();
    const model = {
      ...{ train, test, hidden: size.hidden, rate: RATE, batchSize: BATCH, steps: size.steps, checkpointEvery: 20 },
      explain: { readout: READOUT, rule: "midpoint" },
      missed: (predicted: Float64Array) => meanOf(predicted.map((value, k) => (value - wanted[k]) ** 2)),
    };
    const drawn: Sampled[] = [];
    const measured = await askLevels(model, size, context, async (task, run, params) => {
      drawn.push(await sampled({ task, run, params }, { digits, tests }, size, context));
    });
    const [{ distance: far, alike, samples, stages }] = drawn;
    return { ...measured, distance: far, alike, ...(seed === 1 && { samples, stages }) };
  },
  conclude: (measures, size, seeds) => {
    const { samples = [], stages = [] } = measures[0];
    return {
      values: {
        learned: measures.map(({ byEmbedding }) => byEmbedding[SINUSOIDAL].missed),
        samples: measures.map((own) => own.distance),
        ...levelValues(measures, size),
        alike: measures.map(({ alike }) => alike),
      },
      table: levelTable(measures, size, { seeds, missed: "error of the noise" }),
      figures: [
        {
          name: "samples",
          reads:
            "Rough strokes: some can be read as 5, 0, 3 or 9, many are between digits. They lie a quarter farther from the nearest training digit than real digits do.",
          figure: pictureGrid({
            title: "Digits drawn by the reverse process",
            caption: `Seed 1: ${samples.length} samples from noise, through all ${size.levels} levels; black is -1 and white 1.`,
            rows: [{ pictures: samples.map((pixels) => ({ picture: picture(pixels) })) }],
          }),
        },
        {
          name: "explained-sample",
          reads:
            "What is left without the noise is rough to the last. The digits that contribute most are of many classes at every level, and are hardly more like the sample than any others.",
          figure: pictureGrid({
            title: "Whose digits one sample is made of",
            caption:
              "Seed 1, the first sample. Noisy digit (from -2 to 2), predicted noise (from -3 to 3), what is left without it (cut at -1 and 1), then the digits that contributed most to the length of the predicted noise, with their contributions at all levels together.",
            rows: stages.map(({ level, noisy, noise, cleaned: left, top }) => ({
              name: `level ${level} of ${size.levels}`,
              pictures: [
                { picture: picture(noisy, 2), under: "noisy" },
                { picture: picture(noise, 3), under: "noise" },
                { picture: picture(left), under: "left" },
                ...top.map(({ pixels, contribution }) => ({
                  picture: picture(pixels),
                  under: formatNumber(contribution, { digits: 2, signed: true }),
                })),
              ],
            })),
          }),
        },
        ...levelFigures(measures, size, {
          seeds,
          reads: {
            "kernel-between-levels":
              "The lightest corner is where digits can still be seen through the noise: low levels are alike, and high ones like none, but for a faint diagonal under the embeddings of many waves. The corner is there without any embedding too, since 64 noisy pixels say themselves how noisy they are.",
            "kernel-by-distance":
              "All four lines fall, that without any embedding as far as the others: on images the embedding is not what makes the kernel local. The sinusoidal one rises again at large distances, where some of its waves come round again.",
            "contributions-by-distance":
              "Single contributions hardly fall with the distance, and rise again at the largest, where low levels with their large errors act on high ones; for each unit of error they fall from 1.3 to 0.8 of an even share, the kernel from 1.5 to half.",
            "contributions-by-level":
              "Every line falls from the left: whatever level is explained, the lowest levels contribute most to it, since their errors are the largest. Levels from 25 on are not shaped by their own.",
            "contributions-per-error":
              "Divided by the errors the lines for tau = 25, 35 and 45 fall by about half, and none rises at its own level: these predictions come from all levels. Only those at low levels come from low levels.",
            "errors-by-level":
              "Low levels have more than three times the errors of high ones, and five times in the second half of training: the noise of a hardly noisy digit is the hardest to tell.",
          },
        }),
      ],
    };
  },
});

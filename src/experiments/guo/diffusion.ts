// Guo, He and Morel, Corollary 4.1: noise prediction is corrected locally in the noise level, through the embedding of the level.

import { meanOf } from "../arrays.ts";
import { defineExperiment } from "../define.ts";
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
import { bestNoise, type Noised, noised } from "./noise-levels.ts";

interface Size extends LevelSize {
  /** Points of the data: each is an example at every level. */
  readonly points: number;
  readonly steps: number;
}

const RATE = 0.3;
const HIDDEN = [32, 32];
const TESTS = 8;

/** (error - best error) / (1 - best error) over the test points: noise has variance 1, which predicting zero misses. */
function missedShare(predicted: Float64Array, test: Noised): number {
  const best = bestNoise(test);
  const noise = test.noise.flat();
  const error = (own: ArrayLike<number>): number => meanOf(Array.from(own, (value, k) => (value - noise[k]) ** 2));
  return (error(predicted) - error(best)) / (1 - error(best));
}

export const diffusion = defineExperiment<Size, LevelMeasure, LevelName | "learned">({
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
    ...levelExpectations,
  },
  differences: [
    "The source has a corollary and no experiment: data, network and all numbers are ours.",
    "A fixed set of noisy examples, one for each point and level, in the place of fresh noise at every step, so that contributions are those of examples.",
    "Step size, number of steps and the bound of the error were chosen after the error of one seed was seen, and before any kernel or contribution was.",
    "The kernel's share, contributions for each unit of error, and halves of training, were asked about after the contributions had been seen, to find why these are not local; their bounds are that of the contributions.",
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
  measure(size, context) {
    const [train, test] = [
      noised(size.points, size.levels, context.seed, "train"),
      noised(TESTS, size.levels, context.seed, "test"),
    ];
    const model = {
      ...{ train, test, hidden: HIDDEN, rate: RATE, batchSize: 32, steps: size.steps, checkpointEvery: 1 },
      explain: { readout: "output:0" },
      missed: (predicted: Float64Array) => missedShare(predicted, test),
    };
    return askLevels(model, size, context);
  },
  conclude: (measures, size, seeds) => ({
    values: {
      learned: measures.map(({ byEmbedding }) => byEmbedding[SINUSOIDAL].missed),
      ...levelValues(measures, size),
    },
    table: levelTable(measures, size, { seeds, missed: "error above the best" }),
    figures: levelFigures(measures, size, {
      seeds,
      reads: {
        "kernel-between-levels":
          "A bright band along the diagonal is a network that learns a noise level from its neighbours; a picture of one brightness is one that learns all levels at once. With one number for the level the band is as wide as half of the levels; without it there is none, though the noisy points differ just as much.",
        "kernel-by-distance":
          "The steeper a line falls, the less a level learns from distant ones with that embedding.",
        "contributions-by-distance":
          "Above one, levels at that distance have more than their share. All lines fall together and slowly: within a tenth of the levels the kernel itself has 1.7 times an even share, 0.36 of its weight, and contributions 1.5 times. The kernel does fall with the distance, but over half of all levels and not over a tenth; sums of errors times it cannot be nearer.",
        "contributions-by-level":
          "Each line is for one level tau that is explained, and would peak there if that level were shaped by its neighbours. Levels 5 and 25 nearly are, 15 comes from all levels below 20, and 35 and 45 come more from low and middle levels than from their own: a contribution is kernel times error, and the kernel alone does not say where it comes from.",
        "contributions-per-error":
          "Divided by the errors of their levels, contributions to high levels come no more from the low ones: levels 25, 35 and 45 are shaped most by those between about 20 and 35, 5 and 15 by those below 22. Two stages are told apart, and hardly any level from its neighbours.",
        "errors-by-level":
          "Low levels have four times the errors of high ones in the first half of training and more in the second, so that what a prediction is made of leans to them whatever the kernel says.",
      },
    }),
  }),
});

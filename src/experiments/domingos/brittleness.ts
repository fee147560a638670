// Domingos 2020, section 4: brittleness, errors grow as a query leaves its nearest training instance.

import { lines } from "../../figures/lines.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { ranksOf, spearman } from "../../numeric/correlation.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, sliceRows, type Tensor, toReal } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";

interface Size {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
  readonly epochs: number;
  readonly noises: readonly number[];
}

interface Measure {
  /** By noise. */
  readonly error: readonly number[];
  /** By noise: mean over queries of the least distance to a training example, Euclid's and 1 - largest cosine of gradients. */
  readonly euclid: readonly number[];
  readonly gradient: readonly number[];
  /** Over all queries at all noises: how well each distance tells errors from right answers, as area under the curve. */
  readonly areaEuclid: number;
  readonly areaGradient: number;
}

/** Chance that a number of the first kind is larger than one of the second, ties counting half: the Mann-Whitney statistic. */
function areaUnder(scores: readonly number[], isFirst: readonly boolean[]): number {
  const ranks = ranksOf(scores);
  const first = isFirst.filter(Boolean).length;
  const rest = scores.length - first;
  if (first === 0 || rest === 0) return 0.5;
  const sum = ranks.reduce((total, rank, k) => total + (isFirst[k] ? rank : 0), 0);
  return (sum - (first * (first + 1)) / 2) / (first * rest);
}

function leastDistances(queries: Tensor, x: Tensor): number[] {
  const [a, b] = [queries.data as RealArray, x.data as RealArray];
  const size = a.length / queries.shape[0];
  return Array.from({ length: queries.shape[0] }, (_, q) => {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < x.shape[0]; i++) {
      let sum = 0;
      for (let k = 0; k < size && sum < least; k++) sum += (a[q * size + k] - b[i * size + k]) ** 2;
      least = Math.min(least, sum);
    }
    return Math.sqrt(least);
  });
}

export const brittleness = defineExperiment<Size, Measure, "rises" | "euclid" | "gradient" | "better">({
  id: "domingos/brittleness",
  title: "Errors against the distance from the nearest training instance",
  source: "Domingos 2020, section 4 (arXiv:2012.00152): brittleness",
  rows: ["001-23"],
  claim:
    "Performance degrades as the query moves away from the nearest training instance in the space of gradients, which is what makes deep networks brittle.",
  refutedBy: "Errors that distance in gradient space tells from right answers no better than chance.",
  expectations: {
    gradient: {
      measure: "area under the curve, errors by distance of the nearest gradient",
      least: 0.65,
      reason: "0.5 is chance; below 0.65 no one would act on it",
      central: true,
    },
    euclid: {
      measure: "area under the curve, errors by Euclid's distance of the nearest image",
      least: 0.65,
      reason: "the same bound for the plain distance",
    },
    better: {
      measure: "area by gradients less area by Euclid's distance",
      least: 0,
      reason: "the claim is about the space of gradients: it must say at least as much as the plain distance",
    },
    rises: {
      measure: "rank correlation of the noise and the error",
      least: 0.9,
      reason: "degrading with distance is rising nearly always",
    },
  },
  differences: [
    "The source cites adversarial examples and has no experiment: handwritten digits of 8 x 8 (bundled), moved by normal noise of growing size.",
    "Nearness in gradient space is the largest normalised tangent kernel with a training image at the end of training.",
  ],
  needs: needed("digits"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { examples: 200, queries: 40, hidden: 16, epochs: 6, noises: [0, 0.2, 0.4] },
    full: { examples: 1000, queries: 200, hidden: 32, epochs: 30, noises: [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6] },
  },
  parameters: ({ examples, queries, hidden, epochs, noises }) => [
    { name: "data", value: `${examples} digits, ${queries} test images`, from: "default" },
    { name: "network", value: `64-${hidden}-10, tanh, cross-entropy`, from: "default" },
    { name: "training", value: `${epochs} epochs of Adam at 0.01, batches of 32`, from: "default" },
    { name: "noise on pixels in [0, 1]", value: noises.join(", "), from: "default" },
  ],
  async measure({ examples, queries, hidden, epochs, noises }, { seed, engine, data, signal, progress }) {
    const digits = await data("digits", { limit: examples });
    const { task, params } = seededTask({
      engine: await engine("float64"),
      model: mlp({ inputShape: digits.inputShape, outputs: 10, hidden: [hidden], activation: "tanh" }),
      loss: lossOf("cross-entropy"),
      optimizer: createOptimizer("adam", { lr: 0.01 }),
      dataset: digits,
      seed,
    });
    const batches = [...shuffledBatches({ examples, batchSize: 32, epochs }, randomFrom(seed, "batches"))];
    const run = await trainInMemory(task, { params, batches, checkpointEvery: batches.length, signal });
    const { params: w } = await run.checkpoint(batches.length);
    const x = toReal(digits.train.x, "float64");
    const clean = toReal(sliceRows(digits.test.x, 0, queries), "float64");
    const labels = Array.from({ length: queries }, (_, q) => Number(digits.test.y.data[q]));
    const random = randomFrom(seed, "noise");
    const found = { error: [] as number[], euclid: [] as number[], gradient: [] as number[] };
    const all = { wrong: [] as boolean[], euclid: [] as number[], gradient: [] as number[] };
    for (const [k, noise] of noises.entries()) {
      const moved = reals(
        clean.shape,
        clean.data.map((value) => value + noise * random.normal()),
      );
      const outputs = await predict(task, w, { x: moved });
      const wrong = labels.map((label, q) => {
        const own = Array.from(outputs.subarray(10 * q, 10 * q + 10));
        return own.indexOf(Math.max(...own)) !== label;
      });
      const cosines = Float64Array.from(
        (await tangentKernel(task, w, moved, x, { normalize: true, signal })).kernel.data as RealArray,
      );
      const gradient = labels.map(
        (_, q) => 1 - cosines.subarray(q * examples, (q + 1) * examples).reduce((a, b) => Math.max(a, b), -1),
      );
      const euclid = leastDistances(moved, x);
      all.wrong.push(...wrong);
      all.euclid.push(...euclid);
      all.gradient.push(...gradient);
      found.error.push(meanOf(wrong.map(Number)));
      found.euclid.push(meanOf(euclid));
      found.gradient.push(meanOf(gradient));
      progress((k + 1) / noises.length);
    }
    return {
      ...found,
      areaEuclid: areaUnder(all.euclid, all.wrong),
      areaGradient: areaUnder(all.gradient, all.wrong),
    };
  },
  conclude: (measures, { noises }, seeds) => ({
    values: {
      gradient: measures.map(({ areaGradient }) => areaGradient),
      euclid: measures.map(({ areaEuclid }) => areaEuclid),
      better: measures.map(({ areaGradient, areaEuclid }) => areaGradient - areaEuclid),
      rises: measures.map(({ error }) => spearman(noises, error) ?? 0),
    },
    table: {
      columns: ["seed", "noise", "share of errors", "nearest image, Euclid", "nearest gradient, 1 - cosine"],
      rows: measures.flatMap(({ error, euclid, gradient }, s) =>
        noises.map((noise, k) => [`${seeds[s]}`, cell(noise), cell(error[k]), cell(euclid[k]), cell(gradient[k])]),
      ),
    },
    figures: [
      {
        name: "errors-by-noise",
        reads:
          "Errors rise as images are moved from where the network was trained, and the distance to the nearest gradient rises with them.",
        figure: lines({
          title: "Errors and distance in gradient space, as images are moved",
          caption: `Share of test images misclassified, and mean of 1 - largest cosine with the gradient of a training image; bands: ${intervalWords(seeds.length)}.`,
          x: { label: "noise on pixels" },
          y: { label: "share, distance", zero: true },
          series: [
            bandOf(
              "errors",
              noises,
              measures.map(({ error }) => error),
            ),
            bandOf(
              "distance of the nearest gradient",
              noises,
              measures.map(({ gradient }) => gradient),
            ),
          ],
        }),
      },
    ],
  }),
});

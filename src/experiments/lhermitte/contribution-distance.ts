// Lhermitte: for smooth models the training inputs nearest to a query contribute most, and far ones are uncorrelated with it.

import { lines } from "../../figures/lines.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { spearman } from "../../numeric/correlation.ts";
import type { RealArray } from "../../numeric/tensor.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend, explainTest, smallTask } from "../small-problem.ts";

interface Size {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
  readonly steps: number;
}

interface Measure {
  /** By bin of distance, nearest first: mean |contribution| over that of all examples, averaged over queries. */
  readonly contribution: readonly number[];
  /** By bin: mean normalised tangent kernel after training. */
  readonly kernel: readonly number[];
  /** Mean distance of the bins. */
  readonly distance: readonly number[];
  /** Mean over queries of Spearman's correlation of distance and |contribution|. */
  readonly rank: number;
}

const BINS = 10;

export const contributionDistance = defineExperiment<Size, Measure, "nearest" | "farthest" | "rank" | "far">({
  id: "lhermitte/contribution-distance",
  title: "Contributions against the distance between inputs",
  source:
    "Lhermitte, Discrete Proof that Every Model Learned by Gradient Descent Is Approximately a Kernel Machine, remarks on the kernel",
  rows: ["002-03"],
  claim:
    "For a smooth model the training inputs closest to a query contribute most to its prediction, and the gradients of far ones are uncorrelated with its own.",
  refutedBy:
    "Contributions that do not fall with distance, or far examples whose gradients still point along those of the query.",
  expectations: {
    nearest: {
      measure: "mean |contribution| of the nearest tenth of the examples over that of all",
      least: 1.5,
      reason: "most must be visibly more than the average; half as much again is seen in any bar chart",
      central: true,
    },
    farthest: {
      measure: "mean |contribution| of the nearest tenth over that of the farthest",
      least: 1,
      reason:
        "contributing most is contributing more than any other tenth; the farthest is the one that the claim leaves no part to",
    },
    rank: {
      measure: "rank correlation of distance and |contribution|, mean over queries",
      most: -0.2,
      reason: "a weak correlation by usual reading; nearer to 0 distance says nothing of one example",
    },
    far: {
      measure: "mean normalised tangent kernel with the farthest tenth",
      least: -0.2,
      most: 0.2,
      reason: "uncorrelated gradients have a cosine near 0; a fifth leaves room for the chance of few parameters",
    },
  },
  differences: [
    "The source gives no experiment: model and data are ours, a smooth target in the plane and a network of one tanh layer.",
    "The comparison with the farthest tenth was added after the first full run, whose figure showed it.",
    "Distance is Euclid's between inputs; examples are put into ten bins of equal number, query by query.",
  ],
  seeds: { quick: 3, full: 10 },
  sizes: {
    quick: { examples: 40, queries: 8, hidden: 16, steps: 100 },
    full: { examples: 200, queries: 40, hidden: 64, steps: 1000 },
  },
  parameters: ({ examples, queries, hidden, steps }) => [
    { name: "model", value: `2-${hidden}-1, tanh`, from: "default" },
    { name: "examples, queries", value: `${examples}, ${queries}, normal, sin(2 a) + b²/2`, from: "default" },
    { name: "steps of gradient descent", value: `${steps} at 0.2`, from: "default" },
  ],
  async measure(size, context) {
    const small = await smallTask(size, context, { options: { lr: 0.2 } });
    const { task } = small;
    const run = await descend(small, size.steps, context.signal);
    const e = await explainTest(task, run, { rule: "trapezoid", signal: context.signal });
    const { params } = await run.checkpoint(size.steps);
    const [x, queries] = [task.dataset.train.x, task.dataset.test.x];
    const kernel = (await tangentKernel(task, params, queries, x, { normalize: true })).kernel.data as RealArray;
    const n = size.examples;
    const sums = {
      contribution: new Float64Array(BINS),
      kernel: new Float64Array(BINS),
      distance: new Float64Array(BINS),
    };
    const ranks: number[] = [];
    for (let q = 0; q < size.queries; q++) {
      const distance = Array.from({ length: n }, (_, i) =>
        Math.hypot(...[0, 1].map((k) => Number(queries.data[2 * q + k]) - Number(x.data[2 * i + k]))),
      );
      const own = Array.from({ length: n }, (_, i) => Math.abs(e.contributions[q * n + i]));
      const mean = meanOf(own);
      const order = distance.map((_, i) => i).sort((a, b) => distance[a] - distance[b]);
      order.forEach((i, at) => {
        const bin = Math.floor((at * BINS) / n);
        const share = BINS / n / size.queries;
        sums.contribution[bin] += (share * own[i]) / mean;
        sums.kernel[bin] += share * kernel[q * n + i];
        sums.distance[bin] += share * distance[i];
      });
      ranks.push(spearman(distance, own) ?? 0);
    }
    return {
      contribution: [...sums.contribution],
      kernel: [...sums.kernel],
      distance: [...sums.distance],
      rank: meanOf(ranks),
    };
  },
  conclude: (measures, _size, seeds) => {
    const places = Array.from({ length: BINS }, (_, bin) => meanOf(measures.map(({ distance }) => distance[bin])));
    const axis = { label: "distance of the training input from the query, mean of each tenth" };
    return {
      values: {
        nearest: measures.map(({ contribution }) => contribution[0]),
        farthest: measures.map(({ contribution }) => contribution[0] / contribution[BINS - 1]),
        rank: measures.map(({ rank }) => rank),
        far: measures.map(({ kernel }) => kernel[BINS - 1]),
      },
      table: {
        columns: ["tenth of the examples", "mean distance", "|contribution| / mean", "normalised kernel"],
        rows: places.map((distance, bin) => [
          bin === 0 ? "nearest" : bin === BINS - 1 ? "farthest" : `${bin + 1}`,
          cell(distance),
          cell(meanOf(measures.map((own) => own.contribution[bin]))),
          cell(meanOf(measures.map((own) => own.kernel[bin]))),
        ]),
      },
      figures: [
        {
          name: "contribution-by-distance",
          reads:
            "The nearest examples contribute more than the average, those at a middle distance less, and the farthest more again: they are large inputs, whose gradients are long.",
          figure: lines({
            title: "Contributions against distance",
            caption: `Mean |contribution| of each tenth of the training examples by distance, over the mean of all; band: ${intervalWords(seeds.length)}.`,
            x: axis,
            y: { label: "|contribution| / mean", zero: true },
            series: [
              bandOf(
                "contribution",
                places,
                measures.map(({ contribution }) => contribution),
              ),
            ],
            guides: [{ axis: "y", value: 1, label: "average" }],
          }),
        },
        {
          name: "kernel-by-distance",
          reads:
            "The cosine falls steadily with distance, passes 0, and is a little below it for the farthest: lengths of gradients, which the other figure has, are not in it.",
          figure: lines({
            title: "Tangent kernel against distance",
            caption: `Mean cosine of the gradients of query and training example after training; band: ${intervalWords(seeds.length)}.`,
            x: axis,
            y: { label: "normalised tangent kernel", zero: true },
            series: [
              bandOf(
                "kernel",
                places,
                measures.map(({ kernel }) => kernel),
              ),
            ],
            guides: [{ axis: "y", value: 0, label: "uncorrelated" }],
          }),
        },
      ],
    };
  },
});

// Lhermitte (web page): a model that starts near its solution is trivially a kernel machine.

import { logLogSlope } from "../../diagnose/slopes.ts";
import { lines } from "../../figures/lines.ts";
import { intervalWords, logBandOf } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend, explainTest, residualShare, smallTask } from "../small-problem.ts";

interface Size {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
  /** Of the first training, whose end is the solution. */
  readonly far: number;
  readonly steps: number;
  /** Starts, as parts of the way from the solution to the first start. */
  readonly distances: readonly number[];
}

interface Measure {
  /** By distance: residual of left, relative to the change. */
  readonly share: readonly number[];
  /** By distance: the same residual in units of the output. */
  readonly residual: readonly number[];
}

const RATE = 0.3;

export const nearSolution = defineExperiment<Size, Measure, "share" | "falls">({
  id: "lhermitte/near-solution",
  title: "Starts nearer and nearer to the solution",
  source: "Lhermitte, web page: remark on initialisation near the solution",
  rows: ["002-12"],
  claim: "The nearer to the solution a training starts, the more exactly the trained model is a kernel machine.",
  refutedBy: "A residual, relative to what training changed, that does not vanish with the distance of the start.",
  expectations: {
    share: {
      measure: "slope of log (residual / change) against log distance, distances up to 0.3",
      least: 0.7,
      most: 1.3,
      reason:
        "both Taylor terms are known: the residual is of second order in the distance and the change of first, which leaves 1",
      central: true,
    },
    falls: {
      measure: "residual / change at the nearest start over that at the farthest",
      most: 0.3,
      reason: "a drop that no one reads as noise",
    },
  },
  differences: [
    "The source has no experiment: model, data and distances are ours.",
    "Starts lie on the straight line between the end of a first training and its start.",
  ],
  seeds: { quick: 3, full: 10 },
  sizes: {
    quick: { examples: 16, queries: 4, hidden: 8, far: 600, steps: 30, distances: [0.03, 0.1, 0.3, 1] },
    full: { examples: 24, queries: 8, hidden: 16, far: 6000, steps: 100, distances: [0.01, 0.03, 0.1, 0.3, 1] },
  },
  parameters: ({ examples, hidden, far, steps }) => [
    { name: "model", value: `2-${hidden}-1, tanh`, from: "default" },
    { name: "examples", value: `${examples}, normal, sin(2 a) + b²/2`, from: "default" },
    { name: "first training", value: `${far} steps at ${RATE}`, from: "default" },
    { name: "trainings from the nearer starts", value: `${steps} steps at ${RATE}`, from: "default" },
  ],
  async measure(size, context) {
    const small = await smallTask(size, context, { options: { lr: RATE } });
    const first = await descend(small, size.far, context.signal);
    const { params: end } = await first.checkpoint(size.far);
    const [share, residual]: [number[], number[]] = [[], []];
    for (const [k, distance] of size.distances.entries()) {
      const params = end.map((w, i) => w + distance * (small.params[i] - w));
      const run = await descend({ task: small.task, params }, size.steps, context.signal);
      const e = await explainTest(small.task, run, { rule: "left", signal: context.signal });
      share.push(residualShare(e));
      residual.push(residualShare(e) * e.scale);
      context.progress((k + 1) / size.distances.length);
    }
    return { share, residual };
  },
  conclude: (measures, { distances }, seeds) => ({
    values: {
      share: measures.map(({ share }) =>
        logLogSlope(distances.map((size, k) => ({ size, measure: share[k] })).filter(({ size }) => size < 0.31)),
      ),
      falls: measures.map(({ share }) => share[0] / share[share.length - 1]),
    },
    table: {
      columns: ["seed", "distance of the start", "residual / change", "residual"],
      rows: measures.flatMap(({ share, residual }, s) =>
        distances.map((distance, k) => [`${seeds[s]}`, cell(distance), cell(share[k]), cell(residual[k])]),
      ),
    },
    figures: [
      {
        name: "residual-by-distance",
        reads:
          "From right to left the start moves to the solution, and what the kernel machine misses goes with it: a straight line of slope 1 where it is near.",
        figure: lines({
          title: "What the kernel machine misses, against the distance of the start",
          caption: `Residual of the rule left relative to the largest change of an output; line: geometric mean, band: ${intervalWords(seeds.length)}.`,
          x: { label: "start, as part of the way from the solution to a random start", scale: "log" },
          y: { label: "residual / change", scale: "log" },
          series: [
            logBandOf(
              "residual / change",
              distances,
              measures.map(({ share }) => share),
            ),
          ],
        }),
      },
    ],
  }),
});

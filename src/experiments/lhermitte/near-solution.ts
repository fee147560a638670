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

interface OfRate {
  /** By distance: residual of left, relative to the change. */
  readonly share: readonly number[];
  /** By distance: the same residual in units of the output. */
  readonly residual: readonly number[];
}

/** At the first the claim is tested; the second tells what a smaller one does. */
const RATES = [0.3, 0.05] as const;
const [USUAL, GENTLE] = [0, 1];

/** By rate. */
type Measure = readonly OfRate[];

const slopeNear = ({ distances }: Size, { share }: OfRate): number =>
  logLogSlope(distances.map((size, k) => ({ size, measure: share[k] })).filter(({ size }) => size < 0.31));

export const nearSolution = defineExperiment<Size, Measure, "share" | "falls" | "gentle">({
  id: "lhermitte/near-solution",
  title: "Starts nearer and nearer to the solution",
  source: "Lhermitte, web page: remark on initialisation near the solution",
  rows: ["002-12"],
  claim: "The nearer to the solution a training starts, the more exactly the trained model is a kernel machine.",
  refutedBy: "A residual, relative to what training changed, that does not vanish with the distance of the start.",
  expectations: {
    share: {
      measure: `slope of log (residual / change) against log distance, distances up to 0.3, rate ${RATES[USUAL]}`,
      least: 0.7,
      most: 1.3,
      reason:
        "both Taylor terms are known: the residual is of second order in the distance and the change of first, which leaves 1",
      central: true,
    },
    falls: {
      measure: `residual / change at the nearest start over that at the farthest, rate ${RATES[USUAL]}`,
      most: 0.3,
      reason: "a drop that no one reads as noise",
    },
    gentle: {
      measure: `slope of log (residual / change) against log distance, distances up to 0.3, rate ${RATES[GENTLE]}`,
      least: 0.7,
      most: 1.3,
      reason: "the same bounds: the claim names no rate",
    },
  },
  differences: [
    "The source has no experiment: model, data and distances are ours.",
    "After a first full run, in which the claim failed, a smaller rate was added to see whether the rate is what it fails by.",
    "Starts lie on the straight line between the end of a first training and its start.",
  ],
  seeds: { quick: 3, full: 8 },
  sizes: {
    quick: { examples: 16, queries: 4, hidden: 8, far: 600, steps: 30, distances: [0.03, 0.1, 0.3, 1] },
    full: { examples: 24, queries: 8, hidden: 16, far: 3000, steps: 60, distances: [0.01, 0.03, 0.1, 0.3, 1] },
  },
  parameters: ({ examples, hidden, far, steps }) => [
    { name: "model", value: `2-${hidden}-1, tanh`, from: "default" },
    { name: "examples", value: `${examples}, normal, sin(2 a) + b²/2`, from: "default" },
    { name: "first training", value: `${far} steps at ${RATES.join(" or ")}`, from: "default" },
    { name: "trainings from the nearer starts", value: `${steps} steps at the same rate`, from: "default" },
  ],
  async measure(size, context) {
    const found: OfRate[] = [];
    for (const [r, lr] of RATES.entries()) {
      const small = await smallTask(size, context, { options: { lr } });
      const first = await descend(small, size.far, context.signal, size.far);
      const { params: end } = await first.checkpoint(size.far);
      const [share, residual]: [number[], number[]] = [[], []];
      for (const distance of size.distances) {
        const params = end.map((w, i) => w + distance * (small.params[i] - w));
        const run = await descend({ task: small.task, params }, size.steps, context.signal);
        const e = await explainTest(small.task, run, { rule: "left", signal: context.signal });
        share.push(residualShare(e));
        residual.push(residualShare(e) * e.scale);
      }
      found.push({ share, residual });
      context.progress((r + 1) / RATES.length);
    }
    return found;
  },
  conclude: (measures, size, seeds) => ({
    values: {
      share: measures.map((own) => slopeNear(size, own[USUAL])),
      falls: measures.map((own) => own[USUAL].share[0] / (own[USUAL].share.at(-1) ?? 1)),
      gentle: measures.map((own) => slopeNear(size, own[GENTLE])),
    },
    table: {
      columns: ["seed", "rate", "distance of the start", "residual / change", "residual"],
      rows: measures.flatMap((own, s) =>
        own.flatMap(({ share, residual }, r) =>
          size.distances.map((distance, k) => [
            `${seeds[s]}`,
            ...[RATES[r], distance, share[k], residual[k]].map((value) => cell(value)),
          ]),
        ),
      ),
    },
    figures: [
      {
        name: "residual-by-distance",
        reads:
          "From right to left the start moves to the solution; a line that falls to the left with slope 1 is the claim, a level one is its failure.",
        figure: lines({
          title: "What the kernel machine misses, against the distance of the start",
          caption: `Residual of the rule left relative to the largest change of an output; lines: geometric means, bands: ${intervalWords(seeds.length)}.`,
          x: { label: "start, as part of the way from the solution to a random start", scale: "log" },
          y: { label: "residual / change", scale: "log" },
          series: RATES.map((rate, r) =>
            logBandOf(
              `rate ${rate}`,
              size.distances,
              measures.map((own) => own[r].share),
            ),
          ),
        }),
      },
    ],
  }),
});

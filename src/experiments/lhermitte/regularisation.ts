// Lhermitte's T_c, the steps at which hyperplanes break down near minima and saddles, and his hypothesis that regularisation makes them few.

import { criticalSteps } from "../../explain/critical-steps.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { secondOrder } from "../../explain/second-order.ts";
import { lines } from "../../figures/lines.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend, explainTest, residualShare, smallTask } from "../small-problem.ts";

interface Size {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
  readonly steps: number;
  /** Weight decays, 0 first. */
  readonly decays: readonly number[];
}

/** By decay, means over queries. */
interface Measure {
  readonly share: readonly number[];
  /** |sum over T_c of rho| relative to the change of outputs. */
  readonly sum: readonly number[];
  readonly residual: readonly number[];
}

const RATE = 0.4;
const THRESHOLD = 0.1;

export const regularisation = defineExperiment<Size, Measure, "few" | "small" | "smooths">({
  id: "lhermitte/regularisation",
  title: "Critical steps, and what regularisation does to them",
  source:
    "Lhermitte, Discrete Proof that Every Model Learned by Gradient Descent Is Approximately a Kernel Machine, section on local minima",
  rows: ["002-06", "002-09"],
  claim:
    "The steps T_c at which the hyperplane breaks down are few and leave little, and regularisation, which smooths the loss, makes their ratio |T_c| / N smaller still.",
  refutedBy: "A ratio |T_c| / N that is large, or that grows with the weight decay.",
  expectations: {
    smooths: {
      measure: "|T_c| / N at the largest weight decay less that without decay",
      most: 0,
      reason: "the hypothesis is that the ratio falls: any fall counts",
      central: true,
    },
    few: {
      measure: "|T_c| / N without decay",
      most: 0.1,
      reason: "few is read as one step in ten",
    },
    small: {
      measure: "|sum of the remainders over T_c| / change of the output, without decay",
      most: 0.1,
      reason: "with a tenth of the change left to a few steps the kernel machine would not be an approximation",
    },
  },
  differences: [
    "A step is critical where its remainder is more than a tenth of its change: the source names no number.",
    "Regularisation is weight decay; model and data are ours.",
  ],
  seeds: { quick: 3, full: 6 },
  sizes: {
    quick: { examples: 16, queries: 4, hidden: 8, steps: 80, decays: [0, 0.1, 0.5] },
    full: { examples: 24, queries: 6, hidden: 16, steps: 300, decays: [0, 0.01, 0.1, 0.3, 0.5] },
  },
  parameters: ({ examples, hidden, steps, decays }) => [
    { name: "model", value: `2-${hidden}-1, tanh`, from: "default" },
    { name: "examples", value: `${examples}, normal, sin(2 a) + b²/2`, from: "default" },
    { name: "steps of gradient descent", value: `${steps} at ${RATE}`, from: "default" },
    { name: "threshold of T_c", value: `${THRESHOLD}`, from: "default" },
    { name: "weight decays", value: decays.join(", "), from: "default" },
  ],
  async measure(size, context) {
    const found = { share: [] as number[], sum: [] as number[], residual: [] as number[] };
    const { signal } = context;
    for (const [k, weightDecay] of size.decays.entries()) {
      const small = await smallTask(size, context, { options: { lr: RATE, weightDecay } });
      const run = await descend(small, size.steps, signal);
      const e = await explainTest(small.task, run, { rule: "left", signal });
      const queries = datasetQueries(small.task, `test:0-${size.queries - 1}`);
      const { changes } = await secondOrder(small.task, run, { queries });
      const all = queries.map((_, r) => criticalSteps(e, r, { changes, threshold: THRESHOLD }));
      found.share.push(meanOf(all.map(({ share }) => share)));
      found.sum.push(meanOf(all.map(({ sum }) => Math.abs(sum))) / e.scale);
      found.residual.push(residualShare(e));
      context.progress((k + 1) / size.decays.length);
    }
    return found;
  },
  conclude: (measures, { decays }, seeds) => ({
    values: {
      smooths: measures.map(({ share }) => share[share.length - 1] - share[0]),
      few: measures.map(({ share }) => share[0]),
      small: measures.map(({ sum }) => sum[0]),
    },
    table: {
      columns: ["seed", "weight decay", "|T_c| / N", "|sum over T_c| / change", "residual / change"],
      rows: measures.flatMap(({ share, sum, residual }, s) =>
        decays.map((decay, k) => [`${seeds[s]}`, cell(decay), cell(share[k]), cell(sum[k]), cell(residual[k])]),
      ),
    },
    figures: [
      {
        name: "critical-steps",
        reads:
          "A falling line would be the hypothesis; where the line rises with the decay, regularised training has more steps at which the hyperplane fails.",
        figure: lines({
          title: "Critical steps against weight decay",
          caption: `Share of steps whose remainder is more than a tenth of the step's change, mean over queries; band: ${intervalWords(seeds.length)}.`,
          x: { label: "weight decay" },
          y: { label: "|T_c| / N", zero: true },
          series: [
            bandOf(
              "|T_c| / N",
              decays,
              measures.map(({ share }) => share),
            ),
          ],
        }),
      },
    ],
  }),
});

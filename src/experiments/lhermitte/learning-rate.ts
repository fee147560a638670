// Lhermitte's open question: what becomes of the hyperplanes of the steps at larger learning rates.

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
  readonly rates: readonly number[];
  /** Rate times steps. */
  readonly time: number;
}

/** By rate. */
interface Measure {
  readonly left: readonly number[];
  readonly averaged: readonly number[];
}

/** Rates up to this are small: the slope is fitted to them. */
const SMALL = 0.21;

const smallSlope = ({ rates }: Size, { left }: Measure): number =>
  logLogSlope(rates.map((size, k) => ({ size, measure: left[k] })).filter(({ size }) => size < SMALL));

export const learningRate = defineExperiment<Size, Measure, "slope" | "large" | "averaged">({
  id: "lhermitte/learning-rate",
  title: "What the hyperplanes of the steps leave, against the learning rate",
  source:
    "Lhermitte, Discrete Proof that Every Model Learned by Gradient Descent Is Approximately a Kernel Machine, question on large rates",
  rows: ["002-04", "001-19"],
  claim:
    "The kernel machine that sums the steps' hyperplanes misses a part of the output that grows in proportion to the learning rate, until at large rates it is no approximation.",
  refutedBy:
    "A residual that falls other than with the first power of the rate, or stays small at rates near divergence.",
  expectations: {
    slope: {
      measure: "slope of log residual against log rate, rates up to 0.2",
      least: 0.8,
      most: 1.2,
      reason: "first order is 1; a fifth is what neighbouring orders cannot reach and a finite range of rates blurs",
      central: true,
    },
    large: {
      measure: "log10 of the residual at the largest rate, relative to the change of the outputs",
      least: -1,
      reason: "a tenth of the change is what would be seen in any figure of the predictions",
    },
    averaged: {
      measure: "largest residual over rates where Jacobians are averaged along each step",
      most: 1e-8,
      reason:
        "a hundred times the tolerance that was asked for: then only the hyperplane is at fault, not the kernel machine",
    },
  },
  differences: [
    "The source leaves the question open and has no experiment: model, data and rates are ours.",
    "After the first full run the residual at the largest rate was put on a logarithmic scale, the bound being the same: over seeds it spreads over decades, and no interval of its mean says anything.",
    "Every rate runs for the same rate times steps, so that all of them go about equally far.",
  ],
  seeds: { quick: 3, full: 10 },
  sizes: {
    quick: { examples: 16, queries: 4, hidden: 8, rates: [0.05, 0.1, 0.2, 0.8], time: 4 },
    full: { examples: 24, queries: 6, hidden: 16, rates: [0.0125, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1], time: 8 },
  },
  parameters: ({ examples, hidden, rates, time }) => [
    { name: "model", value: `2-${hidden}-1, tanh`, from: "default" },
    { name: "examples", value: `${examples}, normal, sin(2 a) + b²/2`, from: "default" },
    { name: "learning rates", value: rates.join(", "), from: "default" },
    { name: "rate times steps", value: `${time}`, from: "default" },
  ],
  async measure(size, context) {
    const [left, averaged]: [number[], number[]] = [[], []];
    for (const [k, lr] of size.rates.entries()) {
      const small = await smallTask(size, context, { options: { lr } });
      const run = await descend(small, Math.round(size.time / lr), context.signal);
      const { signal } = context;
      left.push(residualShare(await explainTest(small.task, run, { rule: "left", signal })));
      averaged.push(residualShare(await explainTest(small.task, run, { rule: "auto", signal })));
      context.progress((k + 1) / size.rates.length);
    }
    return { left, averaged };
  },
  conclude: (measures, size, seeds) => ({
    values: {
      slope: measures.map((own) => smallSlope(size, own)),
      large: measures.map(({ left }) => Math.log10(left[left.length - 1])),
      averaged: measures.map(({ averaged }) => Math.max(...averaged)),
    },
    table: {
      columns: ["seed", "rate", "residual of left / change", "residual of auto / change"],
      rows: measures.flatMap(({ left, averaged }, s) =>
        size.rates.map((rate, k) => [`${seeds[s]}`, cell(rate), cell(left[k]), cell(averaged[k])]),
      ),
    },
    figures: [
      {
        name: "residual-by-rate",
        reads:
          "The upper line rises by the same factor as the rate, and passes a tenth of the change at the right; the lower one stays at the tolerance whatever the rate.",
        figure: lines({
          title: "What is left over, against the learning rate",
          caption: `Largest residual over queries relative to the largest change of an output; lines are geometric means, bands the ${intervalWords(seeds.length)}.`,
          x: { label: "learning rate", scale: "log" },
          y: { label: "residual / change", scale: "log" },
          series: [
            logBandOf(
              "hyperplane of each step (left)",
              size.rates,
              measures.map(({ left }) => left),
            ),
            logBandOf(
              "averaged along each step (auto)",
              size.rates,
              measures.map(({ averaged }) => averaged.map((v) => Math.max(v, 1e-16))),
            ),
          ],
        }),
      },
    ],
  }),
});

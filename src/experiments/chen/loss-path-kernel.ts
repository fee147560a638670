// Chen et al. 2023 and 2025: the loss of a trained network by the loss path kernel, and the bound on the generalisation gap that it gives.

import type { Dataset } from "../../data/types.ts";
import { type LossPathTrajectory, lossPathBound, lossPathNorm } from "../../diagnose/loss-path-bound.ts";
import { lines } from "../../figures/lines.ts";
import { scatter } from "../../figures/scatter.ts";
import { lossPathKernel } from "../../kernels/loss-path-kernel.ts";
import { spearman } from "../../numeric/correlation.ts";
import { quantile } from "../../numeric/quantile.ts";
import type { Run } from "../../run/types.ts";
import { largestOf, meanOf } from "../arrays.ts";
import { intervalWords, logBandOf } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend } from "../small-problem.ts";
import type { MeasureContext } from "../types.ts";
import { lossesOf, onesAndSevens, taskOf } from "./ones-and-sevens.ts";

interface Size {
  readonly examples: number;
  readonly tests: number;
  readonly width: number;
  readonly steps: number;
  readonly looks: number;
  readonly noises: readonly number[];
  /** At the third level of noise. */
  readonly widths: readonly number[];
  /** Trainings on other samples, for the supremum of the first paper. */
  readonly others: number;
  /** Of the check of the identity. */
  readonly points: number;
}

/** One training: at each look. */
interface Condition {
  readonly noise: number;
  readonly width: number;
  readonly gap: readonly number[];
  /** Of the training alone (2025). */
  readonly own: readonly number[];
  /** With trainings on other samples (2023). */
  readonly several: readonly number[];
}

interface Measure {
  readonly byNoise: readonly Condition[];
  readonly byWidth: readonly Condition[];
  /** Missed of the loss's change by four Gauss nodes, and by the rule left at each rate. */
  readonly exact: number;
  readonly left: readonly number[];
}

const RATE = 0.2;
/** Of the check of the identity, at the same training time. */
const RATES = [0.1, 0.05, 0.025];
const CHECK_TIME = 2;

const looksOf = ({ steps, looks }: Size): number[] =>
  Array.from({ length: looks }, (_, k) => Math.round((steps * (k + 1)) / looks));

async function condition(
  mnist: Dataset,
  size: Size,
  { noise, width }: { readonly noise: number; readonly width: number },
  context: MeasureContext,
): Promise<Condition> {
  const { seed, signal } = context;
  const steps = looksOf(size);
  const training = { width, activation: "relu", rate: RATE, dtype: "float32" } as const;
  const sample = (own: number) => onesAndSevens(mnist, { ...size, noise }, own);
  const dataset = sample(seed);
  const { task, params } = await taskOf(dataset, training, context);
  const run = await descend({ task, params }, size.steps, signal);
  const kernels = await lossPathKernel(task, run, { steps, signal });
  const trajectories: LossPathTrajectory[][] = kernels.map(({ matrix }) => [{ matrix, norm: lossPathNorm(matrix) }]);
  const own = trajectories.map((list) => lossPathBound(list).complexity);
  for (let k = 1; k <= size.others; k++) {
    const other = await taskOf(sample(seed + 1000 * k), training, context);
    const otherRun = await descend(other, size.steps, signal);
    const onSample = { points: dataset.train, others: dataset.train };
    const seen = await lossPathKernel(other.task, otherRun, { ...onSample, steps, signal });
    seen.forEach(({ matrix, step }, at) => {
      trajectories[at].push({ matrix, norm: normOf(otherRun, step) });
    });
  }
  const gap: number[] = [];
  for (const step of steps) {
    const { params: w } = await run.checkpoint(step);
    gap.push(meanOf(await lossesOf(task, w, dataset.test)) - meanOf(await lossesOf(task, w, dataset.train)));
  }
  return { noise, width, gap, own, several: trajectories.map((list) => lossPathBound(list).complexity) };
}

/** B of a training by all examples, from its recorded gradients: sqrt(sum_s eta |∇L|²). */
const normOf = (run: Run, steps: number): number =>
  Math.sqrt(
    run.scalars.slice(0, steps).reduce((sum, { stepSize, gradientNorm }) => sum + stepSize * gradientNorm ** 2, 0),
  );

/** max |l(w_T, z) - l(w_0, z) + 1/n sum_i K_T(z, z_i)| over test points, relative to the largest change. */
async function missed(
  mnist: Dataset,
  size: Size,
  { rate, rule }: { rate: number; rule: string },
  context: MeasureContext,
): Promise<number> {
  const dataset = onesAndSevens(mnist, { examples: size.points, tests: size.points, noise: 0.2 }, context.seed);
  const { task, params } = await taskOf(dataset, { width: 16, activation: "tanh", rate, dtype: "float64" }, context);
  const steps = Math.round(CHECK_TIME / rate);
  const run = await descend({ task, params }, steps, context.signal);
  const [{ matrix }] = await lossPathKernel(task, run, { points: dataset.test, rule, signal: context.signal });
  const at = async (step: number) => lossesOf(task, (await run.checkpoint(step)).params, dataset.test);
  const [before, after] = [await at(0), await at(steps)];
  const n = size.points;
  const change = after.map((value, q) => value - before[q]);
  const left = change.map((value, q) => value + meanOf(matrix.data.subarray(q * n, (q + 1) * n)));
  return largestOf(left) / largestOf(change);
}

type Name = "exact" | "flow" | "valid" | "along" | "noise" | "width" | "tight" | "several";

const last = (values: readonly number[]): number => values[values.length - 1];

export const lossPath = defineExperiment<Size, Measure, Name>({
  id: "chen/loss-path-kernel",
  title: "The loss path kernel and the generalisation gap",
  source:
    "Chen et al. 2023, Analyzing Generalization of Neural Networks through Loss Path Kernels (NeurIPS); arXiv:2506.11357",
  rows: [],
  claim:
    "The loss of a point after gradient flow is that before it less the mean of the loss path kernel with the training examples, and the bound that this gives on the generalisation gap is tight and goes with the true gap.",
  refutedBy:
    "An identity that misses more than its time steps, or a bound that does not rank trainings as their gaps do.",
  expectations: {
    exact: {
      measure: "missed of the loss's change, gradient averaged by four Gauss nodes along each step",
      most: 1e-10,
      reason: "the identity itself, for a smooth network: rounding, a thousand times over",
      central: true,
    },
    flow: {
      measure: "slope of log missed against log rate, the kernel summed as it is",
      least: 0.8,
      most: 1.2,
      reason: "the statement is of gradient flow: descent misses its time steps, and nothing else",
      central: true,
    },
    valid: {
      measure: "least of bound / gap over all trainings and looks",
      least: 1,
      reason: "a bound is above what it bounds; it may fail once in a hundred trainings",
      central: true,
    },
    along: {
      measure: "rank correlation of complexity and gap along training, mean over levels of noise above 0",
      least: 0.8,
      reason: "strongly correlated: nearly all looks in order",
    },
    noise: {
      measure: "rank correlation of complexity and gap over levels of noise, after training",
      least: 0.8,
      reason: "strongly correlated: one exchange of neighbours in five at most",
      central: true,
    },
    width: {
      measure: "rank correlation of complexity and gap over widths, after training",
      least: 0.5,
      reason: "the bound is offered for the search of architectures: it must order them better than not",
    },
    tight: {
      measure: "median of 2 complexity / gap after training, levels of noise above 0",
      most: 3,
      reason: "tight is of the size of what is bounded: three times is generous",
    },
    several: {
      measure: "the same with the kernels of trainings on other samples",
      most: 3,
      reason: "the first paper's bound has the supremum over samples, and is called tight there",
    },
  },
  differences: [
    "The first paper's samples have 1,000 images, its network 100 hidden units, its rate is 10 in another parametrisation; samples here are smaller, since the kernel of all their pairs is summed at every step.",
    "The supremum over samples is taken over a few trainings (20 to 100 there): from below, so that the first paper's bound is at least this large.",
    "Test labels are flipped as often as training labels, since a gap is of one distribution.",
    "The logistic loss is not within [0, 1], which the slack 3 sqrt(ln(2 / delta) / (2 n)) assumes, delta 0.01; the sources use it as it is.",
    "The identity is checked for tanh units, where four Gauss nodes are exact; trainings of the bound have ReLU. Its rates were lowered fourfold after a first look at quick size, where at rate 0.4 four nodes missed 6e-8.",
    "300 steps in the place of 400 that were planned, for time.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: {
      examples: 24,
      tests: 200,
      width: 24,
      steps: 60,
      looks: 4,
      noises: [0, 0.2, 0.5],
      widths: [8, 24],
      others: 1,
      points: 8,
    },
    full: {
      examples: 100,
      tests: 1000,
      width: 100,
      steps: 300,
      looks: 8,
      noises: [0, 0.1, 0.2, 0.3, 0.5],
      widths: [10, 30, 100, 300],
      others: 2,
      points: 30,
    },
  },
  parameters: ({ examples, tests, width, steps, noises, widths, others }) => [
    { name: "data", value: "MNIST, ones and sevens", from: "source" },
    { name: "examples, test images", value: `${examples}, ${tests}`, from: "default" },
    { name: "network", value: `784-${width}-1, ReLU, logistic loss`, from: width === 100 ? "source" : "default" },
    { name: "training", value: `gradient descent at ${RATE}, ${steps} steps`, from: "default" },
    { name: "labels flipped", value: noises.join(", "), from: "default" },
    { name: "widths, at the third level of noise", value: widths.join(", "), from: "default" },
    { name: "trainings on other samples", value: `${others}`, from: "default" },
  ],
  async measure(size, context) {
    const mnist = await context.data("mnist", { limit: 8000 });
    const [byNoise, byWidth]: [Condition[], Condition[]] = [[], []];
    const total = size.noises.length + size.widths.length + 1;
    for (const noise of size.noises) {
      byNoise.push(await condition(mnist, size, { noise, width: size.width }, context));
      context.progress(byNoise.length / total);
    }
    for (const width of size.widths) {
      byWidth.push(await condition(mnist, { ...size, others: 0 }, { noise: size.noises[2], width }, context));
      context.progress((byNoise.length + byWidth.length) / total);
    }
    const left: number[] = [];
    for (const rate of RATES) left.push(await missed(mnist, size, { rate, rule: "left" }, context));
    return { byNoise, byWidth, exact: await missed(mnist, size, { rate: RATES[0], rule: "gauss4" }, context), left };
  },
  conclude: (measures, size, seeds) => {
    const looks = looksOf(size);
    const over = intervalWords(seeds.length);
    const slack = 3 * Math.sqrt(Math.log(2 / 0.01) / (2 * size.examples));
    const noisy = (own: Measure) => own.byNoise.filter(({ noise }) => noise > 0);
    const ends = (list: readonly Condition[], of: (own: Condition) => readonly number[]) =>
      list.map((own) => last(of(own)));
    const ranks = (list: readonly Condition[]): number =>
      spearman(
        ends(list, ({ own }) => own),
        ends(list, ({ gap }) => gap),
      ) ?? 0;
    const ratio = (of: (own: Condition) => readonly number[]) => (own: Measure) =>
      quantile(
        noisy(own).map((c) => (2 * last(of(c))) / Math.max(last(c.gap), 1e-3)),
        0.5,
      );
    const leastRatio = (own: Measure): number =>
      Math.min(
        ...[...own.byNoise, ...own.byWidth].flatMap((c) =>
          c.gap.map((gap, k) => (2 * c.own[k] + slack) / Math.max(gap, 1e-3)),
        ),
      );
    const shown = Math.min(2, size.noises.length - 1);
    const others = size.widths.filter((width) => width !== size.width);
    const otherWidths = (list: readonly Condition[]) => list.filter(({ width }) => width !== size.width);
    const series = (name: string, of: (own: Condition) => readonly number[]) =>
      logBandOf(
        name,
        looks,
        measures.map((own) => of(own.byNoise[shown]).map((value) => Math.max(value, 1e-3))),
      );
    return {
      values: {
        exact: measures.map(({ exact }) => exact),
        flow: measures.map(({ left }) => Math.log(left[0] / left[2]) / Math.log(RATES[0] / RATES[2])),
        valid: measures.map(leastRatio),
        along: measures.map((own) => meanOf(noisy(own).map((c) => spearman(c.own, c.gap) ?? 0))),
        noise: measures.map(({ byNoise }) => ranks(byNoise)),
        width: measures.map(({ byWidth }) => ranks(byWidth)),
        tight: measures.map(ratio(({ own }) => own)),
        several: measures.map(ratio(({ several }) => several)),
      },
      table: {
        columns: [
          "seed",
          "labels flipped",
          "width",
          "gap",
          "complexity U",
          "with other samples",
          "bound 2 U + slack",
          "bound / gap",
        ],
        rows: measures.flatMap(({ byNoise, byWidth }, s) =>
          [...byNoise, ...byWidth].map((c) => {
            const bound = 2 * last(c.own) + slack;
            // No other samples were trained on at the widths.
            const several = byNoise.includes(c) ? [cell(last(c.several))] : [""];
            const [before, after] = [
              [c.noise, c.width, last(c.gap), last(c.own)],
              [bound, bound / last(c.gap)],
            ].map((numbers) => numbers.map((value) => cell(value)));
            return [`${seeds[s]}`, ...before, ...several, ...after];
          }),
        ),
      },
      figures: [
        {
          name: "along-training",
          reads:
            "Complexity and gap rise together; but twice the complexity is some ten times the gap at the end, and with two trainings on other samples in the supremum a hundred times and more: no bound that says anything of losses of order one.",
          figure: lines({
            title: `Gap and complexity along training, ${size.noises[shown] * 100} % of the labels flipped`,
            caption: `Complexity U = B sqrt(trace) / n, trace of the loss path kernel of n examples and B² = sum of rate times |gradient|² over the steps: of the training alone, and with the kernels of ${size.others} trainings on other samples; the bound is 2 U + ${slack.toFixed(2)}; geometric means, gaps below 0.001 drawn there. Bands: ${over}.`,
            x: { label: "step", scale: "whole" },
            y: { label: "loss", scale: "log" },
            series: [
              series("test loss less training loss", ({ gap }) => gap),
              series("2 U", ({ own }) => own.map((value) => 2 * value)),
              series("2 U, other samples too", ({ several }) => several.map((value) => 2 * value)),
            ],
          }),
        },
        {
          name: "gap-and-bound",
          reads:
            "Levels of noise are in the order of their gaps, from lower left to upper right, but from 10 % flipped to 50 % the complexity grows thirteenfold and the gap 2.4-fold. At 20 % the widths form a column: complexities differ up to eightfold, mostly between seeds, and gaps hardly.",
          figure: scatter({
            title: "Complexity against gap, after training",
            caption: `A point for each of ${seeds.length} seeds and each level of noise or width. U: complexity, half of the bound but for its slack; other widths: ${others.join(", ")} units at ${size.noises[shown] * 100} % flipped, where all else has ${size.width}.`,
            x: { label: "test loss less training loss" },
            y: { label: "2 U", scale: "log" },
            classes: [
              ...size.noises.map((noise, k) => ({
                name: `${noise * 100} % flipped`,
                x: measures.map(({ byNoise }) => last(byNoise[k].gap)),
                y: measures.map(({ byNoise }) => 2 * last(byNoise[k].own)),
              })),
              {
                name: "other widths",
                x: measures.flatMap(({ byWidth }) => otherWidths(byWidth).map(({ gap }) => last(gap))),
                y: measures.flatMap(({ byWidth }) => otherWidths(byWidth).map(({ own }) => 2 * last(own))),
              },
            ],
          }),
        },
        {
          name: "identity",
          reads:
            "What the sum of kernels misses halves with the step: it is the time step's, and four nodes a step leave rounding.",
          figure: lines({
            title: "What the loss path kernel misses of the loss's change",
            caption: `Largest over test points, relative to the largest change, tanh network, the same training time; geometric means, bands: ${over}. With four Gauss nodes a step at rate ${RATES[0]}: the lower line.`,
            x: { label: "learning rate", scale: "log" },
            y: { label: "missed / change", scale: "log" },
            series: [
              logBandOf(
                "kernels as they are",
                RATES,
                measures.map(({ left }) => [...left]),
              ),
              logBandOf(
                "four Gauss nodes",
                RATES,
                measures.map(({ exact }) => RATES.map(() => Math.max(exact, 1e-17))),
              ),
            ],
          }),
        },
      ],
    };
  },
});

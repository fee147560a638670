// Chizat, Oyallon and Bach 2019: a scale of the output makes any model lazy, kappa says so before training, and lazy students learn less of a teacher.

import { measureLaziness } from "../../diagnose/laziness.ts";
import { logLogSlope } from "../../diagnose/slopes.ts";
import { lines } from "../../figures/lines.ts";
import { lossOf } from "../../losses/registry.ts";
import { kernelGradientFlow } from "../../machines/kernel-flow.ts";
import { withOutputScale } from "../../models/output-scale.ts";
import { spearman } from "../../numeric/correlation.ts";
import { randomFrom } from "../../numeric/random.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { column } from "../arrays.ts";
import { intervalWords, logBandOf } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { homogeneous } from "../homogeneous.ts";
import { cell } from "../number-text.ts";
import { descend } from "../small-problem.ts";
import type { MeasureContext } from "../types.ts";
import { distanceOf, shareMissed, teacherData } from "./teacher.ts";

interface Size {
  readonly inputs: number;
  readonly examples: number;
  readonly steps: number;
  /** Output scales for each width of the student. */
  readonly students: readonly { readonly width: number; readonly alphas: readonly number[] }[];
}

interface Trained {
  readonly width: number;
  readonly alpha: number;
  /** |w_T - w_0| / |w_0|. */
  readonly moved: number;
  /** |f_T - f_lin| / |f_T - f_0| on test points, f_lin the linearised model after the same training. */
  readonly linearised: number;
  readonly kappa: number;
  /** Mean square error over the mean square of the targets. */
  readonly train: number;
  readonly test: number;
}

/** Half of 2 over the largest eigenvalue of K_0 / N, about 10 for 50 units; below alpha 1 weights and kernel grow by up to 1/alpha. */
const RATE = 0.1;
/** From here on training is meant to be lazy. */
const LAZY = 3;

async function trainStudent(
  size: Size,
  { width, alpha }: Pick<Trained, "width" | "alpha">,
  { seed, engine, signal }: MeasureContext,
): Promise<Trained> {
  const dataset = teacherData(size, seed);
  const { train, test } = dataset;
  const plain = homogeneous({ inputShape: [size.inputs], hidden: [width], activation: "relu" });
  const stepSize = (RATE * Math.min(1, alpha)) / alpha ** 2;
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: withOutputScale(plain, alpha),
    loss: lossOf("half-mse"),
    optimizer: createOptimizer("gd", { lr: stepSize }),
    dataset,
    seed,
  });
  const run = await descend({ task, params }, size.steps, signal, size.steps);
  const [start, end] = [(await run.checkpoint(0)).params, (await run.checkpoint(size.steps)).params];
  const targets = column(train.y.data as Float64Array);
  const { ratio } = await measureLaziness(task, start, {
    xs: train.x,
    targets,
    starts: 1,
    random: randomFrom(seed, "laziness"),
    signal,
  });
  const flow = await kernelGradientFlow(task, start, train.x, targets, { signal });
  const linear = (await flow.predict(test.x, [{ steps: size.steps, stepSize }])).data;
  const outputs = await predict(task, end, test);
  return {
    width,
    alpha,
    moved: distanceOf(end, start) / distanceOf(start),
    linearised: distanceOf(outputs, linear) / distanceOf(outputs),
    kappa: ratio ?? 0,
    train: shareMissed(await predict(task, end, train), train),
    test: shareMissed(outputs, test),
  };
}

export const lazyScale = defineExperiment<
  Size,
  readonly Trained[],
  "moves" | "linear" | "near" | "predicts" | "scale" | "worse" | "fits"
>({
  id: "chizat/lazy-scale",
  title: "A scale of the output makes training lazy, and lazy students learn less",
  source: "Chizat, Oyallon and Bach 2019, arXiv:1812.07956, section 1.2, Theorem 2.3 and Fig. 2",
  rows: [],
  claim:
    "Trained as alpha (f(w) - f(w_0)) at step sizes over alpha squared, any model moves by O(1/alpha) and nears its linearisation, kappa = |f - y| |D²f| / |Df|² says beforehand how near, and what it learns of a teacher is worse the lazier it is.",
  refutedBy:
    "Parameters that do not move by 1/alpha, a distance to the linearised training that stays or that kappa does not order, or a lazy student that is as good as a rich one.",
  expectations: {
    moves: {
      measure: "slope of log(|w_T - w_0| / |w_0|) against log alpha, alpha >= 3",
      least: -1.1,
      most: -0.9,
      reason: "O(1/alpha) is a slope of -1; the bounds leave a quarter of an order over two orders of alpha",
      central: true,
    },
    linear: {
      measure: "slope of log(distance to the linearised training / change) against log alpha, alpha >= 3",
      most: -0.4,
      reason:
        "1/alpha where the derivative is Lipschitz; units that switch by chance, as these do, leave at least its square root",
      central: true,
    },
    near: {
      measure: "distance to the linearised training / change at the largest alpha",
      most: 0.1,
      reason: "as this library's gauge of richness calls a training lazy",
    },
    predicts: {
      measure:
        "rank correlation of kappa at the start with the distance to the linearised training, widths and scales together",
      least: 0.9,
      reason: "a predictor orders nearly every pair, across widths too, where alpha alone does not say it",
      central: true,
    },
    scale: {
      measure: "kappa at the largest alpha times alpha, over the same at the smallest, less 1",
      least: -0.01,
      most: 0.01,
      reason: "exactly 1/alpha in theory, since f_0 = 0: what is left is the search for |D²f|",
    },
    worse: {
      measure: "test error at the largest alpha over that at the smallest",
      least: 2,
      reason: "degrades is at least twofold, many times the spread of an error on a thousand points",
      central: true,
    },
    fits: {
      measure: "largest training error over the mean square of the targets",
      most: 0.02,
      reason: "a student that has not fitted is no test of what it generalises to",
    },
  },
  differences: [
    "20 inputs where the source has 100, and students of 50 and 25 units with a centred output (f - f_0) in place of pairs of units that cancel.",
    "The source varies the size of the initial weights and the width in its Fig. 2, and alpha in its theory: with a network of degree two these are the same knob.",
    "Sizes and step sizes were chosen on a prototype in NumPy of one seed, whose movement and test errors were seen (test error 0.02 to 0.21 from alpha 0.1 to 100); kappa was not.",
    "The theorem asks for a Lipschitz derivative, which a ReLU network of finite width has not: hence the weaker bound on the distance.",
  ],
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: {
      inputs: 10,
      examples: 80,
      steps: 600,
      students: [
        { width: 30, alphas: [0.2, 1, 5, 25] },
        { width: 15, alphas: [1, 25] },
      ],
    },
    full: {
      inputs: 20,
      examples: 200,
      steps: 4000,
      students: [
        { width: 50, alphas: [0.1, 0.3, 1, 3, 10, 30, 100] },
        { width: 25, alphas: [1, 10, 100] },
      ],
    },
  },
  parameters: ({ inputs, examples, steps, students }) => [
    { name: "teacher", value: "3 ReLU units with unit weights on a sphere", from: "source" },
    {
      name: "student",
      value: `two layers of ${students.map(({ width }) => width).join(" and ")} ReLU units`,
      from: "default",
    },
    { name: "inputs", value: `${examples} points on a sphere of R^${inputs}`, from: "default" },
    { name: "output scales alpha", value: students[0].alphas.join(", "), from: "default" },
    { name: "steps of gradient descent", value: `${steps} at ${RATE} min(1, alpha) / alpha²`, from: "default" },
  ],
  async measure(size, context) {
    const all = size.students.flatMap(({ width, alphas }) => alphas.map((alpha) => ({ width, alpha })));
    const trained: Trained[] = [];
    for (const [k, student] of all.entries()) {
      trained.push(await trainStudent(size, student, context));
      context.progress((k + 1) / all.length);
    }
    return trained;
  },
  conclude: (measures, { students }, seeds) => {
    const [{ width, alphas }] = students;
    const narrow = measures.map((own) => own.filter((one) => one.width === width));
    const slope = (of: (one: Trained) => number) =>
      narrow.map((own) =>
        logLogSlope(own.filter(({ alpha }) => alpha >= LAZY).map((one) => ({ size: one.alpha, measure: of(one) }))),
      );
    const line = (name: string, of: (one: Trained) => number) =>
      logBandOf(
        name,
        alphas,
        narrow.map((own) => own.map(of)),
      );
    const last = alphas.length - 1;
    const x = { label: "output scale alpha: rich at the left, lazy at the right", scale: "log" } as const;
    const bands = `Lines: geometric means, bands: ${intervalWords(seeds.length)}.`;
    return {
      values: {
        moves: slope(({ moved }) => moved),
        linear: slope(({ linearised }) => linearised),
        near: narrow.map((own) => own[last].linearised),
        predicts: measures.map(
          (own) =>
            spearman(
              own.map(({ kappa }) => kappa),
              own.map(({ linearised }) => linearised),
            ) ?? 0,
        ),
        scale: narrow.map((own) => (own[last].kappa * own[last].alpha) / (own[0].kappa * own[0].alpha) - 1),
        worse: narrow.map((own) => own[last].test / own[0].test),
        fits: measures.map((own) => Math.max(...own.map(({ train }) => train))),
      },
      table: {
        columns: ["seed", "units", "alpha", "kappa", "|Δw| / |w|", "off linearised", "training error", "test error"],
        rows: measures.flatMap((own, s) =>
          own.map((one) => [
            `${seeds[s]}`,
            `${one.width}`,
            ...[one.alpha, one.kappa, one.moved, one.linearised, one.train, one.test].map((value) => cell(value)),
          ]),
        ),
      },
      figures: [
        {
          name: "movement",
          reads:
            "On logarithmic axes the movement of the parameters becomes a straight line of slope -1 towards the right; the distance to the linearised training falls with it, less steeply, since units switch.",
          figure: lines({
            title: "How far parameters move, and how far training is from the linearised one",
            caption: `Student of ${width} units. Parameters: |w_T - w_0| / |w_0|; off the linearised: distance of the outputs from those of the linearised training, over how much training changed them. ${bands}`,
            x,
            y: { label: "share", scale: "log" },
            series: [
              line("parameters", ({ moved }) => moved),
              line("off the linearised", ({ linearised }) => linearised),
              {
                name: "1 / alpha",
                x: alphas.filter((alpha) => alpha >= 1),
                y: alphas.filter((alpha) => alpha >= 1).map((alpha) => 1 / alpha),
                reference: true,
              },
            ],
          }),
        },
        {
          name: "kappa",
          reads:
            "One cloud that rises from left to right: the smaller kappa before training, the nearer the training stays to the linearised one. At equal kappa the narrower student is a little further off.",
          figure: lines({
            title: "Kappa at the start, and how far training went from the linearised one",
            caption: `A point for each output scale and seed (${seeds.length}), students of two widths.`,
            x: { label: "kappa = |f - y| |D²f| / |Df|² at the start", scale: "log" },
            y: { label: "distance to the linearised training / change", scale: "log" },
            series: students.map((student) => {
              const own = measures.flat().filter((one) => one.width === student.width);
              return {
                name: `${student.width} units`,
                x: own.map(({ kappa }) => kappa),
                y: own.map(({ linearised }) => linearised),
                pointsOnly: true,
              };
            }),
          }),
        },
        {
          name: "test",
          reads:
            "Students at the left have found the teacher's directions; from there to the right the test error rises eightfold to a plateau, where training is that of the kernel at the start, while all fit their examples.",
          figure: lines({
            title: "Test error of the student against the output scale",
            caption: `Mean square error over the mean square of the targets, student of ${width} units. ${bands}`,
            x,
            y: { label: "share missed", scale: "log" },
            series: [line("test", ({ test }) => test), line("training", ({ train }) => Math.max(train, 1e-12))],
          }),
        },
      ],
    };
  },
});

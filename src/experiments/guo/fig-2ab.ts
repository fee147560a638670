// Guo, He and Morel, Fig. 2 (a, b): the kernel after learning a smooth function and a square wave on a line.

import { heatmap } from "../../figures/heatmap.ts";
import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { spearman } from "../../numeric/correlation.ts";
import type { RealArray } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { column, meanOf, regression, spaced } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend } from "../small-problem.ts";

interface Size {
  readonly width: number;
  readonly steps: number;
  readonly rate: number;
  readonly points: number;
}

const TARGETS = ["smooth", "square"] as const;
type Target = (typeof TARGETS)[number];

interface OfTarget {
  /** At the places of the grid. */
  readonly predicted: readonly number[];
  /** Normalised kernel of the places, (G, G); of the first seed. */
  readonly kernel?: readonly number[];
  /** Mean normalised kernel of near pairs on one side of a jump of the square wave, and of pairs as near across it. */
  readonly same: number;
  readonly across: number;
  /** Rank correlation of distance and kernel over all pairs. */
  readonly rank: number;
  /** Mean square error on the training points at the end. */
  readonly error: number;
}

type Measure = Readonly<Record<Target, OfTarget>>;

const END = 2 * Math.PI;
const GRID = spaced(-END, END, 61);
/** Two periods: the square wave jumps at -π, 0 and π. */
const smooth = Math.sin;
const VALUES: Readonly<Record<Target, (x: number) => number>> = {
  smooth,
  square: (x) => (smooth(x) >= 0 ? 1 : -1),
};
const LABELS: Readonly<Record<Target, string>> = { smooth: "sine", square: "square wave" };
/** Pairs at most this far apart are near: a quarter of the distance between jumps. */
const NEAR = Math.PI / 4;

function summary(kernel: ArrayLike<number>): Pick<OfTarget, "same" | "across" | "rank"> {
  const [same, across, distances, all]: number[][] = [[], [], [], []];
  GRID.forEach((x, i) => {
    for (let j = 0; j < i; j++) {
      const value = kernel[i * GRID.length + j];
      distances.push(x - GRID[j]);
      all.push(value);
      if (x - GRID[j] > NEAR) continue;
      (VALUES.square(x) === VALUES.square(GRID[j]) ? same : across).push(value);
    }
  });
  return { same: meanOf(same), across: meanOf(across), rank: spearman(distances, all) ?? 0 };
}

export const smoothAndSquare = defineExperiment<Size, Measure, "near" | "rank" | "jump" | "contrast" | "learned">({
  id: "guo/fig-2ab",
  title: "The kernel of a smooth function, and of one with jumps",
  source: "Guo, He and Morel, Fig. 2 (a, b)",
  rows: ["004-31"],
  claim:
    "Where the target is smooth near inputs are similar in gradient space, and where it jumps points on the two sides of the jump are far apart however near they lie.",
  refutedBy: "Near points across a jump that are as similar as near points on one side of it.",
  expectations: {
    jump: {
      measure: "square wave: mean kernel of near pairs on one side less that of pairs as near across a jump",
      least: 0.2,
      reason: "far apart must be seen in the matrix: a fifth of the range from uncorrelated to the same",
      central: true,
    },
    contrast: {
      measure: "kernel on one side less across a jump, square wave less sine at the same places",
      least: 0.1,
      reason: "the jump must do it, not the place",
    },
    learned: {
      measure: "larger of the mean square errors on the training points",
      most: 0.2,
      reason: "both targets have mean square 0.5 or 1: a network that has not learned them is no test of the claim",
    },
    near: {
      measure: "sine: mean kernel of near pairs",
      least: 0.8,
      reason: "similar is a cosine next to 1",
    },
    rank: {
      measure: "sine: rank correlation of distance and kernel",
      most: -0.5,
      reason: "similarity must fall with distance in the main, not at every pair",
    },
  },
  differences: [
    "Targets, width, learning rate and the number of iterations are missing from the source's text: sine and square wave of two periods, 64 units, 1e-3, 5000 are ours.",
    "Two-layer is read as one hidden layer and an output layer.",
    "The range of the inputs and the expectation of the mean square errors (that the targets are learned) were changed after runs at quick size, so these two were not fixed before any number was seen.",
  ],
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { width: 64, steps: 800, rate: 0.01, points: 40 },
    full: { width: 64, steps: 5000, rate: 0.001, points: 100 },
  },
  parameters: ({ width, steps, rate, points }) => [
    { name: "network", value: `1-${width}-1, tanh, fully connected`, from: "source" },
    { name: "width", value: `${width}`, from: "default" },
    { name: "optimizer", value: "Adam", from: "source" },
    { name: "learning rate, iterations", value: `${rate}, ${steps}`, from: "default" },
    { name: "targets", value: `sin x and its sign at ${points} points of [-2π, 2π]`, from: "default" },
  ],
  async measure({ width, steps, rate, points }, { seed, engine, signal, progress }) {
    const xs = spaced(-END, END, points);
    const found: Partial<Record<Target, OfTarget>> = {};
    for (const [k, target] of TARGETS.entries()) {
      const { task, params } = seededTask({
        engine: await engine("float64"),
        model: mlp({ inputShape: [1], outputs: 1, hidden: [width], activation: "tanh" }),
        loss: lossOf("half-mse"),
        optimizer: createOptimizer("adam", { lr: rate }),
        dataset: regression(column(xs), xs.map(VALUES[target])),
        seed,
      });
      const run = await descend({ task, params }, steps, signal, steps);
      const { params: w } = await run.checkpoint(steps);
      const grid = column(GRID);
      const kernel = (await tangentKernel(task, w, grid, undefined, { normalize: true })).kernel.data as RealArray;
      found[target] = {
        predicted: [...(await predict(task, w, { x: grid }))],
        ...summary(kernel),
        error: 2 * run.scalars[steps - 1].loss,
        ...(seed === 1 && { kernel: Array.from(kernel, (value) => Number(value.toFixed(4))) }),
      };
      progress((k + 1) / TARGETS.length);
    }
    return found as Measure;
  },
  conclude: (measures, _size, seeds) => {
    const gap = ({ same, across }: OfTarget): number => same - across;
    const side = { label: "x from -2π to 2π" };
    return {
      values: {
        jump: measures.map(({ square }) => gap(square)),
        contrast: measures.map((own) => gap(own.square) - gap(own.smooth)),
        near: measures.map((own) => (own.smooth.same + own.smooth.across) / 2),
        rank: measures.map((own) => own.smooth.rank),
        learned: measures.map((own) => Math.max(own.smooth.error, own.square.error)),
      },
      table: {
        columns: [
          "seed",
          "target",
          "near, one side",
          "near, across",
          "rank correlation with distance",
          "mean square error",
        ],
        rows: measures.flatMap((own, s) =>
          TARGETS.map((target) => [
            `${seeds[s]}`,
            LABELS[target],
            ...[own[target].same, own[target].across, own[target].rank, own[target].error].map((value) => cell(value)),
          ]),
        ),
      },
      figures: [
        {
          name: "predictions",
          reads:
            "How well each function was learned when the kernel was taken: the square wave's jumps are as steep as the network has made them.",
          figure: lines({
            title: "What the networks learned",
            caption: `Predictions at the end of training; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "x" },
            y: { label: "output" },
            series: TARGETS.map((target) =>
              bandOf(
                LABELS[target],
                GRID,
                measures.map((own) => own[target].predicted),
              ),
            ),
          }),
        },
        {
          name: "kernels",
          reads:
            "A broad band for the sine; for the square wave the band has faint steps where the wave jumps: they are there, and small beside what distance does.",
          figure: panels({
            title: "Normalised tangent kernel between places on the line",
            caption: "Seed 1, at the end of training.",
            panels: TARGETS.map((target) => ({
              head: LABELS[target],
              figure: heatmap({
                title: LABELS[target],
                caption: "",
                quantity: "cosine of gradients",
                values: Float64Array.from(measures[0][target].kernel ?? []),
                rows: GRID.length,
                columns: GRID.length,
                rowSide: side,
                columnSide: side,
                domain: [-1, 1],
              }),
            })),
            columns: 2,
          }),
        },
      ],
    };
  },
});

// Guo, He and Morel, Figs. 7 and 8: a ReLU unit that no training input switches on, in ranks, biases, loss and activation.

import { kinksAlong, unitActivity } from "../../diagnose/switch-units.ts";
import { heatmap } from "../../figures/heatmap.ts";
import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
import { randomFrom } from "../../numeric/random.ts";
import { sliceRows } from "../../numeric/tensor.ts";
import { spaced } from "../arrays.ts";
import { bandOf, intervalWords, logBandOf } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { gapsAlong, QUERIES_END, trainOneInput } from "./one-input.ts";

interface Size {
  readonly steps: number;
  readonly looks: number;
}

const SETTINGS = ["inside", "outside"] as const;
type Setting = (typeof SETTINGS)[number];
const LABELS: Readonly<Record<Setting, string>> = { inside: "all thresholds inside", outside: "one outside" };

interface OfSetting {
  /** By look. */
  readonly rank: readonly number[];
  readonly mixtureRank: readonly number[];
  readonly testLoss: readonly number[];
  readonly biases: readonly (readonly number[])[];
  /** Units that no training input switches on at the end. */
  readonly dormant: number;
  /** Share of the queries of each bin that switch each unit on at the end, (units, bins); of the first seed. */
  readonly activity?: readonly number[];
}

type Measure = Readonly<Record<Setting, OfSetting>>;

const UNITS = 8;
/** Queries are 91 points of [-1, 2]. */
const PER_BIN = 3;
const BINS = Math.ceil(91 / PER_BIN);

const placesOf = ({ steps, looks }: Size): number[] => Array.from({ length: looks + 1 }, (_, k) => (k * steps) / looks);

const gapsOf = ({ rank, mixtureRank }: OfSetting): number[] => mixtureRank.map((value, k) => value - rank[k]);
const endOf = <T>(values: readonly T[]): T => values[values.length - 1];
/** |b_j(T) - b_j(0)| of each unit. */
const movesOf = ({ biases }: OfSetting): number[] => endOf(biases).map((b, j) => Math.abs(b - biases[0][j]));

export const dormantUnit = defineExperiment<
  Size,
  Measure,
  "closed" | "persists" | "still" | "moved" | "dormant" | "awake" | "falls" | "higher"
>({
  id: "guo/fig-7-8",
  title: "A unit that no training input switches on",
  source: "Guo, He and Morel, Figs. 7 and 8 (section 5.4)",
  rows: ["004-39", "004-40"],
  claim:
    "In a two-layer ReLU network of one input the ranks of the empirical and the mixture tangent matrix are equal throughout training where all thresholds lie inside the training range, while with one outside its bias stays where it is, a rank gap persists and the test loss remains higher.",
  refutedBy: "A rank gap inside, none outside, a bias outside that moves, or a test loss outside that is no higher.",
  expectations: {
    closed: {
      measure: "inside: largest rank gap at any look",
      most: 0,
      reason: "the same rank throughout training is a gap of zero at every look",
      central: true,
    },
    persists: {
      measure: "outside: smallest rank gap at any look",
      least: 1,
      reason: "a persistent gap is at least one direction at every look",
      central: true,
    },
    still: {
      measure: "outside: how far the last bias moves",
      most: 0,
      reason: "a unit that is never on has a gradient of exactly zero, and gradient descent adds exactly nothing",
      central: true,
    },
    moved: {
      measure: "inside: how far the bias moves that moves least",
      least: 0.001,
      reason: "all biases receive gradients: more than rounding could do in so many steps",
    },
    dormant: {
      measure: "outside: units that no training input switches on at the end",
      least: 1,
      reason: "the unit outside is never activated during training",
    },
    awake: {
      measure: "inside: units that no training input switches on at the end",
      most: 0,
      reason: "every neuron is activated during training",
    },
    falls: {
      measure: "inside: share of the looks at which the test loss is lower than at the look before",
      least: 0.9,
      reason: "decreases steadily: at nearly every look",
    },
    higher: {
      measure: "log10 of the test loss outside over inside at the end",
      least: 0,
      reason: "remains higher is a ratio above one, in the mean over seeds",
    },
  },
  differences: [
    "Target, number of units, ranges and starts are missing from the source's text: |x|, 8 and [-1, 1] with queries to 2 are ours. Input weights are one and stay, and the output has no bias.",
    "Starts are drawn: thresholds of a grid, each moved by up to a sixteenth, outer weights of random sign, the same in both settings but for the last threshold.",
    "Ranks and losses of one start without jitter were known when the bounds were set (docs/coverage.md): its test loss outside was the lower one.",
  ],
  seeds: { quick: 3, full: 10 },
  sizes: {
    quick: { steps: 300, looks: 6 },
    full: { steps: 3000, looks: 30 },
  },
  parameters: ({ steps }) => [
    { name: "network", value: `sum of ${UNITS} a relu(x + b), a and b trained`, from: "source" },
    { name: "units", value: `${UNITS}`, from: "default" },
    { name: "target", value: "|x| at 61 points of [-1, 1]; 91 queries of [-1, 2]", from: "default" },
    {
      name: "thresholds",
      value: "from -0.9 to 0.78 by 0.24, outside the last at 1.5, each moved by up to a sixteenth",
      from: "default",
    },
    { name: "optimizer", value: `gradient descent, 0.05, ${steps} steps`, from: "default" },
  ],
  async measure(size, { seed, engine, signal, progress }) {
    const places = placesOf(size);
    const random = randomFrom(seed, "one input");
    const jitter = Array.from({ length: UNITS }, () => (random.uniform() - 0.5) / 8);
    const slopes = jitter.map(() => (random.uniform() < 0.5 ? -1 : 1) * (0.25 + 0.5 * random.uniform()));
    const inside = jitter.map((shift, j) => -0.9 + 0.24 * j + shift);
    const found: Partial<Record<Setting, OfSetting>> = {};
    for (const [k, setting] of SETTINGS.entries()) {
      const thresholds = [...inside];
      if (setting === "outside") thresholds[UNITS - 1] = 1.5 + jitter[UNITS - 1];
      const own = await trainOneInput(
        { thresholds, slopes },
        { engine: await engine("float64"), steps: size.steps, checkpointEvery: places[1], signal },
      );
      const { task, run } = own;
      const { train, test } = task.dataset;
      const gaps = await gapsAlong(own, places, { signal });
      const kinks = await kinksAlong(task, run, train.x, { steps: [size.steps], signal });
      const { params } = await run.checkpoint(size.steps);
      const activity = new Float64Array(UNITS * BINS);
      for (let bin = 0; seed === 1 && bin < BINS; bin++) {
        const xs = sliceRows(test.x, bin * PER_BIN, Math.min(test.x.shape[0], (bin + 1) * PER_BIN));
        const { active } = await unitActivity(task, params, xs);
        active.forEach((share, unit) => {
          activity[unit * BINS + bin] = share;
        });
      }
      found[setting] = {
        rank: gaps.map(({ rank }) => rank),
        mixtureRank: gaps.map(({ mixtureRank }) => mixtureRank),
        testLoss: gaps.map(({ testLoss }) => testLoss),
        biases: gaps.map(({ biases }) => biases),
        dormant: kinks.steps[0].dormant,
        ...(seed === 1 && { activity: [...activity] }),
      };
      progress((k + 1) / SETTINGS.length);
    }
    return found as Measure;
  },
  conclude: (measures, size, seeds) => {
    const places = placesOf(size);
    const falls = ({ testLoss }: OfSetting): number =>
      testLoss.filter((value, k) => k > 0 && value < testLoss[k - 1]).length / size.looks;
    const bins = spaced(-1, QUERIES_END, BINS).map((x) => x.toFixed(1));
    const range = (setting: Setting, of: (own: OfSetting) => readonly number[]) =>
      measures.map((own) => of(own[setting]));
    return {
      values: {
        closed: measures.map(({ inside }) => Math.max(...gapsOf(inside))),
        persists: measures.map(({ outside }) => Math.min(...gapsOf(outside))),
        still: measures.map(({ outside }) => endOf(movesOf(outside))),
        moved: measures.map(({ inside }) => Math.min(...movesOf(inside))),
        dormant: measures.map(({ outside }) => outside.dormant),
        awake: measures.map(({ inside }) => inside.dormant),
        falls: measures.map(({ inside }) => falls(inside)),
        higher: measures.map(({ inside, outside }) => Math.log10(endOf(outside.testLoss) / endOf(inside.testLoss))),
      },
      table: {
        columns: [
          "seed",
          "setting",
          "rank at the end",
          "with queries",
          "largest gap",
          "last bias moved",
          "dormant",
          "test loss",
        ],
        rows: measures.flatMap((own, s) =>
          SETTINGS.map((setting) => {
            const one = own[setting];
            const gap = Math.max(...gapsOf(one));
            const numbers = [endOf(one.rank), endOf(one.mixtureRank), gap, endOf(movesOf(one)), one.dormant];
            return [`${seeds[s]}`, LABELS[setting], ...[...numbers, endOf(one.testLoss)].map((value) => cell(value))];
          }),
        ),
      },
      figures: [
        {
          name: "ranks",
          reads:
            "A gap of two on the right from the start; on the left none at first, and one that opens in some seeds as thresholds move.",
          figure: panels({
            title: "Rank of the tangent features along training",
            caption: `Of training inputs alone, and with the queries; bands: ${intervalWords(seeds.length)}.`,
            columns: 2,
            least: 300,
            panels: SETTINGS.map((setting) => ({
              head: LABELS[setting],
              figure: lines({
                title: LABELS[setting],
                caption: "",
                x: { label: "step", scale: "whole" },
                y: { label: "rank", domain: [0, 2 * UNITS + 1] },
                series: [
                  bandOf(
                    "training",
                    places,
                    range(setting, ({ rank }) => rank),
                  ),
                  bandOf(
                    "with queries",
                    places,
                    range(setting, ({ mixtureRank }) => mixtureRank),
                  ),
                ],
              }),
            })),
          }),
        },
        {
          name: "loss",
          reads: "Which setting has the lower loss differs from seed to seed, and their bands overlap.",
          figure: lines({
            title: "Test loss along training",
            caption: `Mean square error on [-1, 2], training range [-1, 1]; geometric means, bands: ${intervalWords(seeds.length)}.`,
            x: { label: "step", scale: "whole" },
            y: { label: "mean square error", scale: "log" },
            series: SETTINGS.map((setting) =>
              logBandOf(
                LABELS[setting],
                places,
                range(setting, ({ testLoss }) => testLoss),
              ),
            ),
          }),
        },
        {
          name: "thresholds",
          reads:
            "On the right the uppermost line is level: that bias gets no gradient. On the left it moves up until no training input lies beyond it, and stays there.",
          figure: panels({
            title: "Where each unit switches on, along training",
            caption: "Seed 1: -b of each unit; training inputs end at 1, queries at 2.",
            columns: 2,
            least: 300,
            panels: SETTINGS.map((setting) => ({
              head: LABELS[setting],
              figure: lines({
                title: LABELS[setting],
                caption: "",
                x: { label: "step", scale: "whole" },
                y: { label: "threshold" },
                guides: [{ axis: "y", value: 1, label: "end of training inputs" }],
                series: Array.from({ length: UNITS }, (_, j) => ({
                  name: `unit ${j + 1}`,
                  x: places,
                  y: measures[0][setting].biases.map((b) => -b[j]),
                })),
              }),
            })),
          }),
        },
        {
          name: "activation",
          reads: "A row that is dark left of the line and bright right of it is a unit of which training told nothing.",
          figure: panels({
            title: "Which queries switch each unit on at the end of training",
            caption: "Seed 1: share of the queries around each place; right of the line lie no training inputs.",
            columns: 2,
            least: 300,
            panels: SETTINGS.map((setting) => ({
              head: LABELS[setting],
              figure: heatmap({
                title: LABELS[setting],
                caption: "",
                quantity: "share of queries",
                values: measures[0][setting].activity ?? [],
                rows: UNITS,
                columns: BINS,
                domain: [0, 1],
                rowSide: { label: "unit", names: Array.from({ length: UNITS }, (_, j) => `${j + 1}`) },
                columnSide: {
                  label: `x from ${bins[0]} to ${bins[BINS - 1]}`,
                  blocks: [
                    { name: "training range", size: 20 },
                    { name: "beyond", size: BINS - 20 },
                  ],
                },
              }),
            })),
          }),
        },
      ],
    };
  },
});

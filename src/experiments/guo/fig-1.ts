// Guo, He and Morel, Fig. 1: the neighbours of examples in the plane and under the normalised kernel, along a training by SGD.

import { neighboursAlong } from "../../diagnose/neighbours-along.ts";
import { lines } from "../../figures/lines.ts";
import { spearman } from "../../numeric/correlation.ts";
import { accuracyOf } from "../../train/accuracy.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { type RingTraining, ringAndDisk, ringOptimizers, trainOnRing } from "./ring.ts";
import { edgeExamples, type RingPanel, ringFigure, ringRegions, rowsAt } from "./ring-figure.ts";

interface Size extends RingTraining {
  readonly looks: number;
  readonly neighbours: number;
}

interface Measure {
  /** Mean share of the nearest examples with the anchor's label, by look; between inputs it is the same at all of them. */
  readonly kernel: readonly number[];
  readonly euclidean: number;
  readonly accuracy: number;
  /** Of the first seed. */
  readonly panels?: readonly RingPanel[];
}

/** Half of each class. */
const ANCHORS = 100;
const METRICS = ["cosine", "euclidean"] as const;

const placesOf = ({ steps, looks }: Size): number[] =>
  Array.from({ length: looks + 1 }, (_, k) => Math.round((k * steps) / looks));

export const neighbourhoods = defineExperiment<
  Size,
  Measure,
  "end" | "gain" | "over" | "mixed" | "progressive" | "learned"
>({
  id: "guo/fig-1",
  title: "Neighbours in the plane and under the kernel, along training",
  source: "Guo, He and Morel, Fig. 1",
  rows: ["004-30"],
  claim:
    "The 100 Euclidean nearest neighbours of an example mix both classes, while its 100 nearest under the normalised kernel become of one label as training goes on.",
  refutedBy:
    "Neighbourhoods under the kernel that stay as mixed as they were at the start, or as those between inputs.",
  expectations: {
    end: {
      measure: "purity of neighbours under the kernel at the end",
      least: 0.8,
      reason: "most of an anchor's neighbours share its label: four of five, where chance is one half",
      central: true,
    },
    gain: {
      measure: "purity under the kernel at the end less at the start",
      least: 0.1,
      reason: "they evolve markedly: a fifth of the way from chance to one label",
      central: true,
    },
    over: {
      measure: "purity under the kernel at the end less between inputs",
      least: 0.1,
      reason: "what the kernel shows must be beyond Euclidean distance, by as much as it must gain",
      central: true,
    },
    mixed: {
      measure: "purity of Euclidean neighbours",
      most: 0.85,
      reason: "they mix both classes: at least one of seven is of the other",
    },
    progressive: {
      measure: "rank correlation of step and purity under the kernel",
      least: 0.7,
      reason: "progressively is a rise over all of training, not a jump at its start that is lost again",
    },
    learned: {
      measure: "accuracy on the training examples at the end",
      least: 0.95,
      reason: "a network that has not learned the task is no test of the claim",
    },
  },
  differences: [
    "Network, learning rate, number of examples and widths of ring and disk are missing from the source's text and ours.",
    "Purity is the mean over a hundred anchors, fifty of each class; the source shows some anchors. The figure shows the two at the edges of their classes.",
    "How far apart the kernels within and between classes end on these data was known from the experiment on Fig. 10 when the bounds were set; purity was not.",
  ],
  seeds: { quick: 2, full: 6 },
  sizes: {
    quick: { examples: 120, hidden: [16], steps: 200, looks: 5, neighbours: 30 },
    full: { examples: 400, hidden: [32, 32], steps: 3000, looks: 15, neighbours: 100 },
  },
  parameters: ({ examples, hidden, steps, neighbours }) => [
    { name: "data", value: `${examples} points: a ring around a disk`, from: "default" },
    { name: "network", value: `2-${hidden.join("-")}-1, tanh, logistic loss`, from: "default" },
    { name: "optimizer", value: "SGD", from: "source" },
    {
      name: "learning rate, steps",
      value: `${ringOptimizers[0].options.lr}, ${steps}, batches of 32`,
      from: "default",
    },
    { name: "neighbours", value: `${neighbours}`, from: neighbours === 100 ? "source" : "default" },
  ],
  async measure(size, { seed, engine, signal, progress }) {
    const places = placesOf(size);
    const { task, run } = await trainOnRing(size, ringOptimizers[0], { seed, engine, signal }, places[1]);
    progress(0.5);
    const { dataset } = task;
    const { x } = dataset.train;
    const rows = [...Array(Math.min(ANCHORS, size.examples)).keys()];
    const options = { k: size.neighbours, metrics: METRICS, correlate: false, signal };
    const label = (n: number): number => n % 2;
    const labels = { examples: Array.from({ length: size.examples }, (_, n) => label(n)), queries: rows.map(label) };
    const along = await neighboursAlong(task, run, rowsAt(x, rows), { ...options, steps: places, labels, self: rows });
    const purity = (at: number, metric: number): number => along[at].neighbours.means?.lists[metric].purity ?? 0;
    const { params: trained } = await run.checkpoint(size.steps);
    const measured = {
      kernel: places.map((_, at) => purity(at, 0)),
      euclidean: purity(0, 1),
      accuracy: (await accuracyOf(task, trained, dataset.train)) ?? 0,
    };
    if (seed !== 1) return measured;
    const edges = edgeExamples(dataset);
    const [first, middle, last] = [0, places[Math.ceil(size.looks / 3)], size.steps];
    const steps = [first, middle, last];
    const near = await neighboursAlong(task, run, rowsAt(x, edges), { ...options, steps, self: edges });
    const panelAt = async (at: number, metric: number, head: string): Promise<RingPanel> => ({
      head,
      regions: await ringRegions(task, (await run.checkpoint(steps[at])).params),
      neighbours: near[at].neighbours.queries.map(({ lists }) => [...lists[metric].examples]),
    });
    return {
      ...measured,
      panels: [
        await panelAt(2, 1, `Euclidean, step ${last}`),
        await panelAt(0, 0, `kernel, step ${first}`),
        await panelAt(1, 0, `kernel, step ${middle}`),
        await panelAt(2, 0, `kernel, step ${last}`),
      ],
    };
  },
  conclude: (measures, size, seeds) => {
    const places = placesOf(size);
    const last = places.length - 1;
    const k = size.neighbours;
    return {
      values: {
        end: measures.map(({ kernel }) => kernel[last]),
        gain: measures.map(({ kernel }) => kernel[last] - kernel[0]),
        over: measures.map(({ kernel, euclidean }) => kernel[last] - euclidean),
        mixed: measures.map(({ euclidean }) => euclidean),
        progressive: measures.map(({ kernel }) => spearman(places, kernel) ?? 0),
        learned: measures.map(({ accuracy }) => accuracy),
      },
      table: {
        columns: [
          "seed",
          "Euclidean purity",
          "kernel at the start",
          "kernel, highest",
          "kernel at the end",
          "accuracy",
        ],
        rows: measures.map(({ kernel, euclidean, accuracy }, s) => [
          `${seeds[s]}`,
          ...[euclidean, kernel[0], Math.max(...kernel), kernel[last], accuracy].map((value) => cell(value)),
        ]),
      },
      figures: [
        {
          name: "purity",
          reads:
            "The kernel's line stays below that between inputs, and falls while the network learns to tell the classes apart.",
          figure: lines({
            title: `Purity of ${k} neighbours along training`,
            caption: `Share of the nearest examples with the anchor's label, mean over anchors; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "step", scale: "whole" },
            y: { label: "share with the same label", domain: [0.4, 1] },
            guides: [{ axis: "y", value: 0.5, label: "chance" }],
            series: [
              bandOf(
                "normalised kernel",
                places,
                measures.map(({ kernel }) => kernel),
              ),
              bandOf(
                "Euclidean",
                places,
                measures.map(({ euclidean }) => places.map(() => euclidean)),
              ),
            ],
          }),
        },
        {
          name: "neighbours",
          reads:
            "Under the kernel the neighbours of an example lie on both sides of the decision, in the direction in which the example lies, and training moves them little.",
          figure: ringFigure(ringAndDisk(size.examples, seeds[0]), measures[0].panels ?? [], {
            title: `The ${k} nearest examples of one of each class`,
            caption:
              "Seed 1. The line is where both classes are equally probable; star and cross are the examples of disk and ring nearest to the other class.",
          }),
        },
      ],
    };
  },
});

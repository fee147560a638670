// Guo, He and Morel, Fig. 9: decisions and nearest examples under the kernel's absolute value, after training by four optimizers.

import { neighbourLists } from "../../diagnose/neighbour-lists.ts";
import { dots } from "../../figures/dots.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { euclideanDistances } from "../../machines/nearest.ts";
import { type RealArray, reals } from "../../numeric/tensor.ts";
import { accuracyOf } from "../../train/accuracy.ts";
import { meanOf } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { type RingTraining, ringAndDisk, ringOptimizers, trainOnRing } from "./ring.ts";
import { edgeExamples, type RingPanel, ringFigure, ringRegions, rowsAt } from "./ring-figure.ts";

interface Size extends RingTraining {
  readonly neighbours: number;
}

/** Mean purities over the anchors: by |K|, by K, between inputs. */
interface OfOptimizer {
  readonly absolute: number;
  readonly signed: number;
  readonly euclidean: number;
  /** The same for the example of the disk nearest to the ring. */
  readonly edge: { readonly absolute: number; readonly euclidean: number };
  readonly accuracy: number;
}

interface Measure {
  /** By optimizer. */
  readonly optimizers: readonly OfOptimizer[];
  /** Of the first seed. */
  readonly panels?: readonly RingPanel[];
}

/** Half of each class. */
const ANCHORS = 100;
const KINDS = [
  ["absolute", "by |K|"],
  ["signed", "by K"],
  ["euclidean", "Euclidean"],
] as const;

export const neighboursByOptimizer = defineExperiment<Size, Measure, "pure" | "over" | "edge" | "mixed" | "learned">({
  id: "guo/fig-9",
  title: "The nearest examples under the kernel after four optimizers",
  source: "Guo, He and Morel, Fig. 9 (Appendix D)",
  rows: ["004-42"],
  claim:
    "Whichever of four optimizers trains the network, the 100 examples of largest absolute normalised kernel have the anchor's label, where its Euclidean neighbours are of both.",
  refutedBy: "An optimizer after whose training the nearest examples under the kernel are of both labels.",
  expectations: {
    pure: {
      measure: "purity by |K|, least of the optimizers",
      least: 0.8,
      reason: "the source's figure has one label; four of five, where chance is one half, is most of them",
      central: true,
    },
    over: {
      measure: "purity by |K| less between inputs, least of the optimizers",
      least: 0.1,
      reason: "a fifth of the way from chance to one label: beyond what distance shows",
      central: true,
    },
    edge: {
      measure: "purity by |K| of the disk's outermost example, least of the optimizers",
      least: 0.8,
      reason: "the source's anchor is one whose neighbours are of both classes, as those of the outermost example are",
    },
    mixed: {
      measure: "Euclidean purity of the disk's outermost example",
      most: 0.85,
      reason: "its neighbours are partly of the other class: at least one of seven",
    },
    learned: {
      measure: "accuracy on the training examples, least of the optimizers",
      least: 0.95,
      reason: "a network that has not learned the task is no test of the claim",
    },
  },
  differences: [
    "Network, learning rates and the numbers of the data are missing from the source's text and ours.",
    "Purity is the mean over a hundred anchors, fifty of each class; the source shows two. The figure shows the two at the edges of their classes.",
    "How far apart the kernels within and between classes end on these data was known from the experiment on Fig. 10 when the bounds were set; purity was not.",
  ],
  seeds: { quick: 2, full: 6 },
  sizes: {
    quick: { examples: 120, hidden: [16], steps: 200, neighbours: 30 },
    full: { examples: 400, hidden: [32, 32], steps: 3000, neighbours: 100 },
  },
  parameters: ({ examples, hidden, steps, neighbours }) => [
    { name: "data", value: `${examples} points: a ring around a disk`, from: "default" },
    { name: "network", value: `2-${hidden.join("-")}-1, tanh, logistic loss`, from: "default" },
    { name: "optimizers", value: ringOptimizers.map(({ label }) => label).join(", "), from: "source" },
    { name: "learning rates", value: ringOptimizers.map(({ options }) => `${options.lr}`).join(", "), from: "default" },
    { name: "steps", value: `${steps}, batches of 32`, from: "default" },
    { name: "neighbours", value: `${neighbours}`, from: neighbours === 100 ? "source" : "default" },
  ],
  async measure(size, { seed, engine, signal, progress }) {
    const optimizers: OfOptimizer[] = [];
    const panels: RingPanel[] = [];
    for (const [k, optimizer] of ringOptimizers.entries()) {
      const { task, run } = await trainOnRing(size, optimizer, { seed, engine, signal }, size.steps);
      const { dataset } = task;
      const { x } = dataset.train;
      const { params } = await run.checkpoint(size.steps);
      const edges = edgeExamples(dataset);
      const rows = [...edges, ...Array(Math.min(ANCHORS, size.examples)).keys()];
      const anchors = rowsAt(x, rows);
      const kernel = (await tangentKernel(task, params, anchors, x, { normalize: true, signal })).kernel
        .data as RealArray;
      const shape = [rows.length, size.examples] as const;
      const lists = neighbourLists(
        [
          {
            metric: "absolute",
            distances: reals(
              shape,
              Float64Array.from(kernel, (value) => 1 - Math.abs(value)),
            ),
          },
          {
            metric: "signed",
            distances: reals(
              shape,
              Float64Array.from(kernel, (value) => 1 - value),
            ),
          },
          { metric: "euclidean", distances: euclideanDistances(anchors, x) },
        ],
        {
          k: size.neighbours,
          labels: { examples: Array.from({ length: size.examples }, (_, n) => n % 2), queries: rows.map((n) => n % 2) },
          self: rows,
          correlate: false,
        },
      );
      const purity = (q: number, metric: number): number => lists[q].lists[metric].purity ?? 0;
      const mean = (metric: number): number => meanOf(rows.slice(2).map((_, q) => purity(q + 2, metric)));
      optimizers.push({
        absolute: mean(0),
        signed: mean(1),
        euclidean: mean(2),
        edge: { absolute: purity(0, 0), euclidean: purity(0, 2) },
        accuracy: (await accuracyOf(task, params, dataset.train)) ?? 0,
      });
      if (seed === 1)
        panels.push({
          head: optimizer.label,
          regions: await ringRegions(task, params),
          neighbours: [0, 1].map((q) => [...lists[q].lists[0].examples]),
        });
      progress((k + 1) / ringOptimizers.length);
    }
    return { optimizers, ...(seed === 1 && { panels }) };
  },
  conclude: (measures, size, seeds) => {
    const least = (of: (own: OfOptimizer) => number): number[] =>
      measures.map(({ optimizers }) => Math.min(...optimizers.map(of)));
    const k = size.neighbours;
    return {
      values: {
        pure: least(({ absolute }) => absolute),
        over: least(({ absolute, euclidean }) => absolute - euclidean),
        edge: least(({ edge }) => edge.absolute),
        mixed: measures.map(({ optimizers }) => optimizers[0].edge.euclidean),
        learned: least(({ accuracy }) => accuracy),
      },
      table: {
        columns: [
          "seed",
          "optimizer",
          ...KINDS.map(([, name]) => `purity ${name}`),
          "edge, by |K|",
          "edge",
          "accuracy",
        ],
        rows: measures.flatMap(({ optimizers }, s) =>
          optimizers.map((own, o) => [
            `${seeds[s]}`,
            ringOptimizers[o].label,
            ...KINDS.map(([kind]) => cell(own[kind])),
            ...[own.edge.absolute, own.edge.euclidean, own.accuracy].map((value) => cell(value)),
          ]),
        ),
      },
      figures: [
        {
          name: "purity",
          reads:
            "Under every optimizer the kernel's neighbours are mixed more than those between inputs. |K| and K choose the same examples, since no kernel value is far below zero.",
          figure: dots({
            title: `Purity of the ${k} nearest examples after training`,
            caption: `Share with the anchor's label, mean over anchors; bars: ${intervalWords(seeds.length)}. Chance is 0.5.`,
            x: { label: "share with the same label", domain: [0.4, 1] },
            series: KINDS.map(([, name]) => name),
            interval: intervalWords(seeds.length),
            rows: ringOptimizers.map(({ label }, o) => ({
              name: label,
              dots: KINDS.map(([kind], series) =>
                dotOf(
                  measures.map(({ optimizers }) => optimizers[o][kind]),
                  series,
                ),
              ),
            })),
          }),
        },
        {
          name: "neighbours",
          reads:
            "Each network decides rightly, and still the examples that are nearest under its kernel are of both classes: those in the direction of the anchor.",
          figure: ringFigure(ringAndDisk(size.examples, seeds[0]), measures[0].panels ?? [], {
            title: `The ${k} examples of largest |K| with one of each class`,
            caption:
              "Seed 1. The line is where both classes are equally probable; star and cross are the examples of disk and ring nearest to the other class.",
          }),
        },
      ],
    };
  },
});

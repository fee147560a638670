// Domingos 2020, section 4: the training instances nearest to a query in path-kernel space, beside those at the end of training and Euclid's.

import { type Neighbours, neighbours } from "../../diagnose/neighbours.ts";
import { dots } from "../../figures/dots.ts";
import { pictureOf } from "../../figures/image.ts";
import { neighboursFigure } from "../../figures/neighbours.ts";
import { tangentMachineKernel } from "../../kernels/machine-kernel.ts";
import { earlySteps, pathMachineKernel } from "../../kernels/path-machine-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { mlp } from "../../models/mlp.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, type Tensor, takeRows } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { classesOf, predict } from "../../train/accuracy.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { meanOf } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";

interface Size {
  readonly examples: number;
  readonly queries: number;
  readonly hidden: number;
  readonly epochs: number;
  /** States that the path kernel is summed over. */
  readonly nodes: number;
  readonly neighbours: number;
}

const METRICS = ["path kernel", "kernel at the end", "Euclid"] as const;

interface OfMetric {
  /** Mean share of the neighbours with the query's own label. */
  readonly purity: number;
  /** Share of the neighbours with the class that the network gives: over all queries, and over its mistakes. */
  readonly own: number;
  readonly mistaken: number;
  /** Share of queries whose commonest label among the neighbours is the network's class: over all, and over its mistakes. */
  readonly agrees: number;
  readonly agreesMistaken: number;
}

interface Shown {
  readonly query: number;
  readonly label: number;
  readonly named: number;
  /** By metric: indices of training images, their labels and distances. */
  readonly lists: readonly (readonly { readonly index: number; readonly label: number; readonly distance: number }[])[];
}

interface Measure {
  readonly metrics: readonly OfMetric[];
  /** Share of the path kernel's list that is in the other two. */
  readonly overlapEnd: number;
  readonly overlapEuclid: number;
  readonly accuracy: number;
  readonly mistakes: number;
  /** Of the first seed: pixels by the name of the image. */
  readonly shown?: readonly Shown[];
  readonly pixels?: Readonly<Record<string, readonly number[]>>;
}

const RATE = 0.1;
const SHOWN = 8;

const overlapOf = (a: Neighbours, b: Neighbours, list: number): number =>
  meanOf(
    a.queries.map(({ lists }, q) => {
      const other = new Set(b.queries[q].lists[list].examples);
      return lists[0].examples.filter((index) => other.has(index)).length / a.k;
    }),
  );

type Name = "agrees" | "own" | "mistaken" | "explains" | "different" | "end" | "learned";

export const nearestImages = defineExperiment<Size, Measure, Name>({
  id: "domingos/nearest-images",
  title: "The nearest training images, in path-kernel space and in Euclid's",
  source: "Domingos 2020, section 4 (arXiv:2012.00152): interpretability",
  rows: ["001-21"],
  claim:
    "Path kernels give the space in which a query is to be compared with training instances: the nearest there, unlike the nearest between images, account for what the network says of it.",
  refutedBy:
    "Nearest images in path-kernel space that are of another class than the network's answer, or of it no more often than Euclid's.",
  expectations: {
    agrees: {
      measure:
        "share of test images whose neighbours in path-kernel space are most often of the class that the network gives",
      least: 0.9,
      reason: "accounting for the answers is giving them: one in ten is left to what neighbours cannot say",
      central: true,
    },
    own: {
      measure: "share of neighbours with the network's class, path kernel less Euclid",
      least: 0.02,
      reason: "both are high on digits: above the rounding of a few images in a list",
      central: true,
    },
    mistaken: {
      measure:
        "share of mistakes on which the neighbours in path-kernel space are most often of the class that the network gives",
      least: 0.5,
      reason: "the plainest test: an answer that is wrong must be accounted for too, more often than not",
    },
    explains: {
      measure: "that share less the one of Euclid's neighbours",
      least: 0.1,
      reason: "or images alone would say the same of the network's mistakes",
    },
    different: {
      measure: "share of the path kernel's neighbours that are Euclid's too",
      most: 0.75,
      reason: "another space has other neighbours: at least one in four",
    },
    end: {
      measure: "share of the path kernel's neighbours that are those of the kernel at the end too",
      most: 0.75,
      reason: "if the path is needed, the kernel at its end must not say the same",
    },
    learned: {
      measure: "accuracy on test images",
      least: 0.85,
      reason: "of a thousand digits a network learns nine in ten",
    },
  },
  differences: [
    "The source has an argument and no experiment: network, data and numbers are ours.",
    "The path kernel is summed over some states, weighted by the step sizes around each, with every example counted at every step (trace over outputs); neighbours are by its angle.",
    "Euclid's neighbours are those between the pixels of the images.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { examples: 300, queries: 60, hidden: 16, epochs: 6, nodes: 4, neighbours: 10 },
    full: { examples: 1000, queries: 300, hidden: 64, epochs: 20, nodes: 8, neighbours: 10 },
  },
  parameters: ({ examples, queries, hidden, epochs, nodes, neighbours: k }) => [
    { name: "data", value: `${examples} images of MNIST, ${queries} test images`, from: "default" },
    { name: "network", value: `784-${hidden}-10, relu, cross-entropy, float32`, from: "default" },
    { name: "training", value: `${epochs} epochs of SGD at ${RATE}, batches of 32`, from: "default" },
    { name: "path kernel", value: `${nodes} states, the nearer the earlier`, from: "default" },
    { name: "neighbours", value: `${k}`, from: "default" },
  ],
  async measure(size, { seed, engine, data, signal, progress }) {
    const { examples, queries, hidden, epochs, nodes, neighbours: k } = size;
    const mnist = await data("mnist", { limit: examples });
    const { task, params } = seededTask({
      engine: await engine("float32"),
      model: mlp({ inputShape: mnist.inputShape, outputs: 10, hidden: [hidden], activation: "relu" }),
      loss: lossOf("cross-entropy"),
      optimizer: createOptimizer("sgd", { lr: RATE }),
      dataset: mnist,
      seed,
    });
    const batches = [...shuffledBatches({ examples, batchSize: 32, epochs }, randomFrom(seed, "batches"))];
    const run = await trainInMemory(task, { params, batches, checkpointEvery: 20, signal });
    progress(0.2);
    const end = (await run.checkpoint(batches.length)).params;
    // Other test images for each seed.
    const rows = [...randomFrom(seed, "queries").permutation(mnist.test.x.shape[0])].slice(0, queries);
    const x = takeRows(mnist.test.x, rows);
    const labels = rows.map((row) => Number(mnist.test.y.data[row]));
    const trainLabels = Array.from(mnist.train.y.data as BigInt64Array, Number);
    const named = Array.from(classesOf(await predict(task, end, { x }), task));
    const points = mnist.train.x;
    const options = { k, labels: { examples: trainLabels, queries: labels }, correlate: false, signal };
    const steps = earlySteps(batches.length, nodes);
    const path = await neighbours(pathMachineKernel(task, run, points, { steps, signal }), x, {
      ...options,
      metrics: ["cosine", "euclidean"],
    });
    progress(0.8);
    const last = await neighbours(tangentMachineKernel(task, end, points), x, { ...options, metrics: ["cosine"] });
    const found = [
      { own: path, list: 0 },
      { own: last, list: 0 },
      { own: path, list: 1 },
    ];
    const wrong = named.map((name, q) => name !== labels[q]);
    const ofWrong = (values: readonly number[]): readonly number[] => values.filter((_, q) => wrong[q]);
    const metrics = found.map(({ own, list }): OfMetric => {
      const lists = own.queries.map(({ lists: all }) => all[list]);
      const share = lists.map(({ examples: near }, q) =>
        meanOf(Array.from(near, (i) => Number(trainLabels[i] === named[q]))),
      );
      const agree = lists.map(({ majority }, q) => Number(majority?.label === named[q]));
      return {
        purity: meanOf(lists.map(({ purity = 0 }) => purity)),
        own: meanOf(share),
        mistaken: meanOf(ofWrong(share)),
        agrees: meanOf(agree),
        agreesMistaken: meanOf(ofWrong(agree)),
      };
    });
    const measured = {
      metrics,
      overlapEnd: overlapOf(path, last, 0),
      overlapEuclid: overlapOf(path, path, 1),
      accuracy: meanOf(wrong.map((isWrong) => Number(!isWrong))),
      mistakes: wrong.filter(Boolean).length,
    };
    if (seed !== 1) return measured;
    const shown = [wrong.indexOf(false), wrong.indexOf(true)]
      .filter((q) => q >= 0)
      .map(
        (q): Shown => ({
          query: rows[q],
          label: labels[q],
          named: named[q],
          lists: found.map(({ own, list }) => {
            const { examples: near, distances } = own.queries[q].lists[list];
            return Array.from(near.subarray(0, SHOWN), (index, place) => ({
              index,
              label: trainLabels[index],
              distance: Number(distances[place].toPrecision(4)),
            }));
          }),
        }),
      );
    const pixels: Record<string, number[]> = {};
    const keep = (name: string, from: Tensor, row: number): void => {
      const image = takeRows(from, [row]).data as RealArray;
      pixels[name] = Array.from(image, (value) => Number(value.toFixed(3)));
    };
    for (const { query, lists } of shown) {
      keep(`test:${query}`, mnist.test.x, query);
      for (const { index } of lists.flat()) keep(`train:${index}`, points, index);
    }
    return { ...measured, shown, pixels };
  },
  conclude: (measures, size, seeds) => {
    const { shown = [], pixels = {} } = measures[0];
    const [PATH, , EUCLID] = [0, 1, 2];
    const picture = (name: string) => pictureOf(reals([1, 28, 28], pixels[name]), { range: [0, 1] });
    const withPicture = (name: string) => ({ id: name, ...(picture(name) && { picture: picture(name)! }) });
    return {
      values: {
        agrees: measures.map(({ metrics }) => metrics[PATH].agrees),
        own: measures.map(({ metrics }) => metrics[PATH].own - metrics[EUCLID].own),
        mistaken: measures.map(({ metrics }) => metrics[PATH].agreesMistaken),
        explains: measures.map(({ metrics }) => metrics[PATH].agreesMistaken - metrics[EUCLID].agreesMistaken),
        different: measures.map(({ overlapEuclid }) => overlapEuclid),
        end: measures.map(({ overlapEnd }) => overlapEnd),
        learned: measures.map(({ accuracy }) => accuracy),
      },
      table: {
        columns: [
          "seed",
          "neighbours by",
          "query's label",
          "network's class",
          "of mistakes",
          "agrees",
          "agrees on mistakes",
          "mistakes",
        ],
        rows: measures.flatMap(({ metrics, mistakes }, s) =>
          metrics.map((own, m) => [
            `${seeds[s]}`,
            METRICS[m],
            ...[own.purity, own.own, own.mistaken, own.agrees, own.agreesMistaken, mistakes].map((value) =>
              cell(value),
            ),
          ]),
        ),
      },
      figures: [
        {
          name: "shares",
          reads:
            "All three lists tell the network's answer on most images, since most answers are right. On its mistakes the kernels' neighbours are of the class that the network gives more often than those between pixels, and still for fewer than half. The path kernel is no better than the kernel at its end.",
          figure: dots({
            title: `What class the ${size.neighbours} nearest training images have`,
            caption: `Share of test images whose neighbours are most often of the class that the network gives; ${intervalWords(seeds.length)}.`,
            x: { label: "share of test images", domain: [0, 1] },
            series: ["all", "the network's mistakes"],
            rows: METRICS.map((name, m) => ({
              name,
              dots: [
                dotOf(measures.map(({ metrics }) => metrics[m].agrees)),
                dotOf(
                  measures.map(({ metrics }) => metrics[m].agreesMistaken),
                  1,
                ),
              ],
            })),
            interval: intervalWords(seeds.length),
          }),
        },
        {
          name: "neighbours",
          reads:
            "One image that the network gets right and one that it gets wrong; the label of a query is what the network answers, and a frame says whether a neighbour is of that class. The second is a 3 that the network calls a 5: in gradient space most of its neighbours are fives, between pixels most are threes.",
          figure: neighboursFigure({
            anchors: shown.map(({ query, label: truth, named, lists }) => ({
              ...withPicture(`test:${query}`),
              id: `test:${query}, in truth a ${truth}`,
              // What is held against is the network's answer.
              label: `${named}`,
              metrics: lists.map((list, m) => ({
                name: METRICS[m],
                quantity: "distance",
                neighbours: list.map(({ index, label, distance }) => ({
                  ...withPicture(`train:${index}`),
                  label: `${label}`,
                  value: distance,
                })),
              })),
            })),
          }),
        },
      ],
    };
  },
});

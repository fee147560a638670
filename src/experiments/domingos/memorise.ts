// Domingos 2020, section 4: networks memorise and match, and perform as the kernel machines that they are.

import { dots } from "../../figures/dots.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { kernelRidge } from "../../machines/kernel-ridge.ts";
import { mlp } from "../../models/mlp.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, sliceRows, toReal } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
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
}

const NAMES = ["network", "after", "before", "nearest"] as const;
type Name = (typeof NAMES)[number];

interface Measure {
  readonly accuracy: Readonly<Record<Name, number>>;
  /** Share of test images to which it gives the class that the network gives. */
  readonly agreement: Readonly<Record<Name, number>>;
}

const LABELS: Readonly<Record<Name, string>> = {
  network: "network",
  after: "ridge over the kernel at the end",
  before: "ridge over the kernel at the start",
  nearest: "nearest gradient at the end",
};
const CLASSES = 10;
/** Relative to the mean of the kernel's diagonal. */
const RIDGE = 1e-3;

const largestAt = (values: ArrayLike<number>, start: number): number => {
  let best = 0;
  for (let c = 1; c < CLASSES; c++) if (values[start + c] > values[start + best]) best = c;
  return best;
};
const classesOf = (values: ArrayLike<number>, count: number): number[] =>
  Array.from({ length: count }, (_, q) => largestAt(values, CLASSES * q));

export const memorise = defineExperiment<Size, Measure, "agreement" | "accuracy" | "nearest">({
  id: "domingos/memorise",
  title: "Networks as machines that memorise and match",
  source: "Domingos 2020, section 4 (arXiv:2012.00152); after-kernel machines (Long 2021)",
  rows: ["001-22"],
  claim:
    "A network memorises its training examples and matches queries against them: it performs as the kernel machine of its gradients.",
  refutedBy: "A machine over the trained network's kernel that predicts other classes, or clearly worse.",
  expectations: {
    agreement: {
      measure: "share of test images on which ridge regression over the kernel at the end gives the network's class",
      least: 0.95,
      reason: "performing as the machine is giving its answers; one in twenty is left to the other loss",
      central: true,
    },
    accuracy: {
      measure: "accuracy of the network less that of the machine",
      least: -0.03,
      most: 0.03,
      reason: "three images in a hundred are about the standard error of 200 test images",
    },
    nearest: {
      measure:
        "share of test images on which the one training image of the nearest gradient has the class that the network gives",
      least: 0.9,
      reason: "matching in the plainest sense: one memory decides",
    },
  },
  differences: [
    "Handwritten digits of 8 x 8 (bundled); the source has no experiment.",
    "The machine is solved for by ridge regression on one-hot targets over the trace of the tangent kernel, not summed along the path.",
  ],
  needs: needed("digits"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { examples: 200, queries: 100, hidden: 16, epochs: 10 },
    full: { examples: 1000, queries: 300, hidden: 32, epochs: 30 },
  },
  parameters: ({ examples, queries, hidden, epochs }) => [
    { name: "data", value: `${examples} digits, ${queries} test images`, from: "default" },
    { name: "network", value: `64-${hidden}-10, tanh, cross-entropy`, from: "default" },
    { name: "training", value: `${epochs} epochs of Adam at 0.01, batches of 32`, from: "default" },
    { name: "ridge", value: `${RIDGE} of the kernel's mean diagonal`, from: "default" },
  ],
  async measure({ examples, queries, hidden, epochs }, { seed, engine, data, signal, progress }) {
    const digits = await data("digits", { limit: examples });
    const { task, params } = seededTask({
      engine: await engine("float64"),
      model: mlp({ inputShape: digits.inputShape, outputs: CLASSES, hidden: [hidden], activation: "tanh" }),
      loss: lossOf("cross-entropy"),
      optimizer: createOptimizer("adam", { lr: 0.01 }),
      dataset: digits,
      seed,
    });
    const batches = [...shuffledBatches({ examples, batchSize: 32, epochs }, randomFrom(seed, "batches"))];
    const run = await trainInMemory(task, { params, batches, checkpointEvery: batches.length, signal });
    const [start, end] = [(await run.checkpoint(0)).params, (await run.checkpoint(batches.length)).params];
    progress(0.2);
    const x = toReal(digits.train.x, "float64");
    const test = toReal(sliceRows(digits.test.x, 0, queries), "float64");
    const trainLabels = Array.from(digits.train.y.data as BigInt64Array, Number);
    const labels = Array.from(digits.test.y.data.subarray(0, queries) as BigInt64Array, Number);
    const oneHot = new Float64Array(examples * CLASSES).fill(-1 / CLASSES);
    trainLabels.forEach((label, n) => {
      oneHot[n * CLASSES + label] += 1;
    });
    const machine = async (w: RealArray): Promise<number[]> => {
      const diagonal = (await tangentKernel(task, w, sliceRows(x, 0, 50), undefined, { signal })).kernel
        .data as RealArray;
      const ridge = RIDGE * meanOf(Array.from({ length: 50 }, (_, n) => diagonal[51 * n]));
      const own = { ridge, form: "trace", prior: "zero", signal } as const;
      const solved = await kernelRidge(task, w, x, reals([examples, CLASSES], oneHot), own);
      return classesOf((await evaluateMachine(solved, test)).value.data, queries);
    };
    const cosines = Float64Array.from(
      (await tangentKernel(task, end, test, x, { normalize: true, signal })).kernel.data as RealArray,
    );
    const nearestOf = (q: number): number => {
      const row = cosines.subarray(q * examples, (q + 1) * examples);
      return trainLabels[row.indexOf(row.reduce((a, b) => Math.max(a, b), -1))];
    };
    const network = classesOf(await predict(task, end, { x: test }), queries);
    const after = await machine(end);
    progress(0.6);
    const answers: Readonly<Record<Name, readonly number[]>> = {
      network,
      after,
      before: await machine(start),
      nearest: labels.map((_, q) => nearestOf(q)),
    };
    const share = (name: Name, wanted: readonly number[]): number =>
      meanOf(answers[name].map((label, q) => Number(label === wanted[q])));
    const of = (wanted: readonly number[]) =>
      Object.fromEntries(NAMES.map((name) => [name, share(name, wanted)])) as Readonly<Record<Name, number>>;
    return { accuracy: of(labels), agreement: of(network) };
  },
  conclude: (measures, _size, seeds) => ({
    values: {
      agreement: measures.map(({ agreement }) => agreement.after),
      accuracy: measures.map(({ accuracy }) => accuracy.network - accuracy.after),
      nearest: measures.map(({ agreement }) => agreement.nearest),
    },
    table: {
      columns: ["seed", "machine", "accuracy", "agrees with the network"],
      rows: measures.flatMap(({ accuracy, agreement }, s) =>
        NAMES.map((name) => [`${seeds[s]}`, LABELS[name], cell(accuracy[name]), cell(agreement[name])]),
      ),
    },
    figures: [
      {
        name: "agreement",
        reads:
          "How often each machine gives the network's answer, and how often the right one: all of them go with the network on more than nine images in ten, that of the kernel at the start too, and are right more often than it.",
        figure: dots({
          title: "Machines of the network's gradients, against the network",
          caption: `Shares of test images; ${intervalWords(seeds.length)}.`,
          x: { label: "share of test images" },
          series: ["right", "as the network"],
          rows: NAMES.map((name) => ({
            name: LABELS[name],
            dots: [
              dotOf(
                measures.map(({ accuracy }) => accuracy[name]),
                0,
              ),
              dotOf(
                measures.map(({ agreement }) => agreement[name]),
                1,
              ),
            ],
          })),
          interval: intervalWords(seeds.length),
        }),
      },
    ],
  }),
});

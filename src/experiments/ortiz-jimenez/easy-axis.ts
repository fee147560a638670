// Ortiz-Jimenez et al. 2021: tasks along the top eigenfunctions of the first tangent kernel are easy, and training turns the kernel to its task.

import { arrayDataset } from "../../data/array-dataset.ts";
import { centredKernel, cka, targetKernel } from "../../diagnose/alignment.ts";
import { modeEnergies } from "../../diagnose/null-space.ts";
import { lines } from "../../figures/lines.ts";
import { gramMatrix } from "../../kernels/gram-matrix.ts";
import { lossOf } from "../../losses/registry.ts";
import { trainLinearised } from "../../machines/linearised-training.ts";
import { cnn } from "../../models/cnn.ts";
import { spearman } from "../../numeric/correlation.ts";
import { openLinearAlgebra } from "../../numeric/linear-algebra/load.ts";
import type { Eigenpairs, Matrix } from "../../numeric/linear-algebra/types.ts";
import { integers, type RealArray, reals, sliceRows, type Tensor } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { accuracyFrom, drawnImages, trainOnImages } from "../image-training.ts";
import { cell } from "../number-text.ts";

interface Size {
  readonly examples: number;
  readonly tests: number;
  readonly channels: readonly number[];
  readonly hidden: number;
  readonly epochs: number;
  /** Which eigenfunctions are tasks, from 1. */
  readonly indices: readonly number[];
}

/** By task. */
interface Measure {
  readonly network: readonly number[];
  readonly linearised: readonly number[];
  /** Accuracy of the network on the training images. */
  readonly learned: readonly number[];
  /** Centred CKA of kernel and y y^T over training and test images, before and after. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Share of the centred task in the first eigenvector of the centred kernel, before and after. */
  readonly axisBefore: readonly number[];
  readonly axisAfter: readonly number[];
}

const CLASSES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const RATE = 0.2;
const BATCH = 32;

/** A task less its mean. */
function lessMean(task: readonly number[]): Tensor<"float64"> {
  const mean = meanOf(task);
  return reals(
    [task.length, 1],
    task.map((value) => value - mean),
  );
}

/** 1 where the eigenvector is above its median, else -1: as many of each. */
function signsOf({ vectors }: Eigenpairs, index: number): number[] {
  const [, n] = vectors.shape;
  const values = vectors.data.subarray((index - 1) * n, index * n);
  const middle = Float64Array.from(values).sort()[Math.floor(n / 2)];
  return Array.from(values, (value) => (value >= middle ? 1 : -1));
}

export const easyAxis = defineExperiment<Size, Measure, "linear" | "network" | "turns" | "axis" | "worse" | "learned">({
  id: "ortiz-jimenez/easy-axis",
  title: "Tasks along the first kernel's eigenfunctions, and the axis that the kernel turns to",
  source: "Ortiz-Jimenez, Moosavi-Dezfooli and Frossard 2021 (arXiv:2106.06770), sections 3 and 4",
  rows: [],
  claim:
    "The alignment of a task with the tangent kernel at the start says how difficult it is, to the linearised network and to the network; training turns the kernel until the task is its first eigenvector, and on tasks aligned with the first kernel the network can do worse than its linearisation.",
  refutedBy:
    "Tasks whose difficulty is not in the order of their alignment, or a kernel after training of which the task is no top direction.",
  expectations: {
    linear: {
      measure: "rank correlation of alignment at the start and the linearised network's test accuracy, over tasks",
      least: 0.8,
      reason: "tasks in order, but for a pair of neighbours",
      central: true,
    },
    network: {
      measure: "rank correlation of alignment at the start and the network's test accuracy, over tasks",
      least: 0.7,
      reason: "the same for the network, which is said to share the order, not the numbers",
      central: true,
    },
    turns: {
      measure: "CKA of kernel and task after training less before, mean over tasks",
      least: 0.1,
      reason: "a tenth of the whole scale",
      central: true,
    },
    axis: {
      measure: "share of the task in the first eigenvector of the kernel after training, mean over tasks",
      least: 0.5,
      reason: "one axis: more of the task lies along it than along all others",
    },
    worse: {
      measure: "test accuracy of the network less that of its linearisation, on the task of the first eigenfunction",
      most: 0,
      reason: "the sign is the claim",
    },
    learned: {
      measure: "accuracy of the network on the training images of the first eigenfunction",
      least: 0.95,
      reason: "a network that has not learned the easiest task is no test of the claim",
    },
  },
  differences: [
    "A small convolutional network on images of MNIST, where the source has LeNet, VGG and ResNet on CIFAR-10, and a few hundred images, on which eigenfunctions of the kernel are eigenvectors of its matrix over training and test images.",
    "Eigenvectors are of the centred kernel and tasks are whether one is above its median: the kernel's own first eigenvector has one sign nearly everywhere.",
    "Rate and epochs were raised after a first look, at which networks had not learned the easiest task; the bounds were not touched.",
    "Alignment is the centred CKA of the kernel and y y^T; the source's is y^T K y, which for tasks of one length is in the same order where the kernel has no constant part.",
    "Network, number of images, tasks and seeds were cut for time, before full results were seen.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: { examples: 200, tests: 200, channels: [4, 8], hidden: 32, epochs: 60, indices: [1, 5, 40] },
    full: { examples: 400, tests: 400, channels: [4, 8], hidden: 32, epochs: 80, indices: [1, 5, 20, 80] },
  },
  parameters: ({ examples, tests, channels, hidden, epochs, indices }) => [
    { name: "data", value: `${examples} MNIST images, ${tests} test images, drawn by the seed`, from: "default" },
    {
      name: "tasks",
      value: `eigenvectors ${indices.join(", ")} of the kernel at the start, binarised`,
      from: "source",
    },
    {
      name: "network",
      value: `${channels.join(", ")} channels of 3 x 3, ReLU, max-pooling, ${hidden} units, logistic loss`,
      from: "default",
    },
    { name: "optimizer", value: `SGD at ${RATE}, batches of ${BATCH}, ${epochs} epochs`, from: "default" },
  ],
  async measure(size, { seed, engine, data, signal, progress }) {
    const { examples, tests, channels, hidden, epochs, indices } = size;
    const images = await data("mnist");
    const algebra = await openLinearAlgebra({ threads: 1 });
    const drawn = [
      drawnImages(images.train, { count: examples, classes: CLASSES, seed, part: "train" }),
      drawnImages(images.test, { count: tests, classes: CLASSES, seed, part: "test" }),
    ];
    const x = joined(drawn.map((own) => own.x));
    const model = cnn({ inputShape: images.inputShape, outputs: 1, channels, hidden });
    const all = examples + tests;
    const split = (signs: readonly number[], from: number, to: number) => ({
      x: sliceRows(x, from, to),
      y: integers(
        [to - from],
        signs.slice(from, to).map((sign) => (sign + 1) / 2),
      ),
    });
    const common = {
      engine: await engine("float32"),
      model,
      loss: "binary-cross-entropy",
      rate: RATE,
      batchSize: BATCH,
    };
    const train = (signs: readonly number[]) =>
      trainOnImages({
        ...common,
        train: split(signs, 0, examples),
        test: split(signs, examples, all),
        epochs,
        looks: [0, epochs],
        seed,
        signal,
      });
    // The kernel needs a model and parameters; these labels are never read.
    const alternating = Array.from({ length: all }, (_, n) => (n % 2 === 0 ? 1 : -1));
    const { task: untrained, params: start } = seededTask({
      engine: common.engine,
      model,
      loss: lossOf(common.loss),
      optimizer: createOptimizer("sgd", { lr: RATE }),
      dataset: arrayDataset({ train: split(alternating, 0, examples), test: split(alternating, examples, all) }),
      seed,
    });
    const kernelAt = async (w: RealArray): Promise<Matrix> =>
      centredKernel(await gramMatrix(untrained, w, x, { form: "trace", signal }));
    const first = await kernelAt(start);
    const modes = algebra.eigenpairs(first);
    const found = {
      network: [] as number[],
      linearised: [] as number[],
      learned: [] as number[],
      before: [] as number[],
      after: [] as number[],
      axisBefore: [] as number[],
      axisAfter: [] as number[],
    };
    for (const [k, index] of indices.entries()) {
      const signs = signsOf(modes, index);
      const labels = signs.map((sign) => (sign + 1) / 2);
      const { task, run, at } = await train(signs);
      const w = await at(epochs);
      const accuracyOn = (outputs: ArrayLike<number>, from: number, to: number): number =>
        accuracyFrom(outputs, labels.slice(from, to));
      found.network.push(accuracyOn(await predict(task, w, task.dataset.test), examples, all));
      found.learned.push(accuracyOn(await predict(task, w, task.dataset.train), 0, examples));
      const linear = await trainLinearised(task, run, { signal });
      found.linearised.push(accuracyOn(await predict(linear.task, linear.params, task.dataset.test), examples, all));
      const target = lessMean(signs);
      const last = await kernelAt(w);
      const alike = (kernel: Matrix): number => cka(kernel, targetKernel(target), { dtype: "float32" }) ?? 0;
      found.before.push(alike(first));
      found.after.push(alike(last));
      found.axisBefore.push(modeEnergies(modes, target)[0]);
      found.axisAfter.push(modeEnergies(algebra.eigenpairs(last, { largest: 1 }), target)[0]);
      progress((k + 1) / indices.length);
    }
    return found;
  },
  conclude: (measures, { indices }, seeds) => {
    const x = { label: "index of the eigenfunction that is the task", scale: "log" } as const;
    const line = (name: string, of: (own: Measure) => readonly number[]) => bandOf(name, indices, measures.map(of));
    return {
      values: {
        linear: measures.map(({ before, linearised }) => spearman(before, linearised) ?? 0),
        network: measures.map(({ before, network }) => spearman(before, network) ?? 0),
        turns: measures.map(({ before, after }) => meanOf(after) - meanOf(before)),
        axis: measures.map(({ axisAfter }) => meanOf(axisAfter)),
        worse: measures.map(({ network, linearised }) => network[0] - linearised[0]),
        learned: measures.map(({ learned }) => learned[0]),
      },
      table: {
        columns: [
          "seed",
          "eigenfunction",
          "network",
          "linearised",
          "network on training images",
          "CKA before",
          "CKA after",
          "in the first eigenvector, before",
          "after",
        ],
        rows: measures.flatMap((own, s) =>
          indices.map((index, k) => [
            `${seeds[s]}`,
            `${index}`,
            ...[own.network, own.linearised, own.learned, own.before, own.after, own.axisBefore, own.axisAfter].map(
              (list) => cell(list[k]),
            ),
          ]),
        ),
      },
      figures: [
        {
          name: "difficulty",
          reads:
            "Both lines fall from the first eigenfunction on. The linearised network is ahead by 12 points on the first and by more on the fifth, level on the 20th and at chance on the 80th, where the network is ahead: its gain is on tasks that the first kernel does not see.",
          figure: lines({
            title: "Test accuracy by the index of the eigenfunction",
            caption: `Eigenfunctions of the tangent kernel at the start, binarised, so that 0.5 is chance; bands: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "test accuracy" },
            series: [
              line("network", ({ network }) => network),
              line("linearised network", ({ linearised }) => linearised),
            ],
          }),
        },
        {
          name: "axis",
          reads:
            "Tasks that were orthogonal to the first eigenvector have a third and more of their length along it after training, up to the 20th; the first task, which lay along it, loses some. So the kernel turns towards its task, but the task is not the whole of its first axis.",
          figure: lines({
            title: "How much of the task lies along the kernel's first eigenvector",
            caption: `Share of the centred task, over training and test images; bands: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "share of the task", domain: [0, 1] },
            series: [
              line("at the start", ({ axisBefore }) => axisBefore),
              line("after training", ({ axisAfter }) => axisAfter),
            ],
          }),
        },
        {
          name: "alignment",
          reads:
            "The kernel aligns with each task but the first, with which it was aligned before: that is why the mean gain over tasks is not clear of its bound.",
          figure: lines({
            title: "Alignment of the kernel with the task, before and after training",
            caption: `Centred CKA over training and test images; bands: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "CKA" },
            series: [line("at the start", ({ before }) => before), line("after training", ({ after }) => after)],
          }),
        },
      ],
    };
  },
});

/** Rows of several arrays after each other. */
function joined(parts: readonly Tensor[]): Tensor<"float32"> {
  const shape = [parts.reduce((sum, own) => sum + own.shape[0], 0), ...parts[0].shape.slice(1)];
  const data = new Float32Array(parts.reduce((sum, own) => sum + own.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data as RealArray, at);
    at += part.data.length;
  }
  return { dtype: "float32", shape, data };
}

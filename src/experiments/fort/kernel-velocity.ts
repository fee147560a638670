// Fort et al. 2020: the tangent kernel moves fast at first and slower later, and soon carries what the network ends with.

import { kernelMovement } from "../../diagnose/kernel-movement.ts";
import { kernelDistanceFigure } from "../../figures/kernel-distance.ts";
import { lines } from "../../figures/lines.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { tangentMachineKernel } from "../../kernels/machine-kernel.ts";
import { trainLinearised } from "../../machines/linearised-training.ts";
import { ridgeMachine } from "../../machines/ridge-machine.ts";
import { mlp } from "../../models/mlp.ts";
import { openLinearAlgebra } from "../../numeric/linear-algebra/load.ts";
import type { Matrix } from "../../numeric/linear-algebra/types.ts";
import { sliceRows } from "../../numeric/tensor.ts";
import { predict } from "../../train/accuracy.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, cutBand, intervalWords, logBandOf } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { accuracyFrom, codedLabels, drawnImages, labelsOf, trainOnImages } from "../image-training.ts";
import { cell } from "../number-text.ts";

interface Size {
  readonly examples: number;
  readonly tests: number;
  /** Test images between which kernels are compared. */
  readonly probes: number;
  readonly hidden: readonly number[];
  readonly epochs: number;
  /** Epochs after which kernels are compared. */
  readonly looks: readonly number[];
  /** Looks, by place, from which the linearisation is trained and the regression solved. */
  readonly starts: readonly number[];
}

interface Measure {
  /** Distances between all looks, row by row. */
  readonly distances: readonly number[];
  /** Distance from each look to the next, an epoch. */
  readonly velocity: readonly number[];
  /** Test accuracy of the network at each look. */
  readonly network: readonly number[];
  /** By start: test accuracy of the linearisation trained for the rest of training, and of ridge regression over the kernel there. */
  readonly linearised: readonly number[];
  readonly regression: readonly number[];
  /** Accuracy on the training images at the end. */
  readonly learned: number;
}

const CLASSES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const RATE = 0.2;
const BATCH = 32;
/** The part of training that is early: the source's chaotic phase lasts 2 to 3 epochs of those in which accuracy rises. */
const EARLY = 0.15;

/** The last look that is early. */
const earlyEnd = ({ looks, epochs }: Size): number =>
  looks.reduce((at, look, k) => (look <= EARLY * epochs ? k : at), 0);

/** The start among the early ones that is the latest. */
const earlyStart = (size: Size): number => size.starts.reduce((at, look, k) => (look <= earlyEnd(size) ? k : at), 0);

/** Of the axis, on which the network itself cannot be seen at first. */
const ACCURACIES = [0.65, 0.95] as const;

/** Mean velocity between two looks. */
function velocityOver({ velocity }: Measure, looks: readonly number[], from: number, to: number): number {
  let moved = 0;
  for (let k = from; k < to; k++) moved += velocity[k] * (looks[k + 1] - looks[k]);
  return moved / (looks[to] - looks[from]);
}

export const kernelVelocity = defineExperiment<
  Size,
  Measure,
  "slows" | "most" | "behind" | "catches" | "regression" | "learned"
>({
  id: "fort/kernel-velocity",
  title: "How fast the kernel moves, and when it has what the network needs",
  source: "Fort et al. 2020 (arXiv:2010.15110), kernel distance, kernel velocity and linearised training from epoch t",
  rows: [],
  claim:
    "The tangent kernel moves fast in a short early phase and slower from then on, and linearised training with the kernel of that early time reaches the trained network's accuracy, where that with the kernel of the start does not.",
  refutedBy:
    "A kernel that moves as fast late as early, a linearisation at the start that is level with the network, or one after the early phase that is not.",
  expectations: {
    slows: {
      measure: "kernel velocity in the first 15 % of training over that in its last half",
      least: 3,
      reason:
        "fast and slow must differ by more than a factor of two, whatever the looks between which velocities are means",
      central: true,
    },
    most: {
      measure: "distance from the start that the kernel has after 15 % of training, over that at the end",
      least: 0.5,
      reason: "a phase that sets the kernel's course takes at least half of the way",
    },
    behind: {
      measure: "test accuracy of the network less that of its linearisation at the start",
      least: 0.02,
      reason: "in the source the first kernel is far behind; two points are more than what one test set can move",
      central: true,
    },
    catches: {
      measure: "test accuracy of the network less that of its linearisation after 15 % of training",
      most: 0.02,
      reason: "close to the network is within what counted as behind",
      central: true,
    },
    regression: {
      measure: "test accuracy of ridge regression over the kernel after 15 % of training less over that of the start",
      least: 0.01,
      reason:
        "if the kernel itself has learned, a machine solved for anew over it gains too, by more than a rounding of ten images",
    },
    learned: {
      measure: "accuracy on the training images at the end",
      least: 0.95,
      reason: "a network that has not learned the task is no test of the claim",
    },
  },
  differences: [
    "A perceptron on a part of MNIST by SGD at a constant rate; the source trains residual networks on CIFAR-10 and CIFAR-100 for up to 200 epochs. An epoch here has fewer steps, so that early is a share of training and not a count of epochs.",
    "Linearised training goes on from the network's weights at t with the same batches and rate for the rest of training, as in the source. Ridge regression over the kernel at t, with no part of the network's function and a ridge chosen by leaving one out, stands beside it: it has the kernel alone.",
    "Distances are of the trace of the tangent kernel between test images.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: {
      examples: 300,
      tests: 300,
      probes: 60,
      hidden: [32, 32],
      epochs: 20,
      looks: [0, 1, 2, 3, 5, 10, 20],
      starts: [0, 2, 3, 4, 5],
    },
    full: {
      examples: 1000,
      tests: 1000,
      probes: 200,
      hidden: [100, 100],
      epochs: 20,
      looks: [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7, 10, 13, 16, 20],
      starts: [0, 4, 6, 7, 9, 11],
    },
  },
  parameters: ({ examples, tests, hidden, epochs }) => [
    { name: "data", value: `${examples} MNIST images, ${tests} test images, drawn by the seed`, from: "default" },
    { name: "network", value: `784-${hidden.join("-")}-10, ReLU, cross-entropy`, from: "default" },
    { name: "optimizer", value: "SGD", from: "source" },
    { name: "training", value: `${epochs} epochs at ${RATE}, batches of ${BATCH}`, from: "default" },
  ],
  async measure(size, { seed, engine, data, signal, progress }) {
    const { examples, tests, probes, hidden, epochs, looks, starts } = size;
    const images = await data("mnist");
    const train = drawnImages(images.train, { count: examples, classes: CLASSES, seed, part: "train" });
    const test = drawnImages(images.test, { count: tests, classes: CLASSES, seed, part: "test" });
    const { task, run, step, at } = await trainOnImages({
      engine: await engine("float32"),
      model: mlp({ inputShape: images.inputShape, outputs: 10, hidden, activation: "relu" }),
      loss: "cross-entropy",
      train,
      test,
      rate: RATE,
      batchSize: BATCH,
      epochs,
      looks,
      seed,
      signal,
    });
    const labels = labelsOf(test);
    const points = sliceRows(test.x, 0, probes);
    const kernels: Matrix[] = [];
    const network: number[] = [];
    for (const look of looks) {
      const w = await at(look);
      kernels.push(await tangentMachineKernel(task, w, points).matrix({ signal }));
      network.push(accuracyFrom(await predict(task, w, { x: test.x }), labels));
    }
    const { distances, velocity } = kernelMovement(kernels, looks);
    progress(0.2);
    const [linearised, regression]: number[][] = [[], []];
    const algebra = await openLinearAlgebra({ threads: 1 });
    const targets = codedLabels(labelsOf(train), CLASSES.length);
    for (const [k, place] of starts.entries()) {
      const linear = await trainLinearised(task, run, { from: step(looks[place]), signal });
      linearised.push(accuracyFrom(await predict(linear.task, linear.params, { x: test.x }), labels));
      const kernel = tangentMachineKernel(task, await at(looks[place]), train.x);
      const machine = await ridgeMachine(kernel, targets, { algebra, signal });
      regression.push(accuracyFrom((await evaluateMachine(machine, test.x)).value.data, labels));
      progress(0.2 + (0.8 * (k + 1)) / starts.length);
    }
    return {
      distances: [...distances.data],
      velocity: [...velocity],
      network,
      linearised,
      regression,
      learned: accuracyFrom(await predict(task, await at(epochs), { x: train.x }), labelsOf(train)),
    };
  },
  conclude: (measures, size, seeds) => {
    const { looks, starts, epochs } = size;
    const last = looks.length - 1;
    const [early, start] = [earlyEnd(size), earlyStart(size)];
    const half = looks.findIndex((look) => look >= epochs / 2);
    const from = starts.map((place) => looks[place]);
    const end = ({ network }: Measure): number => network[last];
    const mean = Array.from({ length: looks.length ** 2 }, (_, k) => meanOf(measures.map((own) => own.distances[k])));
    const below = (_: number, k: number): boolean => meanOf(measures.map(({ network }) => network[k])) < ACCURACIES[0];
    const above = looks.findLastIndex(below) + 1;
    const middles = looks.slice(1).map((look, k) => (look + looks[k]) / 2);
    return {
      values: {
        slows: measures.map((own) => velocityOver(own, looks, 0, early) / velocityOver(own, looks, half, last)),
        most: measures.map(({ distances }) => distances[early] / distances[last]),
        behind: measures.map((own) => end(own) - own.linearised[0]),
        catches: measures.map((own) => end(own) - own.linearised[start]),
        regression: measures.map((own) => own.regression[start] - own.regression[0]),
        learned: measures.map(({ learned }) => learned),
      },
      table: {
        columns: [
          "seed",
          "epoch t",
          "S(0, t)",
          "network at t",
          "linearised from t",
          "regression over K_t",
          "network at the end",
        ],
        rows: measures.flatMap((own, s) =>
          starts.map((place, k) => [
            `${seeds[s]}`,
            `${looks[place]}`,
            ...[own.distances[place], own.network[place], own.linearised[k], own.regression[k], end(own)].map((value) =>
              cell(value),
            ),
          ]),
        ),
      },
      figures: [
        {
          name: "velocity",
          reads:
            "The kernel moves some 100 times as fast in the first quarter of training as at the end. There is no edge at 15 %: it slows down from a quarter on, and does not go on at a constant speed as in the source: here all training images are learned at the end, and gradients vanish.",
          figure: lines({
            title: "Velocity of the tangent kernel along training",
            caption: `Kernel distance between neighbouring looks over the epochs between; geometric means, bands: ${intervalWords(seeds.length)}.`,
            x: { label: "epoch" },
            y: { label: "kernel velocity, 1 / epoch", scale: "log" },
            guides: [{ axis: "x", value: EARLY * epochs, label: "15 % of training" }],
            series: [
              logBandOf(
                "kernel velocity",
                middles,
                measures.map(({ velocity }) => velocity.map((value) => Math.max(value, 1e-12))),
              ),
            ],
          }),
        },
        {
          name: "accuracy",
          reads:
            "The solid line is the source's measure: it starts twelve points below the network that training ends with, is within two points of it after two epochs and level with it after ten. The upper, dashed line has the kernel alone, with a ridge that is chosen: over the first kernel it is a point above the trained network already, so that on these images what the linearisation at the start lacks is steps and not features.",
          figure: lines({
            title: "What the kernel of time t is good for",
            caption: `Test accuracy against the epoch t at which the kernel is taken; the network's line begins where it stays above the axis. Bands, cut off at the axis: ${intervalWords(seeds.length)}.`,
            x: { label: "epoch t" },
            y: { label: "test accuracy", domain: ACCURACIES },
            guides: [{ axis: "y", value: meanOf(measures.map(end)), label: "network at the end" }],
            series: [
              bandOf(
                "linearised from t",
                from,
                measures.map(({ linearised }) => linearised),
              ),
              bandOf(
                "regression over K_t",
                from,
                measures.map(({ regression }) => regression),
              ),
              cutBand(
                bandOf(
                  "network at t",
                  looks.slice(above),
                  measures.map(({ network }) => network.slice(above)),
                ),
                ACCURACIES,
              ),
            ],
          }),
        },
        {
          name: "distances",
          reads:
            "Dark is near. From a few epochs on, at the lower right, kernels differ little from each other, while that of the start is far from all that are an epoch and more later: as far as kernels here go, on a scale on which 1 is orthogonal.",
          figure: kernelDistanceFigure({
            steps: looks,
            distances: mean,
            measure: `mean kernel distance over ${seeds.length} seeds`,
            unit: "epoch",
          }),
        },
      ],
    };
  },
});

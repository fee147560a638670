// Baratin et al. 2021: tangent features align with the task along training, layer by layer, and with what is true of it first.

import { centredKernel, cka, labelKernel } from "../../diagnose/alignment.ts";
import { spectrumSummary } from "../../diagnose/spectrum-summary.ts";
import { lines } from "../../figures/lines.ts";
import { gramMatrix } from "../../kernels/gram-matrix.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { mlp } from "../../models/mlp.ts";
import { openLinearAlgebra } from "../../numeric/linear-algebra/load.ts";
import type { Matrix } from "../../numeric/linear-algebra/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { integers, type RealArray, reals, sliceRows, type Tensor, takeRows } from "../../numeric/tensor.ts";
import { predict } from "../../train/accuracy.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { accuracyFrom, drawnImages, labelsOf, trainOnImages } from "../image-training.ts";
import { cell } from "../number-text.ts";

interface Size {
  readonly examples: number;
  readonly tests: number;
  /** Of each kind of images, between which kernels are computed. */
  readonly probes: number;
  readonly hidden: readonly number[];
  readonly epochs: number;
  readonly looks: readonly number[];
}

/** Each by look. */
interface Measure {
  /** Centred CKA of the kernel between test images and their labels. */
  readonly test: readonly number[];
  /** The same of each layer's part of the kernel. */
  readonly layers: readonly (readonly number[])[];
  /** Share of the centred kernel's trace in its largest ten eigenvalues, and its effective rank. */
  readonly share: readonly number[];
  readonly rank: readonly number[];
  /** With a part of the labels random: CKA between training images of true labels, and between those of random ones, with the labels trained on. */
  readonly easy: readonly number[];
  readonly hard: readonly number[];
  /** Accuracy on the training images at the end, of true and of partly random labels. */
  readonly learned: number;
  readonly memorised: number;
  readonly accuracy: number;
}

const CLASSES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const RATE = 0.2;
const BATCH = 32;
/** Share of images whose label is drawn anew. */
const RANDOM = 0.4;
const TOP = 10;

/** The look at which a curve has first gone half of the way from its start to its highest point, between looks by a line. */
function halfTime(looks: readonly number[], curve: readonly number[]): number {
  const middle = (curve[0] + Math.max(...curve)) / 2;
  const k = curve.findIndex((value) => value >= middle);
  if (k <= 0) return looks[0];
  return looks[k - 1] + ((middle - curve[k - 1]) / (curve[k] - curve[k - 1])) * (looks[k] - looks[k - 1]);
}

export const featureAlignment = defineExperiment<
  Size,
  Measure,
  "rises" | "layers" | "anisotropic" | "rank" | "first" | "gap" | "learned"
>({
  id: "baratin/alignment",
  title: "Tangent features align with the task, and with its true part first",
  source:
    "Baratin et al. 2021 (arXiv:2008.00938): CKA of tangent kernel and labels, trace ratios, partly random labels",
  rows: [],
  claim:
    "Along training the tangent kernel aligns with the labels, in each layer differently, while its spectrum becomes anisotropic; where labels are partly random it aligns with the true ones first.",
  refutedBy:
    "An alignment that does not rise, a spectrum that stays as spread as it was, or random labels that the kernel aligns with as early and as much as with true ones.",
  expectations: {
    rises: {
      measure: "centred CKA of kernel and labels between test images at the end less at the start",
      least: 0.1,
      reason: "a tenth of the whole scale: the source's rises are larger",
      central: true,
    },
    layers: {
      measure: "largest less smallest gain of CKA over the layers",
      least: 0.05,
      reason: "layers that differ must differ by more than what seeds move",
    },
    anisotropic: {
      measure: `share of the centred kernel's trace in its ${TOP} largest eigenvalues at the end less at the start`,
      least: 0.1,
      reason: "the top directions, as many as classes, take a tenth more of the whole",
      central: true,
    },
    rank: {
      measure: "effective rank of the centred kernel at the end over that at the start",
      most: 0.8,
      reason: "the same by a measure without a cut: at least a fifth of the directions is lost",
    },
    first: {
      measure: "epochs until CKA is half-way, images of random labels over those of true ones",
      least: 1.5,
      reason: "later must be by half as much again, where looks are coarse",
    },
    gap: {
      measure: "largest CKA between images of true labels less largest between those of random ones",
      least: 0.1,
      reason: "what is aligned with is what the labels have in common with the images",
      central: true,
    },
    learned: {
      measure: "accuracy on the training images at the end, true labels",
      least: 0.95,
      reason: "a network that has not learned the task is no test of the claim",
    },
  },
  differences: [
    "A deep perceptron on a part of MNIST by SGD without momentum; the source has perceptrons, VGG and residual networks on MNIST and CIFAR-10.",
    `${100 * RANDOM} % of the labels are drawn anew among all classes; images of true and of random labels are compared each among themselves.`,
    "Kernels are traces of the tangent kernel; spectra are of the centred kernel, since the largest eigenvalue of a ReLU network's is nearly a constant.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { examples: 300, tests: 200, probes: 80, hidden: [32, 32, 32], epochs: 40, looks: [0, 2, 5, 10, 20, 40] },
    full: {
      examples: 1000,
      tests: 1000,
      probes: 200,
      hidden: [100, 100, 100, 100],
      epochs: 60,
      looks: [0, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 60],
    },
  },
  parameters: ({ examples, hidden, epochs, probes }) => [
    { name: "data", value: `${examples} MNIST images drawn by the seed`, from: "default" },
    { name: "network", value: `784-${hidden.join("-")}-10, ReLU, cross-entropy`, from: "default" },
    { name: "optimizer", value: `SGD at ${RATE}, batches of ${BATCH}, ${epochs} epochs`, from: "default" },
    { name: "random labels", value: `${100 * RANDOM} %`, from: "default" },
    { name: "images of each kernel", value: `${probes}`, from: "default" },
  ],
  async measure(size, { seed, engine, data, signal, progress }) {
    const { examples, tests, probes, hidden, epochs, looks } = size;
    const images = await data("mnist");
    const algebra = await openLinearAlgebra({ member: "javascript" });
    const train = drawnImages(images.train, { count: examples, classes: CLASSES, seed, part: "train" });
    const test = drawnImages(images.test, { count: tests, classes: CLASSES, seed, part: "test" });
    const model = mlp({ inputShape: images.inputShape, outputs: 10, hidden, activation: "relu" });
    const common = { engine: await engine("float32"), model, loss: "cross-entropy", test, rate: RATE };
    const training = { ...common, batchSize: BATCH, epochs, looks, seed, signal };
    const alike = (kernel: Matrix, labels: readonly number[]): number =>
      cka(kernel, labelKernel(labels), { dtype: "float32" }) ?? 0;

    const clean = await trainOnImages({ ...training, train });
    const points = sliceRows(test.x, 0, probes);
    const labels = labelsOf(test);
    const near = labels.slice(0, probes);
    const found = { test: [] as number[], layers: [] as number[][], share: [] as number[], rank: [] as number[] };
    for (const [k, look] of looks.entries()) {
      const parts = (await tangentKernel(clean.task, await clean.at(look), points, undefined, { per: "layer", signal }))
        .kernel;
      const layers = layersOf(parts);
      const whole = layers.reduce((sum, own) =>
        reals(
          sum.shape,
          sum.data.map((value, at) => value + own.data[at]),
        ),
      );
      found.test.push(alike(whole, near));
      found.layers.push(layers.map((own) => alike(own, near)));
      const spectrum = spectrumSummary(algebra.eigenvalues(centredKernel(whole)), { dtype: "float32" });
      found.share.push(spectrum.shares.subarray(0, TOP).reduce((sum, value) => sum + value, 0));
      found.rank.push(spectrum.effectiveRank);
      progress((0.5 * (k + 1)) / looks.length);
    }
    const accuracyOn = async (own: typeof clean, { x, y }: { x: Tensor; y: Tensor }): Promise<number> =>
      accuracyFrom(await predict(own.task, await own.at(epochs), { x }), Array.from(y.data as BigInt64Array, Number));
    const learned = await accuracyOn(clean, train);
    const accuracy = await accuracyOn(clean, test);

    const random = randomFrom(seed, "random labels");
    const isRandom = labelsOf(train).map(() => random.uniform() < RANDOM);
    const given = labelsOf(train).map((label, n) =>
      isRandom[n] ? Math.min(CLASSES.length - 1, Math.floor(CLASSES.length * random.uniform())) : label,
    );
    const noisy = { x: train.x, y: integers([examples], given) };
    const mixed = await trainOnImages({ ...training, train: noisy });
    const groups = [false, true].map((kind) => {
      const rows = given.flatMap((_, n) => (isRandom[n] === kind ? [n] : [])).slice(0, probes);
      return { x: takeRows(train.x, rows), labels: rows.map((n) => given[n]) };
    });
    const between: number[][] = [[], []];
    for (const [k, look] of looks.entries()) {
      const w: RealArray = await mixed.at(look);
      for (const [g, group] of groups.entries())
        between[g].push(alike(await gramMatrix(mixed.task, w, group.x, { form: "trace", signal }), group.labels));
      progress(0.5 + (0.5 * (k + 1)) / looks.length);
    }
    const [easy, hard] = between;
    return { ...found, easy, hard, learned, memorised: await accuracyOn(mixed, noisy), accuracy };
  },
  conclude: (measures, { looks, hidden }, seeds) => {
    const last = looks.length - 1;
    const gains = ({ layers }: Measure): number[] => layers[last].map((value, l) => value - layers[0][l]);
    const most = (curve: readonly number[]): number => Math.max(...curve);
    const x = { label: "epoch" };
    const line = (name: string, of: (own: Measure) => readonly number[]) => bandOf(name, looks, measures.map(of));
    return {
      values: {
        rises: measures.map(({ test }) => test[last] - test[0]),
        layers: measures.map((own) => Math.max(...gains(own)) - Math.min(...gains(own))),
        anisotropic: measures.map(({ share }) => share[last] - share[0]),
        rank: measures.map(({ rank }) => rank[last] / rank[0]),
        first: measures.map(({ easy, hard }) => halfTime(looks, hard) / Math.max(halfTime(looks, easy), looks[1] / 2)),
        gap: measures.map(({ easy, hard }) => most(easy) - most(hard)),
        learned: measures.map(({ learned }) => learned),
      },
      table: {
        columns: [
          "seed",
          "epoch",
          "CKA, test",
          "trace share",
          "effective rank",
          "CKA, true labels",
          "CKA, random labels",
        ],
        rows: measures.flatMap((own, s) =>
          looks.map((look, k) => [
            `${seeds[s]}`,
            `${look}`,
            ...[own.test[k], own.share[k], own.rank[k], own.easy[k], own.hard[k]].map((value) => cell(value)),
          ]),
        ),
      },
      figures: [
        {
          name: "layers",
          reads:
            "All lines rise, with a dip at three epochs, and most of the rise is over within fifteen. The first layer starts highest and gains least; the fourth starts lowest and gains most.",
          figure: lines({
            title: "Alignment of the tangent kernel with the labels, by layer",
            caption: `Centred CKA with the labels (1: full alignment) between test images, of the kernel and of each layer's part. Band, of the whole kernel: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "CKA" },
            series: [
              line("all", ({ test }) => test),
              ...[...hidden, 0].map((_, l) => {
                const { band: _band, ...mean } = line(`layer ${l + 1}`, ({ layers }) => layers.map((own) => own[l]));
                return mean;
              }),
            ],
          }),
        },
        {
          name: "spectrum",
          reads:
            "The share doubles in the first four epochs, before the alignment rises, and goes down again by a third of its rise.",
          figure: lines({
            title: `Share of the trace in the ${TOP} largest eigenvalues`,
            caption: `Of the centred kernel between test images: the larger, the fewer directions it has. Bands: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "share of the trace" },
            series: [line("centred kernel", ({ share }) => share)],
          }),
        },
        {
          name: "random-labels",
          reads:
            "The kernel gains most of its alignment with true labels within fifteen epochs. With random ones it first loses half of the little that it had, has it back only after fifteen, and ends, as they are memorised, where that with true ones began.",
          figure: lines({
            title: "Alignment where a part of the labels is random",
            caption: `Centred CKA with the labels trained on, between images whose label is true and between those whose label was drawn; bands: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "CKA" },
            series: [line("true labels", ({ easy }) => easy), line("random labels", ({ hard }) => hard)],
          }),
        },
      ],
    };
  },
});

/** The parts of a kernel that is divided by layers, each (N, N). */
function layersOf({ shape: [parts, n], data }: Tensor): Matrix[] {
  const values = data as RealArray;
  return Array.from({ length: parts }, (_, g) => reals([n, n], values.subarray(g * n * n, (g + 1) * n * n)));
}

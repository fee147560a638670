// Guo, He and Morel, Fig. 6: the kernel of a network of handwritten digits with letters that it has never seen, beside printed and handwritten digits.

import { bars } from "../../figures/bars.ts";
import { colourScaleOf } from "../../figures/colour-scale.ts";
import { dots } from "../../figures/dots.ts";
import { heatmap } from "../../figures/heatmap.ts";
import { panels } from "../../figures/panels.ts";
import { meanOf } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { kernelOf, labelsOf, ofEachClass } from "./digit-classifiers.ts";
import { blockMeans, cutWords, type MnistSize, mnistParameters, rowMeans, trainOnMnist } from "./out-of-domain.ts";

interface Size extends MnistSize {
  /** Typefaces. */
  readonly faces: number;
}

const CLASSES = 10;
const SETS = ["handwritten", "printed", "letters"] as const;
type SetName = (typeof SETS)[number];
const LABELS: Readonly<Record<SetName, string>> = {
  handwritten: "handwritten digits of the test set",
  printed: "printed digits",
  letters: "letters A to J",
};
const digits = Array.from({ length: CLASSES }, (_, k) => `${k}`);
const letters = [..."ABCDEFGHIJ"];

/** Of one set of images against the training images, at the end of training. */
interface OfSet {
  /** Mean over images of the mean kernel with all training images, and with the digit that it is most similar to. */
  readonly all: number;
  readonly best: number;
  /** Deviation of the block means (class of image, digit): what a picture in blocks shows. */
  readonly blocks: number;
  /** Entropy of the most similar digit over the images of one class, over log 10; mean over classes. */
  readonly entropy: number;
  /** Block means, classes of the set as rows. */
  readonly means: readonly (readonly number[])[];
}

interface Measure {
  readonly sets: Readonly<Record<SetName, OfSet>>;
  /** Mean kernel of a handwritten test digit with training images of its class. */
  readonly within: number;
}

const bestOf = (row: readonly number[]): number => row.indexOf(Math.max(...row));

/** Entropy of shares over the logarithm of their number. */
function entropyOf(found: readonly number[]): number {
  const shares = digits.map((_, k) => found.filter((own) => own === k).length / found.length);
  return shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0) / Math.log(CLASSES);
}

function deviation(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

export const unseenLetters = defineExperiment<Size, Measure, "low" | "printed" | "unstructured" | "blocks" | "within">({
  id: "guo/fig-6",
  title: "Unseen letters under a network of handwritten digits",
  source: "Guo, He and Morel, Fig. 6",
  rows: ["004-37"],
  claim:
    "Letters that the network has never seen have a uniformly low similarity with its training digits, with no structure by class, while digits of one class stay highly similar.",
  refutedBy: "Letters as similar to a digit as digits of its class are, or each letter with a digit of its own.",
  expectations: {
    low: {
      measure: "kernel of a letter with its most similar digit over that of a handwritten digit with its own class",
      most: 0.5,
      reason: "low beside a high diagonal: not half of what the domain has even where it is highest",
      central: true,
    },
    unstructured: {
      measure: "entropy of the most similar digit over images of one letter, over log 10",
      least: 0.8,
      reason:
        "without structure any digit may be nearest: 0.8 is that of six digits evenly, and even draws of 20 images give 0.91",
      central: true,
    },
    blocks: {
      measure: "deviation of block means: letters over handwritten digits",
      most: 0.33,
      reason: "uniform in a picture of one scale: a third of the contrast of the blocks of digits",
    },
    printed: {
      measure: "kernel with the most similar digit: letters less printed digits",
      most: 0,
      reason: "letters are farther from the domain than printed digits, which are of its classes",
    },
    within: {
      measure: "kernel of a handwritten test digit with training images of its class",
      least: 0.5,
      reason: "remains high: nearer to 1, which an image has with itself, than to 0",
    },
  },
  differences: [
    cutWords,
    "The letters are missing from the source's text: A to J, printed in nine families of type.",
    "Entropy of the most similar digit is that of the largest mean kernel over training images of a digit.",
    "Training was cut to three epochs, and seeds to four, for time, before full results were seen.",
  ],
  needs: needed("mnist", "printed-digits", "printed-letters"),
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: { model: "cnn:8,16,32:64:dropout=0.5", perClass: 60, epochs: 4, seen: 5, tested: 10, faces: 8 },
    full: { model: "cnn:8,16,32:64:dropout=0.5", perClass: 600, epochs: 3, seen: 10, tested: 20, faces: 20 },
  },
  parameters: (size) => [
    ...mnistParameters(size).filter(({ name }) => !name.startsWith("test images")),
    { name: "letters", value: `A to J in ${size.faces} typefaces`, from: "default" },
    {
      name: "beside them",
      value: `printed digits in as many; ${size.tested} MNIST test images a class`,
      from: "default",
    },
  ],
  async measure(size, context) {
    const { data, signal, progress } = context;
    const { task, run, steps, seen, dataset } = await trainOnMnist(size, context);
    progress(0.6);
    const { params } = await run.checkpoint(steps);
    const seenLabels = labelsOf(seen);
    const images = {
      handwritten: ofEachClass(dataset.test, size.tested),
      printed: ofEachClass((await data("printed-digits")).test, size.faces),
      letters: ofEachClass((await data("printed-letters")).test, size.faces, letters.length),
    };
    const found: Partial<Record<SetName, OfSet>> = {};
    for (const [k, name] of SETS.entries()) {
      const labels = labelsOf(images[name]);
      const kernel = await kernelOf(task, params, [images[name].x, seen.x], { normalize: true, signal });
      const rows = rowMeans(kernel, seenLabels);
      const means = blockMeans(kernel, [labels, seenLabels], [CLASSES, CLASSES]);
      found[name] = {
        all: meanOf(rows.map(meanOf)),
        best: meanOf(rows.map((row) => Math.max(...row))),
        blocks: deviation(means.flat()),
        entropy: meanOf(digits.map((_, own) => entropyOf(rows.filter((_row, r) => labels[r] === own).map(bestOf)))),
        means: means.map((row) => row.map((value) => Number(value.toFixed(4)))),
      };
      progress(0.6 + (0.4 * (k + 1)) / SETS.length);
    }
    const sets = found as Measure["sets"];
    return { sets, within: meanOf(sets.handwritten.means.map((row, k) => row[k])) };
  },
  conclude: (measures, size, seeds) => {
    const of = (name: SetName, quantity: "all" | "best" | "blocks" | "entropy"): number[] =>
      measures.map(({ sets }) => sets[name][quantity]);
    const meanBlocks = (name: SetName): number[] =>
      Array.from({ length: CLASSES * CLASSES }, (_, at) =>
        meanOf(measures.map(({ sets }) => sets[name].means[Math.floor(at / CLASSES)][at % CLASSES])),
      );
    const colours = { scale: colourScaleOf([], { domain: [0, 1] }), quantity: "mean normalised kernel" };
    const nearest = letters.map((letter, k) => {
      const row = meanBlocks("letters").slice(CLASSES * k, CLASSES * (k + 1));
      return { name: letter, note: `most like ${bestOf(row)}`, value: Math.max(...row) };
    });
    const within = meanOf(measures.map((own) => own.within));
    return {
      values: {
        low: measures.map(({ sets, within }) => sets.letters.best / within),
        unstructured: of("letters", "entropy"),
        blocks: measures.map(({ sets }) => sets.letters.blocks / sets.handwritten.blocks),
        printed: measures.map(({ sets }) => sets.letters.best - sets.printed.best),
        within: measures.map((own) => own.within),
      },
      table: {
        columns: [
          "seed",
          "images",
          "mean kernel, all digits",
          "with the most similar digit",
          "deviation of block means",
          "entropy of the most similar digit / log 10",
        ],
        rows: measures.flatMap(({ sets }, s) =>
          SETS.map((name) => {
            const { all, best, blocks, entropy } = sets[name];
            return [`${seeds[s]}`, LABELS[name], ...[all, best, blocks, entropy].map((value) => cell(value))];
          }),
        ),
      },
      figures: [
        {
          name: "blocks",
          reads:
            "Digits have a bright diagonal, handwritten and printed ones alike. Letters have none, but no even grey either: C, D and G are most like 0, I like 1, B like 8, as a reader of handwriting would say; off the diagonal, digits are hardly darker than letters.",
          figure: panels({
            title: "Mean normalised kernel with training images, by class",
            caption: `At the end of training, over ${seeds.length} seeds; columns: digits of the training images.`,
            colours,
            columns: 3,
            least: 230,
            panels: SETS.map((name) => {
              const names = name === "letters" ? letters : digits;
              const rowSide = { label: LABELS[name], names };
              return {
                head: LABELS[name],
                figure: heatmap({
                  title: LABELS[name],
                  caption: "",
                  quantity: colours.quantity,
                  values: meanBlocks(name),
                  rows: CLASSES,
                  columns: CLASSES,
                  domain: colours.scale.domain,
                  keyed: false,
                  rowSide,
                  columnSide: { label: "training digit", names: digits },
                }),
              };
            }),
          }),
        },
        {
          name: "numbers",
          reads:
            "Letters have as much kernel with all training digits as handwritten digits have, and little less with the most similar one. Images of one letter agree on that digit less than those of one digit do, and far more than by chance, where the entropy would be near 1.",
          figure: dots({
            title: "Similarity with training digits, and what of it is structure",
            caption: `At the end of training; ${size.seen} training images of each digit; bars: ${intervalWords(seeds.length)}.`,
            x: { label: "normalised kernel; entropy over log 10", zero: true },
            rows: (
              [
                ["best", "kernel with the most similar digit"],
                ["all", "kernel with all digits"],
                ["blocks", "deviation of block means"],
                ["entropy", "entropy of the most similar digit"],
              ] as const
            ).flatMap(([quantity, group]) =>
              SETS.map((name) => ({ name: LABELS[name], group, dots: [dotOf(of(name, quantity))] })),
            ),
            interval: intervalWords(seeds.length),
          }),
        },
        {
          name: "letters",
          reads:
            "Where a bar reaches the dashed line, images of a letter are as similar to that digit as handwritten digits of one class are to each other: D is to 0; A, H and J stay farthest from all digits.",
          figure: bars({
            title: "The digit that each letter is most similar to",
            caption: `Mean normalised kernel with training images of that digit, over ${seeds.length} seeds and ${size.faces} typefaces.`,
            x: { label: "mean normalised kernel" },
            rows: nearest,
            guide: { value: within, label: "digits of one class" },
          }),
        },
      ],
    };
  },
});

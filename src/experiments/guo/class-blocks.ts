// Class blocks of the normalised kernel of a convolutional network before and after training: the measure of Guo, He and Morel, Fig. 2.

import type { Dataset, Split } from "../../data/types.ts";
import { type BlockScore, blockScore, normalisedKernel } from "../../diagnose/block-score.ts";
import { dots } from "../../figures/dots.ts";
import { kernelMapFigure } from "../../figures/kernel-map.ts";
import { gramMatrix } from "../../kernels/gram-matrix.ts";
import type { Matrix } from "../../numeric/linear-algebra/types.ts";
import { type RealArray, reals, takeRows } from "../../numeric/tensor.ts";
import { accuracyOf, classesOf, predict } from "../../train/accuracy.ts";
import type { Task } from "../../train/task.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { cell } from "../number-text.ts";
import type { Expectation, Findings, MeasureContext } from "../types.ts";
import { type ImageTraining, imagesOfClasses, labelsOf, standardised, trainOnImages } from "./images.ts";

export interface BlockSize extends ImageTraining {
  /** Training images of each class. */
  readonly perClass: number;
  /** Images of each class in a kernel: of the training images, and as many held out. */
  readonly shown: number;
}

const LOOKS = ["start", "end", "heldOut", "namedStart", "namedEnd"] as const;
type Look = (typeof LOOKS)[number];
/** What each kernel is of, in the words of table and figures. */
const WORDS: Readonly<Record<Look, string>> = {
  start: "all outputs, at initialisation",
  end: "all outputs, trained",
  heldOut: "all outputs, trained, held-out images",
  namedStart: "named output, at initialisation",
  namedEnd: "named output, trained",
};

interface Means {
  readonly within: number;
  readonly between: number;
}

export interface BlockMeasure {
  readonly means: Readonly<Record<Look, Means>>;
  readonly accuracy: { readonly training: number; readonly heldOut: number };
  /** Of the first seed: hundredths of the normalised kernel on and below the diagonal, row by row. */
  readonly maps?: Readonly<Record<Look, readonly number[]>>;
}

export type BlockName = "block" | "gain" | "mixed" | "suppressed" | "high" | "rising" | "named" | "heldOut" | "learned";

export const blockExpectations: Readonly<Record<BlockName, Expectation>> = {
  block: {
    measure: "mean normalised kernel within classes less that between them, trained",
    least: 0.2,
    reason: "a clear block-diagonal structure: pairs of one class stand out by a fifth of the way from 0 to 1",
    central: true,
  },
  gain: {
    measure: "the same, trained less at initialisation",
    least: 0.1,
    reason: "it emerges in training: half of what counts as clear was not there before",
    central: true,
  },
  mixed: {
    measure: "mean within classes less that between them, at initialisation",
    most: 0.2,
    reason: "correlations are mixed: classes stand out by less than what counts as clear",
  },
  suppressed: {
    measure: "mean between classes, trained",
    most: 0.2,
    reason: "suppressed toward near zero: a fifth at most is left, the angle is above 78 degrees",
  },
  high: {
    measure: "mean within classes, trained",
    least: 0.5,
    reason: "high values are in the upper half of what is possible",
  },
  rising: {
    measure: "mean within classes, trained less at initialisation",
    least: 0,
    reason: "to sharpen toward high values is to rise",
  },
  named: {
    measure: "for the gradient of the named output alone: within less between, trained less at initialisation",
    least: 0.1,
    reason: "the source does not say of which of ten outputs its gradients are: the structure must not hang on that",
  },
  heldOut: {
    measure: "mean within classes less that between them, trained, images that were held out",
    least: 0.1,
    reason: "features of one label are aligned, not only those of images that were learned: half of what is clear",
  },
  learned: {
    measure: "accuracy on the training images at the end",
    least: 0.95,
    reason: "the claim is of the network after convergence",
  },
};

const CLASSES = Array.from({ length: 10 }, (_, k) => k);

/** The trace of the kernel, or that of the gradient of each image's largest output. */
async function kernelOf(
  task: Task,
  params: RealArray,
  { images, named, signal }: { images: Split; named: boolean; signal: AbortSignal },
): Promise<Matrix> {
  if (!named) return gramMatrix(task, params, images.x, { form: "trace", signal });
  const largest = classesOf(await predict(task, params, images), task);
  const readouts = reals(
    [largest.length, task.outputs],
    Array.from(largest).flatMap((label) => CLASSES.map((own) => Number(own === label))),
  );
  return gramMatrix(task, params, images.x, { form: "readout", readouts, signal });
}

const lowerOf = ({ shape: [n], data }: Matrix): number[] =>
  Array.from({ length: n }, (_, i) =>
    Array.from(data.subarray(i * n, i * n + i + 1), (v) => Math.round(100 * v)),
  ).flat();

/** The whole of it again. */
function squareOf(lower: readonly number[], n: number): Float64Array {
  const at = (i: number, j: number): number => lower[(i * (i + 1)) / 2 + j] / 100;
  return Float64Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    return i >= j ? at(i, j) : at(j, i);
  });
}

export async function measureBlocks(dataset: Dataset, size: BlockSize, context: MeasureContext): Promise<BlockMeasure> {
  const { seed, signal, progress } = context;
  const drawn = (split: Split, part: string, count: number): Split =>
    imagesOfClasses(split, { classes: CLASSES, count, seed, part });
  const own = drawn(dataset.train, "training images", size.perClass);
  const first = CLASSES.flatMap((label) => Array.from({ length: size.shown }, (_, k) => label * size.perClass + k));
  const splits = standardised(own, {
    train: own,
    shown: { x: takeRows(own.x, first), y: takeRows(own.y, first) } as Split,
    heldOut: drawn(dataset.test, "held-out images", size.shown),
    test: drawn(dataset.test, "test images", 10 * size.shown),
  });
  const { task, start, end } = await trainOnImages({ ...dataset, train: splits.train }, size, context);
  const means: Partial<Record<Look, Means>> = {};
  const maps: Partial<Record<Look, number[]>> = {};
  for (const [k, look] of LOOKS.entries()) {
    const images = look === "heldOut" ? splits.heldOut : splits.shown;
    const params = look === "start" || look === "namedStart" ? start : end;
    const kernel = await kernelOf(task, params, { images, named: look.startsWith("named"), signal });
    const { within, between } = blockScore(kernel, labelsOf(images)) as BlockScore & Means;
    means[look] = { within, between };
    maps[look] = lowerOf(normalisedKernel(kernel));
    progress(0.9 + (0.1 * k) / LOOKS.length);
  }
  const accuracy = {
    training: (await accuracyOf(task, end, splits.train)) ?? 0,
    heldOut: (await accuracyOf(task, end, splits.test)) ?? 0,
  };
  return {
    means: means as BlockMeasure["means"],
    accuracy,
    ...(seed === 1 && { maps: maps as BlockMeasure["maps"] & {} }),
  };
}

const apart = ({ within, between }: Means): number => within - between;

export interface BlockWords {
  readonly title: string;
  readonly classes: readonly string[];
  readonly reads: { readonly maps: string; readonly means: string };
}

export function concludeBlocks(
  measures: readonly BlockMeasure[],
  { shown }: BlockSize,
  { seeds, words }: { seeds: readonly number[]; words: BlockWords },
): Findings<BlockName> {
  const of = (f: (own: Readonly<Record<Look, Means>>) => number): number[] => measures.map(({ means }) => f(means));
  const blocks = words.classes.map((name) => ({ name, size: shown }));
  const n = blocks.length * shown;
  const rowSide = { label: "images, by class", blocks };
  // Long names are cut below the columns and whole beside the rows.
  const columnSide = { label: "images, in the order of the rows", blocks };
  const { maps, means } = measures[0];
  return {
    values: {
      block: of(({ end }) => apart(end)),
      gain: of(({ start, end }) => apart(end) - apart(start)),
      mixed: of(({ start }) => apart(start)),
      suppressed: of(({ end }) => end.between),
      high: of(({ end }) => end.within),
      rising: of(({ start, end }) => end.within - start.within),
      named: of(({ namedStart, namedEnd }) => apart(namedEnd) - apart(namedStart)),
      heldOut: of(({ heldOut }) => apart(heldOut)),
      learned: measures.map(({ accuracy }) => accuracy.training),
    },
    table: {
      columns: ["seed", "kernel", "within classes", "between classes", "difference", "accuracy", "held-out accuracy"],
      rows: measures.flatMap((own, s) =>
        LOOKS.map((look) => [
          `${seeds[s]}`,
          WORDS[look],
          ...[own.means[look].within, own.means[look].between, apart(own.means[look])].map((value) => cell(value)),
          ...[own.accuracy.training, own.accuracy.heldOut].map((value) => cell(value)),
        ]),
      ),
    },
    figures: [
      {
        name: "kernels",
        reads: words.reads.maps,
        figure: kernelMapFigure({
          title: `${words.title}, seed ${seeds[0]}`,
          quantity: "normalised kernel",
          rows: n,
          columns: n,
          rowSide,
          columnSide,
          maps: (["start", "end", "namedStart", "namedEnd"] as const).map((look) => ({
            name: WORDS[look],
            values: squareOf(maps?.[look] ?? new Array<number>((n * (n + 1)) / 2).fill(0), n),
            score: means[look],
          })),
        }),
      },
      {
        name: "means",
        reads: words.reads.means,
        figure: dots({
          title: "Mean normalised kernel of pairs of one class and of two",
          caption: `Over all pairs of ${n} images; bars: ${intervalWords(seeds.length)}.`,
          x: { label: "mean normalised kernel" },
          interval: intervalWords(seeds.length),
          series: ["within classes", "between classes"],
          rows: LOOKS.map((look) => ({
            name: WORDS[look],
            dots: [
              dotOf(of((own) => own[look].within)),
              dotOf(
                of((own) => own[look].between),
                1,
              ),
            ],
          })),
        }),
      },
    ],
  };
}

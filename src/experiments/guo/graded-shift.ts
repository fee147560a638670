// Guo, He and Morel, section 5.3: a network of handwritten digits on test images that are moved out of the domain by degrees.

import { imageTransformUnits, transformImages } from "../../data/transforms/registry.ts";
import { auroc } from "../../diagnose/roc.ts";
import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
import { spearman } from "../../numeric/correlation.ts";
import { quantile } from "../../numeric/quantile.ts";
import type { RealDType, Tensor } from "../../numeric/tensor.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { firstOf, kernelOf, rightOf } from "./digit-classifiers.ts";
import { cutWords, type MnistSize, mnistParameters, trainOnMnist } from "./out-of-domain.ts";

const TRANSFORMS = ["rotation", "stroke", "noise"] as const;
type TransformName = (typeof TRANSFORMS)[number];

interface Size extends MnistSize {
  readonly amounts: Readonly<Record<TransformName, readonly number[]>>;
}

interface OfTransform {
  /** By amount: share named wrongly, mean of 1 - largest normalised kernel with a training image. */
  readonly error: readonly number[];
  readonly distance: readonly number[];
  /** Of moved images that are as near as nine of ten untouched ones: share named wrongly, and how many of all moved ones they are. */
  readonly nearError: number;
  readonly nearShare: number;
  /** Area under the curve: errors told from right answers by distance, all amounts together. */
  readonly area: number;
}

type Measure = Readonly<Record<TransformName, OfTransform>>;

/** Of the distances of untouched images: what counts as close to the domain. */
const NEAR = 0.9;
/** Where no error or no right answer is there to be told apart. */
const CHANCE = 0.5;

export const gradedShift = defineExperiment<Size, Measure, "order" | "close" | "telling" | "far" | "learned">({
  id: "guo/graded-shift",
  title: "Errors as images are moved out of the domain by degrees",
  source: "Guo, He and Morel, section 5.3",
  rows: ["004-38"],
  claim:
    "Performance degrades with the distance from the training examples in the kernel, and even new images that are close to them are named worse.",
  refutedBy:
    "Moved images that stay as near as untouched ones and are named as well, or errors that do not grow with distance.",
  expectations: {
    order: {
      measure: "rank correlation of mean distance and error over amounts, least of the transforms",
      least: 0.9,
      reason: "degrading with distance is being in one order nearly always: six amounts leave 0.94 for one exchange",
      central: true,
    },
    close: {
      measure:
        "error of moved images as near as nine of ten untouched ones, less that of untouched ones, mean of the transforms",
      least: 0.02,
      reason: "even close: at a distance that is usual within the domain two more of a hundred must be wrong",
      central: true,
    },
    telling: {
      measure: "area under the curve, errors by distance, all images, least of the transforms",
      least: 0.65,
      reason: "the bound of domingos/brittleness: 0.5 is chance, below 0.65 no one would act on it",
    },
    far: {
      measure: "error at the largest amount less that of untouched images, least of the transforms",
      least: 0.3,
      reason: "a shift that hardly hurts is no test of what hurts",
    },
    learned: {
      measure: "accuracy on untouched test images",
      least: 0.9,
      reason: "a network that has not learned the domain is no test of what is outside of it",
    },
  },
  differences: [
    "The source moves from printed digits to letters and grades nothing; rotation, stroke width and noise of test images grade it.",
    "Distance is 1 less the largest normalised kernel with one of some training images of each class, not of all: nearer ones may have been left out.",
    cutWords,
    "Training was cut to four epochs on 300 images a class, test images to 100 and seeds to four, for time, before full results were seen.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: {
      model: "cnn:8,16,32:64:dropout=0.5",
      perClass: 60,
      epochs: 4,
      seen: 5,
      tested: 40,
      amounts: { rotation: [15, 45, 90], stroke: [0.5, 1.5, 2.5], noise: [0.1, 0.3, 0.6] },
    },
    full: {
      model: "cnn:8,16,32:64:dropout=0.5",
      perClass: 300,
      epochs: 4,
      seen: 20,
      tested: 100,
      amounts: {
        rotation: [5, 15, 30, 45, 60],
        stroke: [0.25, 0.5, 1, 1.75, 2.5],
        noise: [0.05, 0.15, 0.3, 0.5, 0.8],
      },
    },
  },
  parameters: (size) => [
    ...mnistParameters(size),
    ...TRANSFORMS.map((name) => ({
      name: `${name}, ${imageTransformUnits[name]}`,
      value: `0, ${size.amounts[name].join(", ")}`,
      from: "default" as const,
    })),
  ],
  async measure(size, context) {
    const { seed, signal, progress } = context;
    const { task, run, steps, seen, dataset } = await trainOnMnist(size, context);
    progress(0.4);
    const { params } = await run.checkpoint(steps);
    const untouched = firstOf(dataset.test, size.tested);
    const count = seen.x.shape[0];
    const look = async (x: Tensor) => {
      const { data } = await kernelOf(task, params, [x, seen.x], { normalize: true, signal });
      const right = await rightOf(task, params, { ...untouched, x: x as Tensor<RealDType> });
      return right.map((isRight, q) => ({
        isRight,
        distance: 1 - data.subarray(q * count, (q + 1) * count).reduce((a, b) => Math.max(a, b), -1),
      }));
    };
    type Seen = Awaited<ReturnType<typeof look>>;
    const errorOf = (all: Seen): number => meanOf(all.map(({ isRight }) => Number(!isRight)));
    const start = await look(untouched.x);
    const limit = quantile(
      start.map(({ distance }) => distance),
      NEAR,
    );
    const found: Partial<Record<TransformName, OfTransform>> = {};
    for (const [k, name] of TRANSFORMS.entries()) {
      const moved: Seen[] = [];
      for (const amount of size.amounts[name])
        moved.push(await look(transformImages(untouched.x, { name, amount, seed })));
      const all = [start, ...moved];
      const near = moved.flat().filter(({ distance }) => distance <= limit);
      const side = (isRight: boolean): number[] =>
        all.flat().flatMap((own) => (own.isRight === isRight ? [own.distance] : []));
      const [inside, outside] = [side(false), side(true)];
      found[name] = {
        error: all.map(errorOf),
        distance: all.map((own) => meanOf(own.map(({ distance }) => distance))),
        nearError: near.length > 0 ? errorOf(near) : errorOf(start),
        nearShare: near.length / moved.flat().length,
        area: inside.length > 0 && outside.length > 0 ? auroc({ inside, outside }) : CHANCE,
      };
      progress(0.4 + (0.6 * (k + 1)) / TRANSFORMS.length);
    }
    return found as Measure;
  },
  conclude: (measures, { amounts, tested }, seeds) => {
    const least = (of: (own: OfTransform) => number) =>
      measures.map((own) => Math.min(...TRANSFORMS.map((name) => of(own[name]))));
    const ends = ({ error }: OfTransform): number => error[error.length - 1] - error[0];
    const amountsOf = (name: TransformName): number[] => [0, ...amounts[name]];
    return {
      values: {
        order: least(({ distance, error }) => spearman(distance, error) ?? 0),
        close: measures.map((own) => meanOf(TRANSFORMS.map((name) => own[name].nearError - own[name].error[0]))),
        telling: least(({ area }) => area),
        far: least(ends),
        learned: measures.map((own) => 1 - own.rotation.error[0]),
      },
      table: {
        columns: [
          "seed",
          "transform",
          "error, untouched",
          "error, largest amount",
          "rank correlation of distance and error",
          "area under the curve",
          "near images: error",
          "near images: share of the moved",
        ],
        rows: measures.flatMap((own, s) =>
          TRANSFORMS.map((name) => {
            const { error, distance, area, nearError, nearShare } = own[name];
            const numbers = [
              error[0],
              error[error.length - 1],
              spearman(distance, error) ?? 0,
              area,
              nearError,
              nearShare,
            ];
            return [`${seeds[s]}`, name, ...numbers.map((value) => cell(value))];
          }),
        ),
      },
      figures: [
        {
          name: "accuracy-by-distance",
          reads:
            "All lines fall from the left: the farther images are moved away, the fewer are named rightly. At one distance a rotated image is named wrongly most often, so that distance alone does not tell how much.",
          figure: lines({
            title: "Accuracy against the distance from the nearest training images",
            caption: `Means over ${tested} test images and ${seeds.length} seeds, a point for each amount, the leftmost of untouched images.`,
            x: { label: "mean of 1 - largest normalised kernel with a training image" },
            y: { label: "share named rightly", domain: [0, 1] },
            series: TRANSFORMS.map((name) => ({
              name,
              x: amountsOf(name).map((_, k) => meanOf(measures.map((own) => own[name].distance[k]))),
              y: amountsOf(name).map((_, k) => 1 - meanOf(measures.map((own) => own[name].error[k]))),
            })),
          }),
        },
        {
          name: "by-amount",
          reads:
            "Error and distance rise together, and distance much less: it about doubles where error grows sixfold and, under rotation, tenfold. Strokes up to half a pixel and little noise change neither, where the order of their errors is chance.",
          figure: panels({
            title: "Error and distance by amount",
            caption: `Share of test images named wrongly, and mean of 1 - largest normalised kernel with a training image; bands: ${intervalWords(seeds.length)}.`,
            columns: 3,
            least: 230,
            panels: TRANSFORMS.map((name) => ({
              head: `${name}, ${imageTransformUnits[name]}`,
              figure: lines({
                title: name,
                caption: "",
                x: { label: "amount" },
                y: { label: "share, distance", domain: [0, 1] },
                series: [
                  bandOf(
                    "error",
                    amountsOf(name),
                    measures.map((own) => own[name].error),
                  ),
                  bandOf(
                    "distance",
                    amountsOf(name),
                    measures.map((own) => own[name].distance),
                  ),
                ],
              }),
            })),
          }),
        },
      ],
    };
  },
});

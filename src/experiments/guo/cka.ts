// Guo, He and Morel, introduction and conclusion: centred alignment of the tangent kernel with the labels tracks training across architectures.

import { cka, labelKernel } from "../../diagnose/alignment.ts";
import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
import { scatter } from "../../figures/scatter.ts";
import { spearman } from "../../numeric/correlation.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { firstOf, kernelOf, labelsOf, rightOf, trainOnImages } from "./digit-classifiers.ts";

interface Size {
  readonly examples: number;
  /** Training images that the kernel is of. */
  readonly probe: number;
  readonly tested: number;
  readonly epochs: number;
  readonly rates: readonly number[];
}

interface Curve {
  readonly model: string;
  readonly rate: number;
  /** By look, the start first. */
  readonly alignment: readonly number[];
  readonly accuracy: readonly number[];
}

interface Measure {
  /** Models one after the other, each at all rates. */
  readonly curves: readonly Curve[];
}

const MODELS: readonly (readonly [label: string, spec: string])[] = [
  ["MLP", "mlp:64:relu"],
  ["CNN", "cnn:8,16:32"],
  ["attention", "transformer:32:1:4"],
];
const BATCH = 30;
/** Of the curves that are drawn; it is among the rates of both sizes. */
const DRAWN_RATE = 0.003;

/** Steps at which the kernel is looked at: the start, a quarter of an epoch, then twice as many each time, and the end. */
function looksOf({ examples, epochs }: Size): number[] {
  const steps = Math.ceil(examples / BATCH) * epochs;
  const looks = [0];
  for (let at = strideOf({ examples }); at < steps; at *= 2) looks.push(at);
  return [...looks, steps];
}
const strideOf = ({ examples }: Pick<Size, "examples">): number => Math.max(1, Math.floor(examples / BATCH / 4));

const last = (values: readonly number[]): number => values[values.length - 1];
const correlation = (a: readonly number[], b: readonly number[]): number => spearman(a, b) ?? 0;
const finals = (curves: readonly Curve[]): [number[], number[]] => [
  curves.map(({ alignment }) => last(alignment)),
  curves.map(({ accuracy }) => last(accuracy)),
];

export const alignmentTracks = defineExperiment<
  Size,
  Measure,
  "tracks" | "final" | "rise" | "within" | "across" | "learned"
>({
  id: "guo/cka",
  title: "Alignment of the tangent kernel with the labels, across architectures",
  source: "Guo, He and Morel, introduction and conclusion (the section they announce is missing from the text)",
  rows: ["004-41"],
  claim:
    "Centred alignment of the tangent kernel with the kernel of the labels tracks training and correlates with final accuracy across architectures.",
  refutedBy: "Alignment that falls while accuracy rises, or trainings that end more aligned and less accurate.",
  expectations: {
    tracks: {
      measure: "rank correlation of CKA and test accuracy along a training, mean over trainings",
      least: 0.8,
      reason: "tracking is rising together at nearly every look: one exchange in eight looks leaves some 0.9",
      central: true,
    },
    final: {
      measure: "rank correlation of final CKA and final test accuracy over all trainings",
      least: 0.6,
      reason: "twelve trainings: below 0.58 one rank correlation is not told from none at 5 %",
      central: true,
    },
    rise: {
      measure: "CKA at the end less at the start, mean over trainings",
      least: 0.1,
      reason: "a tenth of the whole scale is a change that a reader of a curve sees",
    },
    within: {
      measure: "rank correlation of final CKA and test accuracy over learning rates, mean over architectures",
      least: 0.6,
      reason: "the correlation must not come from architectures alone: the bound of all trainings",
    },
    across: {
      measure: "rank correlation of final CKA and test accuracy over architectures, mean over learning rates",
      least: 0.5,
      reason: "three architectures: 0.5 is one neighbouring pair exchanged at every rate",
    },
    learned: {
      measure: "final test accuracy at the best rate, least of the architectures",
      least: 0.8,
      reason: "an architecture that learns the task at no rate is no test of the claim",
    },
  },
  differences: [
    "The source's section is missing: data, architectures, rates and the number of looks are ours. Handwritten digits of 8 x 8 instead of MNIST: attention over 16 patches instead of 49 is what three architectures, four rates and five seeds leave room for.",
    "The kernel is the trace of the tangent kernel over training images; CKA is the centred form, and training is by Adam.",
    "Trainings differ in their learning rates, from slow to fast, so that final accuracies differ within each architecture too; the slowest was added after a first look at one seed, where they differed little.",
    "On these data the kernel at the start is aligned already (MLP 0.67, CNN 0.56), as the images themselves are: only attention, which starts at 0.25, has room to rise.",
  ],
  needs: needed("digits"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { examples: 300, probe: 40, tested: 100, epochs: 6, rates: [1e-3, 3e-3, 1e-2] },
    full: { examples: 600, probe: 100, tested: 360, epochs: 16, rates: [1e-4, 1e-3, 3e-3, 1e-2] },
  },
  parameters: ({ examples, probe, tested, epochs, rates }) => [
    { name: "data", value: `first ${examples} handwritten digits of 8 x 8; ${tested} test images`, from: "default" },
    { name: "kernel", value: `of the first ${probe} training images, with their label kernel`, from: "default" },
    {
      name: "architectures",
      value: `MLP, CNN, attention: ${MODELS.map(([, spec]) => spec).join("; ")}`,
      from: "default",
    },
    {
      name: "training",
      value: `${epochs} epochs of Adam at ${rates.join(", ")}, batches of ${BATCH}`,
      from: "default",
    },
  ],
  async measure(size, { seed, engine, data, signal, progress }) {
    const dataset = await data("digits", { limit: size.examples });
    const probe = firstOf(dataset.train, size.probe);
    const tested = firstOf(dataset.test, size.tested);
    const labels = labelKernel(labelsOf(probe));
    const curves: Curve[] = [];
    for (const [label, model] of MODELS)
      for (const rate of size.rates) {
        const training = { model, rate, epochs: size.epochs, batchSize: BATCH };
        const { task, run } = await trainOnImages(dataset, training, { seed, engine, signal }, strideOf(size));
        const [alignment, accuracy]: [number[], number[]] = [[], []];
        for (const look of looksOf(size)) {
          const { params } = await run.checkpoint(look);
          const kernel = await kernelOf(task, params, [probe.x], { signal });
          alignment.push(cka(kernel, labels, { dtype: "float32" }) ?? 0);
          accuracy.push(meanOf((await rightOf(task, params, tested)).map(Number)));
        }
        curves.push({ model: label, rate, alignment, accuracy });
        progress(curves.length / (MODELS.length * size.rates.length));
      }
    return { curves };
  },
  conclude: (measures, size, seeds) => {
    const { rates } = size;
    const epochsAt = looksOf(size).map((step) => (step * BATCH) / size.examples);
    const groups = <T>(keys: readonly T[], of: (curve: Curve) => T, { curves }: Measure): Curve[][] =>
      keys.map((key) => curves.filter((curve) => of(curve) === key));
    const labels = MODELS.map(([label]) => label);
    const byModel = (own: Measure) => groups(labels, ({ model }) => model, own);
    const byRate = (own: Measure) => groups(rates, ({ rate }) => rate, own);
    const meanOver = (some: readonly Curve[][]): number => meanOf(some.map((curves) => correlation(...finals(curves))));
    const drawn = (quantity: "alignment" | "accuracy") =>
      labels.map((label) =>
        bandOf(
          label,
          epochsAt,
          measures.map(({ curves }) => {
            const found = curves.find(({ model, rate }) => model === label && rate === DRAWN_RATE);
            return found ? found[quantity] : [];
          }),
        ),
      );
    const curvesOf = (head: string, quantity: "alignment" | "accuracy") => ({
      head,
      figure: lines({
        title: head,
        caption: "",
        x: { label: "epoch" },
        y: { label: head, zero: true },
        series: drawn(quantity),
      }),
    });
    return {
      values: {
        tracks: measures.map(({ curves }) =>
          meanOf(curves.map(({ alignment, accuracy }) => correlation(alignment, accuracy))),
        ),
        final: measures.map(({ curves }) => correlation(...finals(curves))),
        rise: measures.map(({ curves }) => meanOf(curves.map(({ alignment }) => last(alignment) - alignment[0]))),
        within: measures.map((own) => meanOver(byModel(own))),
        across: measures.map((own) => meanOver(byRate(own))),
        learned: measures.map((own) =>
          Math.min(...byModel(own).map((curves) => Math.max(...curves.map(({ accuracy }) => last(accuracy))))),
        ),
      },
      table: {
        columns: [
          "seed",
          "architecture",
          "rate",
          "CKA at the start",
          "CKA, highest",
          "CKA at the end",
          "test accuracy",
          "rank correlation along training",
        ],
        rows: measures.flatMap(({ curves }, s) =>
          curves.map(({ model, rate, alignment, accuracy }) => [
            `${seeds[s]}`,
            model,
            cell(rate),
            ...[
              alignment[0],
              Math.max(...alignment),
              last(alignment),
              last(accuracy),
              correlation(alignment, accuracy),
            ].map((value) => cell(value)),
          ]),
        ),
      },
      figures: [
        {
          name: "along-training",
          reads:
            "Attention starts with little alignment, and its two curves rise together. The kernels of the two networks without it are nearly as aligned before training as after, while their accuracy goes from chance to nearly nine in ten: alignment does not tell how far they have come.",
          figure: panels({
            title: `Alignment with the labels and accuracy along training, rate ${DRAWN_RATE}`,
            caption: `Centred CKA of the tangent kernel of ${size.probe} training images with the kernel of their labels, and accuracy on ${size.tested} test images; bands: ${intervalWords(seeds.length)}.`,
            columns: 2,
            least: 330,
            panels: [curvesOf("CKA with the labels", "alignment"), curvesOf("test accuracy", "accuracy")],
          }),
        },
        {
          name: "final",
          reads:
            "If alignment told accuracy, points would lie along a rising line. Slow trainings of MLP and CNN lie low without lying left, and the most aligned, attention at the two largest rates, are not the most accurate. Only slow trainings of attention lie low and left.",
          figure: scatter({
            title: "Final alignment and final accuracy",
            caption: `A point is a training: ${labels.length} architectures, rates ${rates.join(", ")}, ${seeds.length} seeds.`,
            x: { label: "CKA with the labels at the end" },
            y: { label: "test accuracy at the end" },
            classes: labels.map((name) => {
              const own = measures.flatMap(({ curves }) => curves.filter(({ model }) => model === name));
              const [x, y] = finals(own);
              return { name, x, y, names: own.map(({ rate }) => `${name}, rate ${rate}`) };
            }),
          }),
        },
      ],
    };
  },
});

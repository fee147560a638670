// Guo, He and Morel, Fig. 4: tangent features of digits that a network was trained on, and of digits that it never saw.

import type { Split } from "../../data/types.ts";
import { normalisedKernel } from "../../diagnose/block-score.ts";
import { dots } from "../../figures/dots.ts";
import type { Figure } from "../../figures/figure.ts";
import { panels } from "../../figures/panels.ts";
import { scatter } from "../../figures/scatter.ts";
import { gramMatrix } from "../../kernels/gram-matrix.ts";
import { euclideanDistances } from "../../machines/nearest.ts";
import { takeRows } from "../../numeric/tensor.ts";
import { accuracyOf } from "../../train/accuracy.ts";
import { meanOf } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { type ImageTraining, imagesOfClasses, labelsOf, standardised, trainOnImages } from "./images.ts";
import { type Apart, anglesApart, apartOf, type Pictures, partOf, picturesOf } from "./seen-digits.ts";

interface Size extends ImageTraining {
  /** Training images of each digit that is seen. */
  readonly perClass: number;
  /** Held-out images of each of the ten digits. */
  readonly shown: number;
  readonly neighbours: number;
  readonly umapEpochs: number;
}

interface Measure {
  readonly start: Apart;
  readonly end: Apart;
  readonly pixels: Apart;
  /** Of the seen digits alone, as if there were no others. */
  readonly seenStart: Apart;
  readonly seenEnd: Apart;
  /** On held-out images of the seen digits. */
  readonly accuracy: number;
  /** Of the first seed. */
  readonly pictures?: readonly Pictures[];
}

const DIGITS = Array.from({ length: 10 }, (_, k) => k);
const SEEN = [0, 1, 2, 3, 4];
const UNSEEN = [5, 6, 7, 8, 9];
const HEADS = [
  "0–4, at initialisation",
  "0–4, trained on 0–4",
  "all digits, at initialisation",
  "all digits, trained on 0–4",
];

const over = (values: readonly number[], digits: readonly number[]): number => meanOf(digits.map((d) => values[d]));
const LOOKS = ["start", "end", "pixels"] as const;
const WORDS = { start: "at initialisation", end: "trained on 0–4", pixels: "between pixels" } as const;

type Name =
  | "separated"
  | "sharpened"
  | "clustered"
  | "mixed"
  | "gap"
  | "entangled"
  | "clusterless"
  | "seven"
  | "training"
  | "learned";

export const seenDigits = defineExperiment<Size, Measure, Name>({
  id: "guo/fig-4",
  title: "Tangent features of digits that were seen, and of digits that were not",
  source: "Guo, He and Morel, Fig. 4",
  rows: ["004-35"],
  claim:
    "Training on some digits separates these in tangent feature space, where they cannot be told apart at initialisation, while unseen digits remain entangled and form no clusters of their own.",
  refutedBy:
    "Unseen digits whose neighbours in tangent feature space are of their own kind nearly as often as those of seen ones, or seen ones that training does not move apart.",
  expectations: {
    separated: {
      measure: "purity of the neighbours of seen digits among all digits, trained",
      least: 0.9,
      reason: "well separated leaves at most one neighbour of ten to other digits; chance is a tenth",
      central: true,
    },
    sharpened: {
      measure: "silhouette of seen digits, trained less at initialisation",
      least: 0.1,
      reason: "training sharpens and separates: a tenth of the way from the border (0) to far apart (1)",
      central: true,
    },
    clustered: {
      measure: "silhouette of seen digits, trained",
      least: 0.25,
      reason: "below 0.25 there is no substantial structure (Kaufman and Rousseeuw 1990)",
    },
    mixed: {
      measure: "purity of the neighbours of the digits 0-4 among themselves, at initialisation",
      most: 0.9,
      reason: "cannot be clearly separated: below what counts as well separated after training",
    },
    gap: {
      measure: "purity of seen digits less that of unseen ones, trained",
      least: 0.2,
      reason: "separated here and entangled there must differ by two neighbours of ten",
      central: true,
    },
    entangled: {
      measure: "purity of the neighbours of unseen digits among all digits, trained",
      most: 0.6,
      reason: "entangled is a neighbourhood with hardly more than half of its own kind; chance is a tenth",
      central: true,
    },
    clusterless: {
      measure: "silhouette of unseen digits, trained",
      most: 0.1,
      reason: "no coherent clusters: near 0, on the border of another class, or below",
    },
    seven: {
      measure: "silhouette of the digit 7, trained",
      most: 0.1,
      reason: "the source names it: it looks like the trained 1 and still forms no cluster",
    },
    training: {
      measure: "what training adds to the purity of seen digits less what it adds to that of unseen ones",
      least: 0.1,
      reason: "else unseen digits would only be harder ones: one neighbour of ten must be training's doing",
    },
    learned: {
      measure: "accuracy on held-out images of seen digits",
      least: 0.95,
      reason: "a network that has not learned them is no test of the claim",
    },
  },
  differences: [
    "The range of trained digits is missing from the source's text; 0-4 makes 1 seen and 7 unseen, as the text has them. The network is that of Fig. 2, all of whose ten outputs are kept.",
    "Number of images, epochs, learning rate, momentum and batch size are missing and ours; pixels are standardised. Pictures and numbers are of held-out images.",
    "The source shows UMAP; purity of neighbours and silhouettes are ours, by the distances sqrt(2 - 2 K~) of the normalised kernel (the trace over all outputs) and not by places in a picture.",
    "All digits at initialisation, and distances between pixels, are controls that the source does not have.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { perClass: 40, shown: 8, hidden: [128], rate: 0.02, epochs: 10, neighbours: 5, umapEpochs: 100 },
    full: { perClass: 200, shown: 40, hidden: [128], rate: 0.02, epochs: 15, neighbours: 10, umapEpochs: 500 },
  },
  parameters: ({ perClass, shown, rate, epochs, neighbours, umapEpochs }) => [
    { name: "picture", value: "UMAP of tangent features", from: "source" },
    {
      name: "settings of UMAP",
      value: `15 neighbours, ${umapEpochs} epochs, from principal components`,
      from: "default",
    },
    { name: "trained digits", value: "0-4", from: "default" },
    {
      name: "network",
      value: "that of Fig. 2: convolutions of 16, 32, 64 channels, 128, 10, dropout 0.3",
      from: "default",
    },
    {
      name: "training",
      value: `${perClass} images a digit, ${epochs} epochs, SGD at ${rate}, momentum 0.9`,
      from: "default",
    },
    { name: "shown", value: `${shown} held-out images of each digit`, from: "default" },
    { name: "neighbours", value: `${neighbours}`, from: "default" },
  ],
  async measure(size, context) {
    const { seed, signal, progress } = context;
    const { neighbours } = size;
    const dataset = await context.data("mnist", { limit: 10_000 });
    const train = imagesOfClasses(dataset.train, {
      classes: SEEN,
      count: size.perClass,
      seed,
      part: "training images",
    });
    const test = imagesOfClasses(dataset.test, { classes: DIGITS, count: size.shown, seed, part: "held-out images" });
    const splits = standardised(train, { train, test });
    const { task, start, end } = await trainOnImages({ ...dataset, train: splits.train }, size, {
      ...context,
      progress: (share) => progress(0.6 * share),
    });
    const labels = labelsOf(test);
    const rows = [...labels.keys()].filter((i) => labels[i] < SEEN.length);
    const kernels = [];
    for (const params of [start, end])
      kernels.push(normalisedKernel(await gramMatrix(task, params, splits.test.x, { form: "trace", signal })));
    progress(0.8);
    const apart = kernels.map((kernel) => apartOf(anglesApart(kernel), labels, neighbours));
    const ofSeen = kernels.map((kernel) => partOf(kernel, rows));
    const seen = ofSeen.map((kernel) =>
      apartOf(
        anglesApart(kernel),
        rows.map((i) => labels[i]),
        neighbours,
      ),
    );
    const ofSeenDigits = { x: takeRows(splits.test.x, rows), y: takeRows(splits.test.y, rows) } as Split;
    const accuracy = await accuracyOf(task, end, ofSeenDigits);
    const measured = {
      start: apart[0],
      end: apart[1],
      pixels: apartOf(euclideanDistances(test.x, test.x), labels, neighbours),
      seenStart: seen[0],
      seenEnd: seen[1],
      accuracy: accuracy ?? 0,
    };
    if (seed !== 1) return measured;
    const pictures: Pictures[] = [];
    for (const kernel of [...ofSeen, ...kernels]) {
      pictures.push(await picturesOf(kernel, { seed, epochs: size.umapEpochs, k: neighbours, signal }));
      progress(0.8 + 0.05 * pictures.length);
    }
    return { ...measured, pictures };
  },
  conclude: (measures, size, seeds) => {
    const of = (f: (own: Measure) => number): number[] => measures.map(f);
    const gain = (own: Measure, digits: readonly number[]): number =>
      over(own.end.purity, digits) - over(own.start.purity, digits);
    const byDigit = (name: "purity" | "silhouette", text: { title: string; label: string }): Figure =>
      dots({
        title: text.title,
        caption: `Mean over ${size.shown} held-out images of each digit, among all ten digits; bars: ${intervalWords(seeds.length)}.`,
        x: { label: text.label },
        interval: intervalWords(seeds.length),
        series: LOOKS.map((look) => WORDS[look]),
        rows: DIGITS.map((digit) => ({
          name: `${digit}`,
          group: digit < SEEN.length ? "seen in training" : "never seen",
          dots: LOOKS.map((look, series) =>
            dotOf(
              of((own) => own[look][name][digit]),
              series,
            ),
          ),
        })),
      });
    return {
      values: {
        separated: of(({ end }) => over(end.purity, SEEN)),
        sharpened: of(({ start, end }) => over(end.silhouette, SEEN) - over(start.silhouette, SEEN)),
        clustered: of(({ end }) => over(end.silhouette, SEEN)),
        mixed: of(({ seenStart }) => meanOf(seenStart.purity)),
        gap: of(({ end }) => over(end.purity, SEEN) - over(end.purity, UNSEEN)),
        entangled: of(({ end }) => over(end.purity, UNSEEN)),
        clusterless: of(({ end }) => over(end.silhouette, UNSEEN)),
        seven: of(({ end }) => end.silhouette[7]),
        training: of((own) => gain(own, SEEN) - gain(own, UNSEEN)),
        learned: of(({ accuracy }) => accuracy),
      },
      table: {
        columns: ["seed", "distances", "digits", "purity", "silhouette", "accuracy on seen digits"],
        rows: measures.flatMap((own, s) => [
          ...LOOKS.flatMap((look) =>
            [SEEN, UNSEEN].map((digits) => [
              `${seeds[s]}`,
              WORDS[look],
              digits === SEEN ? "0–4, among all" : "5–9, among all",
              cell(over(own[look].purity, digits)),
              cell(over(own[look].silhouette, digits)),
              cell(own.accuracy),
            ]),
          ),
          ...(["seenStart", "seenEnd"] as const).map((look) => [
            `${seeds[s]}`,
            look === "seenStart" ? WORDS.start : WORDS.end,
            "0–4, among themselves",
            cell(meanOf(own[look].purity)),
            cell(meanOf(own[look].silhouette)),
            cell(own.accuracy),
          ]),
        ]),
      },
      figures: [
        {
          name: "umap",
          reads:
            "Below on the right the seen digits, in colour, are clusters of their own, and unseen ones, in grey, lie between them and at their borders. They are not mixed at random: patches of one grey digit are there after training as before it, below on the left. Above are the digits 0–4 alone: after training each is a cluster so tight that its images lie on each other, in the colours of the picture to the left.",
          figure: pictureFigure(measures[0], size, "umap"),
        },
        {
          name: "components",
          reads:
            "Two straight axes show what UMAP bends into the plane: after training the seen digits lie at the rim, the unseen ones between them, and less of their neighbourhoods is kept.",
          figure: pictureFigure(measures[0], size, "components"),
        },
        {
          name: "purity",
          reads:
            "Squares far to the right of circles are digits that training told apart: of the five that were seen all but 1, which stood apart before. Of the unseen ones only 5 and 9 gain much; the others have hardly more neighbours of their own kind than at initialisation and between pixels, but many more than the tenth that chance would give.",
          figure: byDigit("purity", {
            title: `Purity of ${size.neighbours} neighbours, digit by digit`,
            label: "share of neighbours with the same label",
          }),
        },
        {
          name: "silhouettes",
          reads:
            "Seen digits move to the right by training, unseen ones stay near 0: they have no cluster that is apart from others, though most of their neighbours are of their own kind.",
          figure: byDigit("silhouette", { title: "Silhouettes, digit by digit", label: "mean silhouette" }),
        },
      ],
    };
  },
});

/** Each image as its digit: what was seen in colour, what was not in grey. */
function pictureFigure({ pictures = [] }: Measure, { shown, neighbours }: Size, kind: keyof Pictures): Figure {
  const isUmap = kind === "umap";
  const trusts = pictures.map((own) => own[kind].trust.toFixed(2)).join(", ");
  const axis = (k: number) => ({ label: isUmap ? `UMAP ${k}` : `component ${k}` });
  return panels({
    title: isUmap ? "UMAP of tangent features" : "Tangent features along their first two principal components",
    caption: `Seed 1, ${shown} held-out images of each digit, drawn as the digit: 0–4 in colours and black, 5–9, which were never seen, in grey; axes have no unit. Trustworthiness of ${neighbours} neighbours: ${trusts}.`,
    columns: 2,
    least: 300,
    panels: pictures.map((own, p) => {
      const digits = p < 2 ? SEEN : DIGITS;
      const { places } = own[kind];
      const at = (digit: number, axisOf: number): number[] =>
        Array.from({ length: shown }, (_, k) => places[2 * (digit * shown + k) + axisOf]);
      return {
        head: HEADS[p],
        figure: scatter({
          title: HEADS[p],
          caption: "",
          x: axis(1),
          y: axis(2),
          keyed: false,
          highlight: SEEN,
          height: 340,
          classes: DIGITS.map((digit) =>
            digits.includes(digit)
              ? { name: `${digit}`, x: at(digit, 0), y: at(digit, 1) }
              : { name: `${digit}`, x: [], y: [] },
          ),
        }),
      };
    }),
  });
}

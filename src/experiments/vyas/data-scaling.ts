// Vyas, Bansal and Nakkiran 2022: how test errors fall with the number of examples, of a network and of regression with its kernels.

import { logLogSlope } from "../../diagnose/slopes.ts";
import { lines } from "../../figures/lines.ts";
import { spearman } from "../../numeric/correlation.ts";
import { bandOf, intervalWords, logBandOf } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { BATCH, type ImageErrors, type ImageTraining, imageErrors, RATE } from "./kernel-errors.ts";

interface Size extends Omit<ImageTraining, "examples" | "looks"> {
  readonly counts: readonly number[];
  /** At the largest count. */
  readonly looks: readonly number[];
}

type Name = "exponent" | "after" | "better" | "keeps" | "late" | "learned";

/** Of the kernel before and after training. */
const ENDS = [0, 1];

export const dataScaling = defineExperiment<Size, readonly ImageErrors[], Name>({
  id: "vyas/data-scaling",
  title: "Errors against the number of examples: a network and its kernels",
  source: "Vyas, Bansal and Nakkiran 2022, arXiv:2206.10012, sections 3 to 5",
  rows: [],
  claim:
    "The test error of a network falls with a better exponent of the number of examples than that of regression with its kernel at the start, and its kernel keeps getting better for regression through most of the training.",
  refutedBy:
    "An exponent of the kernel at the start that is as good as the network's, or a kernel that is as good early in training as at its end.",
  expectations: {
    exponent: {
      measure: "exponent of the network's test error less that of regression with K_0 (negative: falls faster)",
      most: -0.05,
      reason: "significantly better: a twentieth is a factor of 1.15 over the sixteenfold range of n",
      central: true,
    },
    after: {
      measure: "the exponent of regression with K_T less that with K_0",
      most: 0,
      reason: "a kernel that has seen the n examples must gain from them at least as fast as one that has not",
    },
    better: {
      measure: "test error of the network over that of regression with K_0, at the largest n",
      most: 0.8,
      reason: "where exponents differ the errors do at the end of the range: by a fifth at least",
    },
    keeps: {
      measure: "rank correlation of the place in training and the test error of regression with the kernel there",
      most: -0.7,
      reason: "continues to evolve throughout most of the training: nearly every look is better than those before it",
      central: true,
    },
    late: {
      measure: "test error of regression with K_T over that with the kernel at a quarter of training",
      most: 0.95,
      reason: "not settled after a few epochs: a twentieth of the error is still to be gained",
    },
    learned: {
      measure: "largest share of wrong signs on the network's own examples",
      most: 0.05,
      reason: "a network that has not fitted its examples is no test of how it scales",
    },
  },
  differences: [
    "Odd against even digits of MNIST, where the source has animals against objects of six million synthetic CIFAR images and n up to 50,000 and more.",
    "A network of two convolutions and a linear layer of about two thousand parameters; the source's have five layers and up to millions.",
    "Regression begins at zero and takes the ridge that leaving one out chooses; the source regresses without one, and stops early.",
    "The exponent of a power law is fitted to all counts; errors of a few hundred examples may not be on it yet.",
    "The number of steps and the rate were set after a first quick run.",
  ],
  needs: needed("mnist"),
  seeds: { quick: 2, full: 4 },
  sizes: {
    quick: { counts: [50, 100, 200], tests: 300, channels: [4, 8], steps: 150, looks: [0, 0.2, 1] },
    full: {
      counts: [100, 200, 400, 800, 1600],
      tests: 1000,
      channels: [8, 16],
      steps: 600,
      looks: [0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1],
    },
  },
  parameters: ({ counts, tests, channels, steps }) => [
    { name: "n", value: counts.join(", "), from: "default" },
    { name: "test images", value: `${tests}`, from: "default" },
    {
      name: "network",
      value: `convolutions of ${channels.join(" and ")} channels, pooled, and a linear output`,
      from: "default",
    },
    { name: "loss", value: "mean square, targets -1 and 1", from: "source" },
    { name: "optimizer", value: `Adam at ${RATE}, ${steps} steps whatever n is, batches of ${BATCH}`, from: "default" },
  ],
  async measure({ counts, looks, ...rest }, { seed, engine, data, signal, progress }) {
    const images = await data("mnist", { limit: 10_000 });
    const found: ImageErrors[] = [];
    const total = counts.reduce((sum, count) => sum + count, 0);
    let done = 0;
    for (const examples of counts) {
      const own = { ...rest, examples, looks: examples === counts.at(-1) ? looks : ENDS };
      found.push(await imageErrors(images, own, { seed, engine: await engine("float32"), signal }));
      done += examples;
      progress(done / total);
    }
    return found;
  },
  conclude: (measures, { counts, looks, steps, tests }, seeds) => {
    // Half an error is the least that so many test images can tell from none.
    const least = 0.5 / tests;
    const before = ({ kernels }: ImageErrors): number => Math.max(least, kernels[0]);
    const after = ({ kernels }: ImageErrors): number => Math.max(least, kernels[kernels.length - 1]);
    const network = (own: ImageErrors): number => Math.max(least, own.network);
    const exponent = (own: readonly ImageErrors[], of: (one: ImageErrors) => number): number =>
      logLogSlope(own.map((one) => ({ size: one.examples, measure: of(one) })));
    const last = counts.length - 1;
    const quarter = looks.findIndex((share) => share >= 0.2);
    const bands = `bands: ${intervalWords(seeds.length)}.`;
    return {
      values: {
        exponent: measures.map((own) => exponent(own, network) - exponent(own, before)),
        after: measures.map((own) => exponent(own, after) - exponent(own, before)),
        better: measures.map((own) => network(own[last]) / before(own[last])),
        keeps: measures.map((own) => spearman(looks, own[last].kernels) ?? 0),
        late: measures.map((own) => after(own[last]) / Math.max(least, own[last].kernels[quarter])),
        learned: measures.map((own) => Math.max(...own.map(({ training }) => training))),
      },
      table: {
        columns: ["seed", "n", "network", "K_0 regression", "K_T regression", "network on its examples"],
        rows: measures.flatMap((own, s) =>
          own.map((one) => [
            `${seeds[s]}`,
            `${one.examples}`,
            ...[one.network, one.kernels[0], one.kernels[one.kernels.length - 1], one.training].map((value) =>
              cell(value),
            ),
          ]),
        ),
      },
      figures: [
        {
          name: "scaling",
          reads:
            "The network's line falls faster than that of regression with the first kernel, but bands over four seeds are wide. Regression with the kernel after training is as good as the network, and on average a little better from 800 examples on.",
          figure: lines({
            title: "Test error against the number of examples",
            caption: `Share of wrong signs on ${tests} test images; K_0: the kernel at the start, K_T: after training; lines: geometric means, ${bands}`,
            x: { label: "examples n", scale: "log" },
            y: { label: "test error", scale: "log" },
            series: [
              logBandOf(
                "network",
                counts,
                measures.map((own) => own.map(network)),
              ),
              logBandOf(
                "regression with K_0",
                counts,
                measures.map((own) => own.map(before)),
              ),
              logBandOf(
                "regression with K_T",
                counts,
                measures.map((own) => own.map(after)),
              ),
            ],
          }),
        },
        {
          name: "along",
          reads:
            "The kernel gains most in the first quarter of training and goes on gaining, slowly, to its end, where regression with it is on average a little better than the network itself.",
          figure: lines({
            title: "Test error of regression with the kernel along training",
            caption: `n = ${counts[last]}; regression on the same examples with K_t, the kernel after so many steps; ${bands} Dashed: the trained network's error, mean.`,
            x: { label: "step", scale: "whole" },
            y: { label: "test error", zero: true },
            series: [
              bandOf(
                "regression with K_t",
                looks.map((share) => Math.round(share * steps)),
                measures.map((own) => own[last].kernels),
              ),
              {
                name: "network at the end",
                x: [0, steps],
                y: [0, 1].map(() => measures.reduce((sum, own) => sum + own[last].network, 0) / measures.length),
                reference: true,
              },
            ],
          }),
        },
      ],
    };
  },
});

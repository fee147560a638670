// Guo, He and Morel, Fig. 10: the normalised kernel between chosen pairs along training, under four optimizers.

import { lines } from "../../figures/lines.ts";
import { panels } from "../../figures/panels.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { type RealArray, sliceRows } from "../../numeric/tensor.ts";
import { meanOf } from "../arrays.ts";
import { bandOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { type RingTraining, ringOptimizers, trainOnRing } from "./ring.ts";

interface Size extends RingTraining {
  readonly looks: number;
}

/** By look: mean normalised kernel of the anchor with the other examples of its class, and with those of the other. */
interface Curves {
  readonly same: readonly number[];
  readonly cross: readonly number[];
}

/** By optimizer. */
type Measure = readonly Curves[];

const [SGD, MOMENTUM, RMSPROP, ADAM] = [0, 1, 2, 3];
/** Examples of each class that the anchor is compared with. */
const PARTNERS = 20;

const placesOf = ({ steps, looks }: Size): number[] =>
  Array.from({ length: looks + 1 }, (_, k) => Math.round((k * steps) / looks));

/** The first look at which same-class and cross-class kernels are 0.5 apart; one after the last where they never are. */
const separation = ({ same, cross }: Curves): number => {
  const at = same.findIndex((value, k) => value - cross[k] >= 0.5);
  return at < 0 ? same.length : at;
};

/** By how much a curve falls below what it had reached. */
const fall = (curve: readonly number[]): number =>
  curve.reduce(([top, most], value) => [Math.max(top, value), Math.max(most, top - value)], [-Infinity, 0])[1];

export const pairsAlongTraining = defineExperiment<Size, Measure, "same" | "cross" | "fastest" | "slowest" | "turns">({
  id: "guo/fig-10",
  title: "The kernel between chosen pairs along training, under four optimizers",
  source: "Guo, He and Morel, Fig. 10 (Appendix D)",
  rows: ["004-43"],
  claim:
    "Along training the normalised kernel goes to 1 within a class and to 0 or below between classes, fastest under momentum, slowest under plain SGD, and not monotonically under RMSprop and Adam.",
  refutedBy: "Kernels between classes that stay high at the end of training, or another order of the optimizers.",
  expectations: {
    same: {
      measure: "mean kernel within the class at the end, least of the optimizers",
      least: 0.8,
      reason: "about 1 in the figure; 0.8 is an angle of 37 degrees",
      central: true,
    },
    cross: {
      measure: "mean kernel between the classes at the end, largest of the optimizers",
      most: 0.2,
      reason: "0 or negative in the figure, with room for the noise of few pairs",
      central: true,
    },
    fastest: {
      measure: "share of seeds in which momentum separates the classes, and none before it",
      least: 0.7,
      reason: "by chance a quarter of the seeds; most must have the order of the claim",
    },
    slowest: {
      measure: "share of seeds in which the others separate the classes, and plain SGD last or never",
      least: 0.7,
      reason: "by chance a quarter of the seeds; most must have the order of the claim",
    },
    turns: {
      measure: "fall of the within-class curve below what it had reached, lesser of RMSprop and Adam",
      least: 0.05,
      reason: "a twentieth is seen in a figure from 0 to 1",
    },
  },
  differences: [
    "Network, learning rates and the numbers of the data are missing from the source's text and ours; the order of optimizers depends on these rates.",
    "After the first full run seeds in which nothing separates the classes were no longer counted for the order of the optimizers.",
    "Means over twenty partners of one anchor in the place of single pairs.",
  ],
  seeds: { quick: 2, full: 6 },
  sizes: {
    quick: { examples: 100, hidden: [16], steps: 200, looks: 10 },
    full: { examples: 400, hidden: [32, 32], steps: 3000, looks: 60 },
  },
  parameters: ({ examples, hidden, steps }) => [
    { name: "data", value: `${examples} points: a ring around a disk`, from: "source" },
    { name: "network", value: `2-${hidden.join("-")}-1, tanh, logistic loss`, from: "default" },
    { name: "optimizers", value: ringOptimizers.map(({ label }) => label).join(", "), from: "source" },
    { name: "learning rates", value: ringOptimizers.map(({ options }) => `${options.lr}`).join(", "), from: "default" },
    { name: "steps", value: `${steps}, batches of 32`, from: "default" },
  ],
  async measure(size, { seed, engine, signal, progress }) {
    const places = placesOf(size);
    const found: Curves[] = [];
    for (const [k, optimizer] of ringOptimizers.entries()) {
      const { task, run } = await trainOnRing(size, optimizer, { seed, engine, signal }, places[1]);
      const { x } = task.dataset.train;
      // The anchor is the first example, of the disk; its partners are those after it, in turns of the two classes.
      const [anchor, others] = [sliceRows(x, 0, 1), sliceRows(x, 1, 2 * PARTNERS + 1)];
      const [same, cross]: [number[], number[]] = [[], []];
      for (const step of places) {
        const { params: w } = await run.checkpoint(step);
        const kernel = (await tangentKernel(task, w, anchor, others, { normalize: true })).kernel.data as RealArray;
        const own = [...kernel];
        cross.push(meanOf(own.filter((_, n) => n % 2 === 0)));
        same.push(meanOf(own.filter((_, n) => n % 2 === 1)));
      }
      found.push({ same, cross });
      progress((k + 1) / ringOptimizers.length);
    }
    return found;
  },
  conclude: (measures, size, seeds) => {
    const places = placesOf(size);
    const last = places.length - 1;
    const times = measures.map((own) => own.map(separation));
    return {
      values: {
        same: measures.map((own) => Math.min(...own.map(({ same }) => same[last]))),
        cross: measures.map((own) => Math.max(...own.map(({ cross }) => cross[last]))),
        fastest: times.map((own) => Number(own[MOMENTUM] <= last && own[MOMENTUM] === Math.min(...own))),
        slowest: times.map((own) =>
          Number(own[SGD] === Math.max(...own) && own.every((time, k) => k === SGD || time <= last)),
        ),
        turns: measures.map((own) => Math.min(fall(own[RMSPROP].same), fall(own[ADAM].same))),
      },
      table: {
        columns: ["seed", "optimizer", "within the class", "between classes", "separated at step", "largest fall"],
        rows: measures.flatMap((own, s) =>
          own.map((curves, k) => [
            `${seeds[s]}`,
            ringOptimizers[k].label,
            cell(curves.same[last]),
            cell(curves.cross[last]),
            times[s][k] > last ? "never" : `${places[times[s][k]]}`,
            cell(fall(curves.same)),
          ]),
        ),
      },
      figures: [
        {
          name: "pairs",
          reads:
            "The wider the gap between the two lines, the more the network's gradients tell the classes apart; each panel is an optimizer on the same data from the same start.",
          figure: panels({
            title: "Normalised kernel of one point of the disk with others, along training",
            caption: `Means over ${PARTNERS} partners of each class; bands: ${intervalWords(seeds.length)}.`,
            panels: ringOptimizers.map(({ label }, k) => ({
              head: label,
              figure: lines({
                title: label,
                caption: "",
                x: { label: "step", scale: "whole" },
                y: { label: "normalised kernel", domain: [-1, 1.02] },
                series: [
                  bandOf(
                    "same class",
                    places,
                    measures.map((own) => own[k].same),
                  ),
                  bandOf(
                    "other class",
                    places,
                    measures.map((own) => own[k].cross),
                  ),
                ],
              }),
            })),
            columns: 2,
            least: 300,
          }),
        },
      ],
    };
  },
});

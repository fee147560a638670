// How features move as networks get wider: O(1/n) effective rates, and rates that keep features moving (mean field, mup).

import { slopeOverSeeds } from "../../diagnose/slopes.ts";
import { type WidthMeasure, widthSweep } from "../../diagnose/width-sweep.ts";
import { lines } from "../../figures/lines.ts";
import { lossOf } from "../../losses/registry.ts";
import type { MlpOptions } from "../../models/mlp.ts";
import { intervalWords, logBandOf } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { fixedPoints, oneLayer } from "./points.ts";

interface Size {
  readonly widths: readonly number[];
  readonly steps: number;
}

type Name = "standard" | "ntk" | "mup";

/** |dh| / |h| by width. */
type Measure = Readonly<Record<Name, readonly number[]>>;

interface Scaling {
  readonly label: string;
  readonly model: Partial<MlpOptions>;
  readonly stepSize: (width: number) => number;
}

const RATE = 0.05;
const BASE = 64;

const SCALINGS: Readonly<Record<Name, Scaling>> = {
  standard: {
    label: "standard, eta ∝ 1/n",
    model: { parametrisation: "standard" },
    stepSize: (width) => (RATE * BASE) / width,
  },
  ntk: { label: "ntk, eta ∝ 1", model: { parametrisation: "ntk" }, stepSize: () => RATE },
  mup: { label: "mup, eta ∝ 1", model: { parametrisation: "mup" }, stepSize: () => RATE },
};
const NAMES = Object.keys(SCALINGS) as Name[];

export const widthScaling = defineExperiment<Size, Measure, Name>({
  id: "richness/width",
  title: "Movement of features against width, under three scalings",
  source: "arXiv:2404.19719, section 2.2; effective learning rates O(1/n) and O(1)",
  rows: ["000-02"],
  claim:
    "With effective learning rates of order 1/n features freeze as the width grows, and with rates of order one they keep moving.",
  refutedBy: "Features that keep moving at rates of order 1/n, or freeze under mup.",
  expectations: {
    mup: {
      measure: "slope of log |Δh|/|h| against log width, mup",
      least: -0.15,
      most: 0.15,
      reason: "order one means slope 0; 0.15 is a factor 1.9 over the whole range of widths",
      central: true,
    },
    ntk: {
      measure: "slope of log |Δh|/|h| against log width, ntk",
      least: -0.65,
      most: -0.35,
      reason: "theory says -1/2 (Jacot et al. 2018), with the same allowance",
      central: true,
    },
    standard: {
      measure: "slope of log |Δh|/|h| against log width, standard with rates eta / n",
      most: -0.35,
      reason: "freezing at least as fast as in the kernel regime",
    },
  },
  differences: [
    "One hidden layer of tanh units on eight points in R³, all at the same number of steps: the source has no figure of this.",
  ],
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { widths: [32, 128, 512], steps: 30 },
    full: { widths: [64, 128, 256, 512, 1024, 2048, 4096], steps: 100 },
  },
  parameters: ({ widths, steps }) => [
    { name: "widths", value: widths.join(", "), from: "default" },
    {
      name: "steps of gradient descent",
      value: `${steps} at ${RATE}, all scalings alike at width ${BASE}`,
      from: "default",
    },
  ],
  async measure({ widths, steps }, { seed, engine, signal, progress }) {
    const found: Partial<Record<Name, readonly number[]>> = {};
    for (const [k, name] of NAMES.entries()) {
      const { model, stepSize } = SCALINGS[name];
      const rows: WidthMeasure[] = await widthSweep({
        engine: await engine("float64"),
        dataset: fixedPoints(),
        loss: lossOf("half-mse"),
        widths,
        model: (width) => oneLayer(width, model),
        stepSize,
        steps,
        seeds: [seed],
        signal,
      });
      found[name] = rows.map(({ featureMovement }) => featureMovement);
      progress((k + 1) / NAMES.length);
    }
    return found as Measure;
  },
  conclude: (measures, { widths }, seeds) => {
    const slopesOf = (name: Name): number[] =>
      measures.map((own) => slopeOverSeeds(widths.map((size, k) => ({ size, seed: 1, measure: own[name][k] }))).slope);
    return {
      values: { mup: slopesOf("mup"), ntk: slopesOf("ntk"), standard: slopesOf("standard") },
      table: {
        columns: ["seed", "width", ...NAMES.map((name) => SCALINGS[name].label)],
        rows: measures.flatMap((own, s) =>
          widths.map((width, k) => [`${seeds[s]}`, cell(width), ...NAMES.map((name) => cell(own[name][k]))]),
        ),
      },
      figures: [
        {
          name: "movement-by-width",
          reads:
            "One line stays level and two fall: what wide networks do to their features is decided by how step sizes go with the width.",
          figure: lines({
            title: "How far hidden features move, against width",
            caption: `|Δh| / |h| over the test points after training; lines: geometric means, bands: ${intervalWords(seeds.length)}.`,
            x: { label: "width n", scale: "log" },
            y: { label: "|Δh| / |h|", scale: "log" },
            series: NAMES.map((name) =>
              logBandOf(
                SCALINGS[name].label,
                widths,
                measures.map((own) => own[name]),
              ),
            ),
          }),
        },
      ],
    };
  },
});

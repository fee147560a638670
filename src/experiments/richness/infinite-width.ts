// Infinite width: the network and its linearisation, which is the machine of one kernel, become the same (Jacot et al. 2018).

import { logLogSlope } from "../../diagnose/slopes.ts";
import { widthSweep } from "../../diagnose/width-sweep.ts";
import { lines } from "../../figures/lines.ts";
import { lossOf } from "../../losses/registry.ts";
import { intervalWords, logBandOf } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { fixedPoints, oneLayer } from "./points.ts";

interface Size {
  readonly widths: readonly number[];
  readonly steps: number;
}

type Activation = "tanh" | "relu";
const ACTIVATIONS: readonly Activation[] = ["tanh", "relu"];

/** |f_net - f_lin| / |f_T - f_0| by width. */
type Measure = Readonly<Record<Activation, readonly number[]>>;

const RATE = 0.5;

export const infiniteWidth = defineExperiment<Size, Measure, "tanh" | "relu" | "law">({
  id: "richness/infinite-width",
  title: "The distance between a network and its one-kernel machine, against width",
  source: "arXiv:2404.19719, section 2; Jacot et al. 2018; Lee et al. 2019 (|f_net - f_lin| = O(n^-1/2))",
  rows: ["000-03"],
  claim:
    "As the width grows a network in the kernel scaling becomes the machine of its kernel at the start, at a rate of n^-1/2.",
  refutedBy:
    "A distance to the linearised model that does not fall at least as n^-1/2, or, for the rate itself, one that falls otherwise.",
  expectations: {
    tanh: {
      measure: "slope of log (|f_net - f_lin| / change) against log width, tanh",
      most: -0.4,
      reason: "the bound is -1/2; a tenth is left to a finite range of widths",
      central: true,
    },
    relu: {
      measure: "slope of log (|f_net - f_lin| / change) against log width, ReLU",
      most: -0.4,
      reason: "the same bound as for tanh: the theory does not tell activations apart here",
      central: true,
    },
    law: {
      measure: "slope of log (|f_net - f_lin| / change) against log width, tanh, as a law and not a bound",
      least: -0.7,
      most: -0.3,
      reason: "figures of the literature draw -1/2 through the points: then it must be near it from both sides",
    },
  },
  differences: ["One hidden layer on eight points in R³ where Lee et al. have deep networks on images."],
  seeds: { quick: 2, full: 6 },
  sizes: {
    quick: { widths: [32, 128, 512], steps: 20 },
    full: { widths: [64, 128, 256, 512, 1024, 2048, 4096], steps: 40 },
  },
  parameters: ({ widths, steps }) => [
    { name: "widths", value: widths.join(", "), from: "default" },
    { name: "scaling", value: "Jacot's (ntk, base width 1)", from: "source" },
    { name: "steps of gradient descent", value: `${steps} at ${RATE}`, from: "default" },
  ],
  async measure({ widths, steps }, { seed, engine, signal, progress }) {
    const found: Partial<Record<Activation, readonly number[]>> = {};
    for (const [k, activation] of ACTIVATIONS.entries()) {
      const rows = await widthSweep({
        engine: await engine("float64"),
        dataset: fixedPoints(),
        loss: lossOf("half-mse"),
        widths,
        model: (width) => oneLayer(width, { activation, parametrisation: "ntk", baseWidth: 1 }),
        stepSize: () => RATE,
        steps,
        seeds: [seed],
        signal,
      });
      found[activation] = rows.map(({ fromLinear, moved }) => fromLinear / moved);
      progress((k + 1) / ACTIVATIONS.length);
    }
    return found as Measure;
  },
  conclude: (measures, { widths }, seeds) => {
    const slopesOf = (name: Activation): number[] =>
      measures.map((own) => logLogSlope(widths.map((size, k) => ({ size, measure: own[name][k] }))));
    return {
      values: { tanh: slopesOf("tanh"), relu: slopesOf("relu"), law: slopesOf("tanh") },
      table: {
        columns: ["seed", "width", ...ACTIVATIONS],
        rows: measures.flatMap((own, s) =>
          widths.map((width, k) => [`${seeds[s]}`, cell(width), ...ACTIVATIONS.map((name) => cell(own[name][k]))]),
        ),
      },
      figures: [
        {
          name: "distance-by-width",
          reads:
            "Both lines fall: wide networks are the machine of one kernel. How steeply they fall tells the bound n^-1/2 from the law.",
          figure: lines({
            title: "Distance of the network from its linearisation, against width",
            caption: `Root mean square over test points of f_net - f_lin, relative to that of the change; lines: geometric means, bands: ${intervalWords(seeds.length)}.`,
            x: { label: "width n", scale: "log" },
            y: { label: "|f_net - f_lin| / change", scale: "log" },
            series: ACTIVATIONS.map((name) =>
              logBandOf(
                name,
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

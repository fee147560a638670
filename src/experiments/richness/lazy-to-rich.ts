// One knob from lazy to rich training, and the certificate of the kernel machine along it (Chizat et al. 2019; the scale of richness).

import { featureMovement, kernelDrift, richnessGauge, richnessThresholds } from "../../diagnose/richness.ts";
import { lines } from "../../figures/lines.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { linearisedMachine } from "../../kernels/tangent-machine.ts";
import { lossOf } from "../../losses/registry.ts";
import { spearman } from "../../numeric/correlation.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { hiddenFeatures } from "../../train/hidden-features.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { largestOf } from "../arrays.ts";
import { intervalWords, logBandOf } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { closureShare, descend, explainTest, residualShare } from "../small-problem.ts";
import { fixedPoints, oneLayer } from "./points.ts";

interface Size {
  readonly alphas: readonly number[];
  readonly width: number;
  readonly steps: number;
}

/** By alpha. */
interface Measure {
  readonly features: readonly number[];
  readonly drift: readonly number[];
  readonly gauge: readonly number[];
  readonly residual: readonly number[];
  readonly closure: readonly number[];
  /** What the linearised model misses of the outputs, relative to their change. */
  readonly linearised: readonly number[];
}

/** Below 2 over the largest eigenvalue of K_0 / N, some 20: beyond it the kernel shrinks until it is stable, at any alpha. */
const RATE = 0.05;

export const lazyToRich = defineExperiment<
  Size,
  Measure,
  "certificate" | "closure" | "order" | "rich" | "lazy" | "one"
>({
  id: "richness/lazy-to-rich",
  title: "From lazy to rich with one knob, and the kernel machine all along",
  source: "The scale of richness of arXiv:2404.19719, section 2.2; Chizat et al. 2019 (output scale)",
  rows: ["000-01", "000-13"],
  claim:
    "One knob leads from lazy training to rich training, and whatever the richness the trained model is a kernel machine.",
  refutedBy:
    "A residual that grows with richness whatever the tolerance, or a knob that does not order trainings by richness.",
  expectations: {
    certificate: {
      measure: "largest residual / change over all scales, Jacobians averaged to a tolerance of 1e-10",
      most: 1e-8,
      reason: "a hundred times the tolerance: what is left does not depend on the richness",
      central: true,
    },
    closure: {
      measure: "largest |closure| / gross over all scales",
      most: 1e-12,
      reason: "rounding of float64 sums: the bookkeeping itself",
    },
    order: {
      measure: "rank correlation of the output scale and the gauge of richness",
      most: -0.9,
      reason: "a knob turns one way: nearly every pair of scales must be in order",
    },
    rich: {
      measure: "gauge at the smallest scale",
      least: richnessThresholds.rich,
      reason: "the library's threshold of rich, stated with richnessGauge",
    },
    lazy: {
      measure: "gauge at the largest scale",
      most: richnessThresholds.lazy,
      reason: "the library's threshold of lazy, stated with richnessGauge",
    },
    one: {
      measure: "what the machine of K_0 alone misses at the smallest scale, relative to the change",
      least: 0.1,
      reason: "if one kernel were enough in the rich regime too, the whole path would not be needed",
    },
  },
  differences: [
    "The knob is the output scale alpha of alpha (f - f_0) with step sizes eta / alpha², not the source's initial scale.",
    "A network of one layer on eight points: the sources have none of these numbers.",
  ],
  seeds: { quick: 3, full: 6 },
  sizes: {
    quick: { alphas: [0.2, 0.5, 2, 10], width: 32, steps: 60 },
    full: { alphas: [0.1, 0.2, 0.5, 1, 2, 5, 20], width: 64, steps: 150 },
  },
  parameters: ({ alphas, width, steps }) => [
    { name: "model", value: `3-${width}-1, tanh`, from: "default" },
    { name: "output scales alpha", value: alphas.join(", "), from: "default" },
    { name: "steps of gradient descent", value: `${steps} at ${RATE} / alpha²`, from: "default" },
  ],
  async measure({ alphas, width, steps }, { seed, engine, signal, progress }) {
    const found = { features: [] as number[], drift: [] as number[], gauge: [] as number[] };
    const also = { residual: [] as number[], closure: [] as number[], linearised: [] as number[] };
    const dataset = fixedPoints();
    const queries = dataset.test.x;
    for (const [k, alpha] of alphas.entries()) {
      const { task, params } = seededTask({
        engine: await engine("float64"),
        model: oneLayer(width, { alpha }),
        loss: lossOf("half-mse"),
        optimizer: createOptimizer("gd", { lr: RATE / alpha ** 2 }),
        dataset,
        seed,
      });
      const run = await descend({ task, params }, steps, signal);
      const at = async (step: number) => {
        const { params: w } = await run.checkpoint(step);
        const kernel = (await tangentKernel(task, w, queries)).kernel;
        return { w, features: await hiddenFeatures(task, w, queries), kernel };
      };
      const [before, after] = [await at(0), await at(steps)];
      const features = featureMovement(before.features, after.features);
      const drift = kernelDrift(before.kernel, after.kernel);
      const e = await explainTest(task, run, { rule: "auto", signal });
      const linear = (await evaluateMachine(await linearisedMachine(task, run), queries)).value.data;
      const trained = await predict(task, after.w, { x: queries });
      found.features.push(features);
      found.drift.push(drift);
      found.gauge.push(richnessGauge({ featureMovement: features, kernelDrift: drift }).gauge);
      also.residual.push(residualShare(e));
      also.closure.push(closureShare(e));
      also.linearised.push(largestOf(trained.map((value, q) => value - linear[q])) / e.scale);
      progress((k + 1) / alphas.length);
    }
    return { ...found, ...also };
  },
  conclude: (measures, { alphas }, seeds) => {
    const x = { label: "output scale alpha: rich at the left, lazy at the right", scale: "log" } as const;
    const line = (name: string, of: (own: Measure) => readonly number[]) => logBandOf(name, alphas, measures.map(of));
    return {
      values: {
        certificate: measures.map(({ residual }) => Math.max(...residual)),
        closure: measures.map(({ closure }) => Math.max(...closure)),
        order: measures.map(({ gauge }) => spearman(alphas, gauge) ?? 0),
        rich: measures.map(({ gauge }) => gauge[0]),
        lazy: measures.map(({ gauge }) => gauge[gauge.length - 1]),
        one: measures.map(({ linearised }) => linearised[0]),
      },
      table: {
        columns: ["seed", "alpha", "|Δh| / |h|", "|ΔK| / |K|", "gauge", "residual / change", "K_0 alone misses"],
        rows: measures.flatMap((own, s) =>
          alphas.map((alpha, k) => [
            `${seeds[s]}`,
            ...[alpha, own.features[k], own.drift[k], own.gauge[k], own.residual[k], own.linearised[k]].map((v) =>
              cell(v),
            ),
          ]),
        ),
      },
      figures: [
        {
          name: "richness",
          reads:
            "Features and kernel move less and less from left to right: the two guides mark where this library says rich and lazy.",
          figure: lines({
            title: "How far features and kernel move, against the output scale",
            caption: `Relative movement from start to end of training; lines: geometric means, bands: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "relative change", scale: "log" },
            series: [line("features", ({ features }) => features), line("tangent kernel", ({ drift }) => drift)],
            guides: [
              { axis: "y", value: richnessThresholds.rich, label: "rich" },
              { axis: "y", value: richnessThresholds.lazy, label: "lazy" },
            ],
          }),
        },
        {
          name: "certificate",
          reads:
            "The upper line is what one kernel, that of the start, misses: much where training is rich. The lower one is what the sum along the path misses: rounding and tolerance everywhere.",
          figure: lines({
            title: "What one kernel misses, and what the kernels along the path miss",
            caption: `Largest error over queries relative to the largest change of an output; bands: ${intervalWords(seeds.length)}.`,
            x,
            y: { label: "missed / change", scale: "log" },
            series: [
              line("kernel of the start alone", ({ linearised }) => linearised.map((v) => Math.max(v, 1e-17))),
              line("along the path", ({ residual }) => residual.map((v) => Math.max(v, 1e-17))),
            ],
          }),
        },
      ],
    };
  },
});

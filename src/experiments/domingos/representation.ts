// Domingos 2020, section 4: deep networks learn no new representation, they select among gradient features that the architecture fixes.

import { kernelDrift, kernelRotation } from "../../diagnose/richness.ts";
import { dots } from "../../figures/dots.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { lossOf } from "../../losses/registry.ts";
import { kernelRidge } from "../../machines/kernel-ridge.ts";
import { mlp } from "../../models/mlp.ts";
import { randomFrom } from "../../numeric/random.ts";
import type { RealArray, Tensor } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { meanOf, normals, regression } from "../arrays.ts";
import { dotOf, intervalWords } from "../bands.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { descend } from "../small-problem.ts";

interface Size {
  readonly dimensions: number;
  readonly examples: number;
  readonly tests: number;
  readonly width: number;
  readonly steps: number;
}

interface OfRegime {
  /** Mean square test errors over the variance of the targets: of the network, and of ridge regression over K_0 and over K_T. */
  readonly network: number;
  readonly before: number;
  readonly after: number;
  readonly drift: number;
  readonly rotation: number;
}

interface Measure {
  readonly lazy: OfRegime;
  readonly rich: OfRegime;
}

const REGIMES = { lazy: 10, rich: 0.3 } as const;
type Regime = keyof typeof REGIMES;
const NAMES: readonly Regime[] = ["lazy", "rich"];
const RATE = 0.1;
/** Relative to the mean of the kernel's diagonal: enough for the regression to be well posed, the same for both kernels. */
const RIDGE = 1e-3;

/** The target depends on one direction of many: a feature that is there to be learned. */
const target = (x: Tensor<"float64">, dimensions: number): number[] =>
  Array.from({ length: x.shape[0] }, (_, n) => Math.sin(2 * x.data[n * dimensions]));

export const noRepresentation = defineExperiment<Size, Measure, "lazy" | "rich" | "turns" | "after">({
  id: "domingos/no-representation-learning",
  title: "Are representations learned, or only selected?",
  source: "Domingos 2020, section 4 (arXiv:2012.00152)",
  rows: ["001-24"],
  claim:
    "Deep networks do not learn new representations: they select among features that the gradient at the start already has, fixed by the architecture.",
  refutedBy:
    "A network that predicts better than every machine of its first kernel because its kernel has become another one.",
  expectations: {
    rich: {
      measure: "rich training: test error of ridge regression over the kernel at the start, over that of the network",
      most: 1.5,
      reason:
        "if features were only selected, the first kernel would do about as well; half as much error again is generous",
      central: true,
    },
    turns: {
      measure: "rich training: 1 - cosine of the kernels at start and end",
      most: 0.1,
      reason: "features that are fixed leave the kernel's direction as it is; a tenth is an angle of 26 degrees",
    },
    after: {
      measure: "rich training: test error over the kernel at the start, over that over the kernel at the end",
      most: 1.5,
      reason: "if nothing was learned in the kernel, the later one is no better",
    },
    lazy: {
      measure: "lazy training: relative drift of the kernel",
      most: 0.1,
      reason: "where the claim must hold if anywhere: the library's threshold of lazy",
    },
  },
  differences: [
    "The source argues and has no experiment: a target that depends on one direction in ten, by networks with output scale 10 and 0.3.",
    "Features that the gradient has at the start are read as the tangent kernel there; the path kernel itself contains later ones.",
  ],
  seeds: { quick: 2, full: 6 },
  sizes: {
    quick: { dimensions: 6, examples: 60, tests: 60, width: 32, steps: 300 },
    full: { dimensions: 10, examples: 200, tests: 300, width: 64, steps: 2000 },
  },
  parameters: ({ dimensions, examples, width, steps }) => [
    {
      name: "model",
      value: `${dimensions}-${width}-1, tanh, output scale ${REGIMES.lazy} and ${REGIMES.rich}`,
      from: "default",
    },
    { name: "data", value: `${examples} normal points in R^${dimensions}, sin 2 x_1`, from: "default" },
    { name: "steps of gradient descent", value: `${steps} at ${RATE} / alpha²`, from: "default" },
    { name: "ridge", value: `${RIDGE} of the kernel's mean diagonal`, from: "default" },
  ],
  async measure({ dimensions, examples, tests, width, steps }, { seed, engine, signal, progress }) {
    const random = randomFrom(seed, "directions");
    const [x, queries] = [normals(random, [examples, dimensions]), normals(random, [tests, dimensions])];
    const [y, wanted] = [target(x, dimensions), target(queries, dimensions)];
    const dataset = regression(x, y, { x: queries, y: wanted });
    const variance = meanOf(wanted.map((value) => value * value));
    const errorOf = (values: ArrayLike<number>): number =>
      meanOf(wanted.map((value, q) => (value - values[q]) ** 2)) / variance;
    const found: Partial<Record<Regime, OfRegime>> = {};
    for (const [k, name] of NAMES.entries()) {
      const alpha = REGIMES[name];
      const { task, params } = seededTask({
        engine: await engine("float64"),
        model: mlp({ inputShape: [dimensions], outputs: 1, hidden: [width], activation: "tanh", alpha }),
        loss: lossOf("half-mse"),
        optimizer: createOptimizer("gd", { lr: RATE / alpha ** 2 }),
        dataset,
        seed,
      });
      const run = await descend({ task, params }, steps, signal, steps);
      const [start, end] = [(await run.checkpoint(0)).params, (await run.checkpoint(steps)).params];
      const kernelAt = async (w: RealArray) => (await tangentKernel(task, w, x, undefined, { signal })).kernel;
      const [before, after] = [await kernelAt(start), await kernelAt(end)];
      const machineError = async (w: RealArray, { data }: Tensor): Promise<number> => {
        const diagonal = meanOf(Array.from({ length: examples }, (_, i) => Number(data[i * (examples + 1)])));
        const machine = await kernelRidge(task, w, x, dataset.train.y, {
          ridge: RIDGE * diagonal,
          prior: "zero",
          signal,
        });
        return errorOf((await evaluateMachine(machine, queries)).value.data);
      };
      found[name] = {
        network: errorOf(await predict(task, end, { x: queries })),
        before: await machineError(start, before),
        after: await machineError(end, after),
        drift: kernelDrift(before, after),
        rotation: kernelRotation(before, after),
      };
      progress((k + 1) / NAMES.length);
    }
    return found as Measure;
  },
  conclude: (measures, _size, seeds) => {
    const series = ["network", "ridge over K at the start", "ridge over K at the end"];
    return {
      values: {
        rich: measures.map(({ rich }) => rich.before / rich.network),
        turns: measures.map(({ rich }) => rich.rotation),
        after: measures.map(({ rich }) => rich.before / rich.after),
        lazy: measures.map(({ lazy }) => lazy.drift),
      },
      table: {
        columns: ["seed", "regime", ...series, "|ΔK| / |K|", "1 - cos(K_0, K_T)"],
        rows: measures.flatMap((own, s) =>
          NAMES.map((name) => {
            const { network, before, after, drift, rotation } = own[name];
            return [`${seeds[s]}`, name, ...[network, before, after, drift, rotation].map((value) => cell(value))];
          }),
        ),
      },
      figures: [
        {
          name: "errors",
          reads:
            "Where training is lazy the three agree or differ little; where it is rich, dots far apart say that the kernel has become another one, which the claim rules out.",
          figure: dots({
            title: "Test errors of the network and of machines of its first and last kernel",
            caption: `Mean square error over the variance of the target (1: predicts nothing); ${intervalWords(seeds.length)}.`,
            x: { label: "test error / variance", zero: true },
            series,
            rows: NAMES.map((name) => ({
              name: `${name} (output scale ${REGIMES[name]})`,
              dots: [
                dotOf(
                  measures.map((own) => own[name].network),
                  0,
                ),
                dotOf(
                  measures.map((own) => own[name].before),
                  1,
                ),
                dotOf(
                  measures.map((own) => own[name].after),
                  2,
                ),
              ],
            })),
            interval: intervalWords(seeds.length),
          }),
        },
      ],
    };
  },
});

// Width, scale and richness as numbers: distance to the linearised model, fluctuation of the kernel, movement of features (000-01 to 000-04).

import { featureMovement, kernelDrift, richnessGauge } from "../../../src/diagnose/richness.ts";
import { type Slope, slopeOverSeeds } from "../../../src/diagnose/slopes.ts";
import { type WidthMeasure, widthSweep } from "../../../src/diagnose/width-sweep.ts";
import { explain } from "../../../src/explain/explain.ts";
import { inputQueries } from "../../../src/explain/queries.ts";
import { evaluateMachine, type KernelMachine } from "../../../src/kernels/kernel-machine.ts";
import { tangentKernel } from "../../../src/kernels/tangent-kernel.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import { kernelGradientFlow } from "../../../src/machines/kernel-flow.ts";
import { kernelRidge } from "../../../src/machines/kernel-ridge.ts";
import { type MlpOptions, mlp } from "../../../src/models/mlp.ts";
import type { RealArray } from "../../../src/numeric/tensor.ts";
import { predict } from "../../../src/train/accuracy.ts";
import { fullBatches } from "../../../src/train/batches.ts";
import { hiddenFeatures } from "../../../src/train/hidden-features.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { largest } from "../kernels.ts";
import { modelTask, normals } from "../model-task.ts";
import { engineOf, startOf } from "../tasks.ts";

const TRAIN = 8;
const QUERIES = 6;

const data = () => {
  const [x, queries] = [normals([TRAIN, 3], "widths"), normals([QUERIES, 3], "width queries")];
  const y = normals([TRAIN, 1], "width targets");
  return { x, y, queries };
};

const network = (width: number, own: Partial<MlpOptions> = {}) =>
  mlp({ inputShape: [3], outputs: 1, hidden: [width], activation: "tanh", ...own });

export interface WidthsOptions {
  readonly widths: readonly number[];
  readonly seeds: number;
  readonly steps?: number;
  readonly model?: Partial<MlpOptions>;
  readonly stepSize?: (width: number) => number;
}

/** One hidden layer over the widths: `widthSweep` on 8 points in R^3, half-mse, float64. */
export async function sweep({
  widths,
  seeds,
  steps = 40,
  model = {},
  stepSize = () => 0.5,
}: WidthsOptions): Promise<WidthMeasure[]> {
  const { x, y, queries } = data();
  const { task } = await modelTask({ model: network(4), loss: lossOf("half-mse"), x, y, queries });
  return widthSweep({
    engine: await engineOf("float64"),
    dataset: task.dataset,
    loss: task.loss,
    widths,
    model: (width) => network(width, model),
    stepSize,
    steps,
    seeds: Array.from({ length: seeds }, (_, k) => k + 1),
    queries,
  });
}

export type SweepMeasure = "fromLinear" | "featureMovement" | "kernelDrift";

export const slopeOf = (rows: readonly WidthMeasure[], key: SweepMeasure): Slope =>
  slopeOverSeeds(rows.map(({ width, seed, [key]: measure }) => ({ size: width, seed, measure })));

export const slopeText = ({ slope, half }: Slope): string => `${slope.toFixed(2)} +- ${half.toFixed(2)}`;

/** Jacot's parametrisation: the kernel has a limit, step sizes do not depend on the width. */
export const LAZY = { parametrisation: "ntk", baseWidth: 1 } as const;

/**
 * Slope of the fluctuation of K_0 over seeds against the width: root mean square over pairs of (K - mean over seeds), relative to the mean kernel's size.
 * Groups of seeds give the interval.
 */
export async function kernelFluctuation(
  activation: string,
  { widths, seeds, groups }: { readonly widths: readonly number[]; readonly seeds: number; readonly groups: number },
): Promise<Slope> {
  const { x, y, queries } = data();
  const measures: { size: number; seed: number; measure: number }[] = [];
  for (const width of widths) {
    const model = network(width, { activation, ...LAZY });
    const { task } = await modelTask({ model, loss: lossOf("half-mse"), x, y, queries });
    for (let group = 0; group < groups; group++) {
      const kernels: number[][] = [];
      for (let k = 0; k < seeds; k++) {
        const params = startOf(model, "float64", 1 + group * seeds + k);
        kernels.push(Array.from((await tangentKernel(task, params, queries)).kernel.data as RealArray));
      }
      const mean = kernels[0].map((_, e) => kernels.reduce((sum, kernel) => sum + kernel[e], 0) / seeds);
      const spread = kernels.reduce(
        (sum, kernel) => sum + kernel.reduce((all, value, e) => all + (value - mean[e]) ** 2, 0),
        0,
      );
      const size = mean.reduce((sum, value) => sum + value * value, 0);
      measures.push({ size: width, seed: group, measure: Math.sqrt(spread / ((seeds - 1) * size)) });
    }
  }
  return slopeOverSeeds(measures);
}

export interface LazyAgreement {
  /** max over queries, relative to the largest change of an output: the network against gradient flow of its linearisation in closed form. */
  readonly flow: number;
  /** Against kernel ridge regression with the ridge that belongs to the time, N C / t. */
  readonly ridge: number;
}

/** A wide network trained to time t, against the machines of its kernel at the start (000-12). */
export async function lazyNetwork(width: number): Promise<LazyAgreement> {
  const { x, y, queries } = data();
  const model = network(width, LAZY);
  const [eta, steps] = [0.5, 300];
  const { task, params } = await modelTask({
    model,
    loss: lossOf("half-mse"),
    x,
    y,
    queries,
    optimizer: { name: "gd", options: { lr: eta } },
  });
  const run = await trainInMemory(task, { params, batches: [...fullBatches(TRAIN, steps)], checkpointEvery: steps });
  const trained = await predict(task, (await run.checkpoint(steps)).params, { x: queries });
  const start = await predict(task, params, { x: queries });
  const scale = largest(trained.map((value, k) => value - start[k]));
  const time = eta * steps;
  const apart = async (machine: KernelMachine): Promise<number> => {
    const { value } = await evaluateMachine(machine, queries);
    return largest(trained.map((own, k) => own - value.data[k])) / scale;
  };
  return {
    flow: await apart((await kernelGradientFlow(task, params, x, y)).machine({ time })),
    ridge: await apart(await kernelRidge(task, params, x, y, { ridge: TRAIN / time })),
  };
}

export interface AlphaMeasure {
  readonly alpha: number;
  readonly featureMovement: number;
  readonly kernelDrift: number;
  readonly regime: string;
  /** max |residual| / scale of an explanation at tolerance 1e-10. */
  readonly residual: number;
}

/** The knob between rich and lazy: one network, output scale alpha, step size eta / alpha^2 (000-01, 000-13). */
export async function alphaSweep(alphas: readonly number[], { width = 64, steps = 100 } = {}): Promise<AlphaMeasure[]> {
  const found: AlphaMeasure[] = [];
  for (const alpha of alphas) {
    const { x, y, queries } = data();
    const model = network(width, { alpha });
    const { task, params } = await modelTask({
      model,
      loss: lossOf("half-mse"),
      x,
      y,
      queries,
      trainable: model.parameters.entries.map(({ name }) => name).filter((name) => !model.fixed?.includes(name)),
      // Below 2 over the largest eigenvalue of K_0 / N, some 20: beyond it the kernel shrinks until it is stable, at any alpha.
      optimizer: { name: "gd", options: { lr: 0.05 / alpha ** 2 } },
    });
    const run = await trainInMemory(task, { params, batches: [...fullBatches(TRAIN, steps)] });
    const at = async (step: number) => {
      const { params: w } = await run.checkpoint(step);
      return [await hiddenFeatures(task, w, queries), (await tangentKernel(task, w, queries)).kernel] as const;
    };
    const [before, after] = [await at(0), await at(steps)];
    const measures = {
      featureMovement: featureMovement(before[0], after[0]),
      kernelDrift: kernelDrift(before[1], after[1]),
    };
    const rows = inputQueries(task, queries, { name: "queries" });
    const { residual, scale } = await explain(task, run, { queries: rows, tolerance: 1e-10, readout: "output:0" });
    found.push({ alpha, ...richnessGauge(measures), residual: largest(residual) / scale });
  }
  return found;
}

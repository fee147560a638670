// One training of the experiment on grokking: a perceptron of nearly linear units learns a square, and is looked at along the way.

import { cka, kernelTargetAlignment, targetKernel } from "../../diagnose/alignment.ts";
import { kernelRotation } from "../../diagnose/richness.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { add, mul } from "../../graph/ops.ts";
import { gramMatrix } from "../../kernels/gram-matrix.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { lossOf } from "../../losses/registry.ts";
import { kernelRidge } from "../../machines/kernel-ridge.ts";
import { modelFromBuilder, withStarts } from "../../models/from-graph.ts";
import { withOutputScale } from "../../models/output-scale.ts";
import type { Model } from "../../models/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { type RealArray, reals, type Tensor } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { fullBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { normals, regression } from "../arrays.ts";
import { crossing } from "../crossing.ts";
import type { MeasureContext } from "../types.ts";

/** Losses are said to have fallen here, relative to the mean square of the targets. */
export const FALLEN = 0.2;
const TESTS = 500;
/** eta alpha² (1 + epsilon²) / units: the largest eigenvalue at the start, in proportion to 1 + epsilon², bears 15, and the kernel grows. */
export const RATE = 3;

export interface Perceptron {
  readonly inputs: number;
  readonly examples: number;
  readonly units: number;
  readonly steps: number;
}

export interface GrokkedTraining {
  readonly alpha: number;
  readonly epsilon: number;
  /** When training and test loss have fallen, in steps of epsilon = 0 (rates are smaller at others); the end where a loss never has. */
  readonly train: number;
  readonly test: number;
  /** When half of the rotation of the kernel is over, and half of the rise of its alignment. */
  readonly kernel: number;
  readonly rise: number;
  /** Of the kernel at the start with the targets: y K y / (|K| |y|²), and centred. */
  readonly alignment: number;
  readonly centred: number;
  /** The first of the two where the training loss has fallen, and at the end. */
  readonly fitted: number;
  readonly aligned: number;
  readonly rotation: number;
  /** Test loss where the training loss has fallen, and of regression with the first kernel, relative to the mean square of the targets. */
  readonly plateau: number;
  readonly regression: number;
  readonly end: number;
  readonly along?: {
    readonly times: readonly number[];
    readonly train: readonly number[];
    readonly test: readonly number[];
    /** Rotation of the kernel, of that at the end. */
    readonly kernel: readonly number[];
  };
}

/** f(x) = 1/units sum_i phi(w_i x), phi(h) = h + epsilon h² / 2: weights begin normal, and there are no others. */
function perceptron({ inputs, units }: Perceptron, epsilon: number): Model {
  const b = new GraphBuilder();
  const weight = b.input("weight", "real", [units, inputs]);
  const h = b.op("Gemm", [b.input("x", "real", ["N", inputs]), weight], { transB: 1 });
  const phi = add(b, h, mul(b, mul(b, h, h), epsilon / 2));
  const y = b.op("MatMul", [phi, b.constant(reals([units, 1], new Float64Array(units).fill(1 / units)))]);
  const model = modelFromBuilder(`perceptron:${units}:${epsilon}`, b, y);
  return withStarts(model, { weight: { deviation: 1 } });
}

/** y = (beta x)² / 2 with beta normal, at normal points of length about 1. */
function squareData({ inputs, examples }: Perceptron, seed: number) {
  const random = randomFrom(seed, "square");
  const beta = normals(random, [inputs]).data;
  const part = (count: number): { readonly x: Tensor<"float64">; readonly y: number[] } => {
    const x = normals(random, [count, inputs], 1 / Math.sqrt(inputs));
    const y = Array.from(
      { length: count },
      (_, n) => beta.reduce((total, value, d) => total + value * x.data[n * inputs + d], 0) ** 2 / 2,
    );
    return { x, y };
  };
  const train = part(examples);
  return regression(train.x, train.y, part(TESTS));
}

/** Steps to look at: about 45, as far apart as they are from the start. */
function looksOf(steps: number): number[] {
  const all = Array.from({ length: 45 }, (_, k) => Math.round(steps ** (k / 44)));
  return [0, ...new Set(all)];
}

const missed = (outputs: ArrayLike<number>, y: ArrayLike<number>): number => {
  let [error, size] = [0, 0];
  for (let n = 0; n < y.length; n++) {
    error += (outputs[n] - y[n]) ** 2;
    size += y[n] ** 2;
  }
  return error / size;
};

export async function trainPerceptron(
  size: Perceptron,
  { alpha, epsilon, drawn }: { readonly alpha: number; readonly epsilon: number; readonly drawn: boolean },
  { seed, engine, signal }: MeasureContext,
): Promise<GrokkedTraining> {
  const dataset = squareData(size, seed);
  const { train, test } = dataset;
  const [y, yTest] = [train.y.data as Float64Array, test.y.data as Float64Array];
  const targets = reals([size.examples, 1], y);
  const slower = 1 / (1 + epsilon ** 2);
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: withOutputScale(perceptron(size, epsilon), alpha),
    loss: lossOf("mse"),
    optimizer: createOptimizer("gd", { lr: (RATE * slower * size.units) / alpha ** 2 }),
    dataset,
    seed,
  });
  const steps = looksOf(size.steps);
  const wanted = new Set(steps);
  const states: RealArray[] = [];
  await trainInMemory(task, {
    params,
    batches: [...fullBatches(size.examples, size.steps)],
    checkpointEvery: size.steps,
    signal,
    observe: async ({ step, before, after }) => {
      if (step === 0) states.push(before.slice() as RealArray);
      if (wanted.has(step + 1)) states.push(after.params.slice() as RealArray);
    },
  });
  const [trains, tests, rotations, alignments]: number[][] = [[], [], [], []];
  const first = await gramMatrix(task, states[0], train.x, { form: "trace" });
  for (const w of states) {
    signal.throwIfAborted();
    const kernel = await gramMatrix(task, w, train.x, { form: "trace" });
    trains.push(missed(await predict(task, w, train), y));
    tests.push(missed(await predict(task, w, test), yTest));
    rotations.push(kernelRotation(first, kernel));
    alignments.push(kernelTargetAlignment(kernel, targets) ?? 0);
  }
  const machine = await kernelRidge(task, states[0], train.x, targets, { prior: "zero", maxJitter: 1e-8 });
  const regressed = (await evaluateMachine(machine, test.x)).value.data as Float64Array;
  const rotation = rotations[rotations.length - 1];
  const times = steps.map((step) => slower * step);
  const fall = crossing(times, trains, FALLEN);
  const fallen = times.findIndex((time) => time >= fall);
  const [start, end] = [alignments[0], alignments[alignments.length - 1]];
  return {
    alpha,
    epsilon,
    train: fall,
    test: crossing(times, tests, FALLEN),
    kernel: crossing(times, rotations, rotation / 2),
    rise: crossing(times, alignments, (start + end) / 2),
    alignment: start,
    centred: cka(first, targetKernel(targets)) ?? 0,
    fitted: alignments[fallen],
    aligned: end,
    rotation,
    plateau: tests[fallen],
    regression: missed(regressed, yTest),
    end: tests[tests.length - 1],
    ...(drawn && {
      along: { times, train: trains, test: tests, kernel: rotations.map((value) => value / rotation) },
    }),
  };
}

// One training of the experiment on silent alignment: alignment, size of the kernel and loss along it, and regression with the final kernel.

import type { Dataset } from "../../data/types.ts";
import { kernelTargetAlignment } from "../../diagnose/alignment.ts";
import { gramMatrix } from "../../kernels/gram-matrix.ts";
import { evaluateMachine } from "../../kernels/kernel-machine.ts";
import { lossOf } from "../../losses/registry.ts";
import { kernelRidge } from "../../machines/kernel-ridge.ts";
import { randomFrom } from "../../numeric/random.ts";
import { reals, type Tensor } from "../../numeric/tensor.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { predict } from "../../train/accuracy.ts";
import { fullBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { normals, regression } from "../arrays.ts";
import { crossing } from "../crossing.ts";
import { homogeneous } from "../homogeneous.ts";
import type { MeasureContext } from "../types.ts";

/** By the names of tables and figures; sigmas ascend. Three layers wait for 1 / sigma, not for its logarithm. */
export const networks = {
  "linear, 2 layers": { activation: "linear", layers: 1, sigmas: [0.003, 0.01, 0.03, 0.1, 0.3, 1] },
  "linear, 3 layers": { activation: "linear", layers: 2, sigmas: [0.02, 0.05, 0.1, 0.2, 0.4, 1] },
  "relu, 2 layers": { activation: "relu", layers: 1, sigmas: [0.003, 0.01, 0.03, 0.1, 0.3, 1] },
  "tanh, 3 layers": { activation: "tanh", layers: 2, sigmas: [0.02, 0.05, 0.1, 0.2, 0.4, 1] },
} as const;

/** From here down times are compared with the theory of small weights. */
export const SMALL = 0.1;

const [EXAMPLES, INPUTS, TESTS] = [10, 20, 50];
const RATE = 0.05;
/** Looks at the kernel along training. */
const LOOKS = 150;
/** The loss has moved when it has lost this share. */
const MOVED = 0.05;

export interface AlignedTraining {
  readonly network: string;
  readonly sigma: number;
  readonly whitened: boolean;
  /** Of those that are drawn. */
  readonly along?: {
    readonly times: readonly number[];
    readonly alignments: readonly number[];
    /** Relative to the first. */
    readonly losses: readonly number[];
    /** |K_t| / |K_T|. */
    readonly norms: readonly number[];
  };
  /** Alignment at the start, when the loss has lost 5 %, and at the end. */
  readonly start: number;
  readonly moved: number;
  readonly end: number;
  /** Size of the kernel, of its end, when the loss has lost 5 %. */
  readonly normMoved: number;
  /** Time at which half of the alignment's rise is over (t_1), and half of the loss gone (t_2). */
  readonly aligned: number;
  readonly half: number;
  /** |f_T - K_T(., X) K_T^-1 y| / |f_T| on test points. */
  readonly missed: number;
}

/** (A then - A at the start) / (A at the end - A at the start); 1 where it is above its end already. */
export const shareAligned = ({ start, moved, end }: AlignedTraining): number =>
  moved >= end ? 1 : (moved - start) / (end - start);

/** Rows made orthogonal, each of length sqrt(rows): X X^T / N = I (Gram and Schmidt). */
function whiten({ data, shape: [count, width] }: Tensor<"float64">): void {
  for (let n = 0; n < count; n++) {
    const row = data.subarray(n * width, (n + 1) * width);
    for (let m = 0; m < n; m++) {
      const other = data.subarray(m * width, (m + 1) * width);
      const share = row.reduce((total, value, d) => total + value * other[d], 0) / count;
      for (let d = 0; d < width; d++) row[d] -= share * other[d];
    }
    const length = Math.sqrt(row.reduce((total, value) => total + value * value, 0) / count);
    for (let d = 0; d < width; d++) row[d] /= length;
  }
}

/** A linear target; variances of inputs add up to N in either case, and |X^T y| / N = 1. */
function alignedData(whitened: boolean, seed: number): Dataset {
  const random = randomFrom(seed, "aligned data");
  const variances = Array.from({ length: INPUTS }, (_, d) => (whitened ? 1 : 1 / (d + 1)));
  const sum = variances.reduce((total, value) => total + value, 0);
  const points = (count: number): Tensor<"float64"> => {
    const x = normals(random, [count, INPUTS]);
    for (let k = 0; k < x.data.length; k++) x.data[k] *= Math.sqrt((EXAMPLES * variances[k % INPUTS]) / sum);
    return x;
  };
  const [train, test] = [points(EXAMPLES), points(TESTS)];
  if (whitened) whiten(train);
  const direction = normals(random, [INPUTS]).data;
  const valuesAt = ({ data, shape: [count] }: Tensor<"float64">): number[] =>
    Array.from({ length: count }, (_, n) =>
      direction.reduce((total, value, d) => total + value * data[n * INPUTS + d], 0),
    );
  const y = valuesAt(train);
  const pulled = direction.map((_, d) => y.reduce((total, value, n) => total + value * train.data[n * INPUTS + d], 0));
  const s = Math.sqrt(pulled.reduce((total, value) => total + value * value, 0)) / EXAMPLES;
  const scaled = (values: readonly number[]): number[] => values.map((value) => value / s);
  return regression(train, scaled(y), { x: test, y: scaled(valuesAt(test)) });
}

const lengthOf = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((total, value) => total + value * value, 0));

export interface AlignedTrainingOptions {
  readonly network: keyof typeof networks;
  readonly sigma: number;
  readonly whitened: boolean;
  readonly width: number;
  readonly steps: number;
  /** Whether to keep what lies between start and end. */
  readonly drawn: boolean;
}

export async function trainAligned(
  { network, sigma, whitened, width, steps, drawn }: AlignedTrainingOptions,
  { seed, engine, signal }: MeasureContext,
): Promise<AlignedTraining> {
  const { activation, layers } = networks[network];
  const dataset = alignedData(whitened, seed);
  const { train, test } = dataset;
  const { task, params } = seededTask({
    engine: await engine("float64"),
    model: homogeneous({ inputShape: [INPUTS], hidden: Array(layers).fill(width), activation, sigma }),
    loss: lossOf("half-mse"),
    optimizer: createOptimizer("gd", { lr: RATE }),
    dataset,
    seed,
  });
  const batches = [...fullBatches(EXAMPLES, steps)];
  const run = await trainInMemory(task, { params, batches, stopGradientNorm: 1e-4, checkpointEvery: 2, signal });
  const taken = run.scalars.length;
  const looks = Math.min(LOOKS, Math.floor(taken / 2));
  const places = Array.from({ length: looks }, (_, k) => 2 * Math.floor((k * taken) / looks / 2)).concat(taken);
  const y = reals([EXAMPLES, 1], train.y.data as Float64Array);
  const [alignments, sizes, losses]: number[][] = [[], [], []];
  for (const place of places) {
    signal.throwIfAborted();
    const w = (await run.checkpoint(place)).params;
    const kernel = await gramMatrix(task, w, train.x, { form: "trace" });
    alignments.push(kernelTargetAlignment(kernel, y) ?? 0);
    sizes.push(lengthOf(kernel.data));
    const outputs = await predict(task, w, train);
    losses.push(lengthOf(outputs.map((value, n) => value - y.data[n])) ** 2);
  }
  const relative = losses.map((value) => value / losses[0]);
  const norms = sizes.map((value) => value / sizes[sizes.length - 1]);
  const times = places.map((place) => RATE * place);
  const fell = relative.findIndex((value) => value <= 1 - MOVED);
  const [start, end] = [alignments[0], alignments[alignments.length - 1]];
  const trained = (await run.checkpoint(taken)).params;
  const machine = await kernelRidge(task, trained, train.x, y, { prior: "zero", maxJitter: 1e-8 });
  const regressed = (await evaluateMachine(machine, test.x)).value.data;
  const outputs = await predict(task, trained, test);
  return {
    network,
    sigma,
    whitened,
    ...(drawn && { along: { times, alignments, losses: relative, norms } }),
    start,
    moved: alignments[fell],
    end,
    normMoved: norms[fell],
    aligned: crossing(times, alignments, (start + end) / 2),
    half: crossing(times, relative, 0.5),
    missed: lengthOf(outputs.map((value, q) => value - regressed[q])) / lengthOf(outputs),
  };
}

// Random features: of a Gaussian kernel of inputs (Rahimi and Recht 2007), and of a tangent kernel, its Jacobians in random directions.

import { viewsOf } from "../numeric/layout.ts";
import { timesTransposed } from "../numeric/linear-algebra/rectangular.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { type Random, randomFrom } from "../numeric/random.ts";
import { allocate, type RealArray, reals, sizeOf, type Tensor } from "../numeric/tensor.ts";
import { examplesOf } from "../train/examples.ts";
import { pushGraph, TANGENT } from "./derivative-graphs.ts";
import {
  type ApproximationOptions,
  type FeatureKernel,
  featureKernel,
  type KernelFamily,
  requireCount,
} from "./feature-kernel.ts";
import { cachedGraph } from "./graph-cache.ts";
import { gaussian } from "./input-kernels.ts";
import { inputMachineKernel, type MachineKernelCall, tangentMachineKernel } from "./machine-kernel.ts";
import type { KernelModel } from "./types.ts";

export interface FourierOptions extends ApproximationOptions {
  /** gamma of exp(-gamma |x - x'|^2). */
  readonly gamma: number;
  /** Random frequencies; each gives two features, a cosine and a sine. */
  readonly frequencies: number;
}

/** Of the bound on every pair at once. */
const CONFIDENCE = 0.99;

/**
 * The Gaussian kernel exp(-gamma |x - x'|^2) by D random frequencies w ~ N(0, 2 gamma I):
 *
 *     phi(x) = D^(-1/2) (cos w_j . x, sin w_j . x)
 *
 * K~ is a mean of D cosines whose expectation is K, so by Hoeffding no pair of the N points is off by more than sqrt(2 log(N (N - 1) / 0.01) / D) with
 * probability 0.99: `error.bound`. K~(x, x) = 1 exactly. Cost: 2 N d D operations for inputs of d numbers. Memory: (N, 2 D).
 *
 * @see Rahimi and Recht 2007, Random features for large-scale kernel machines
 */
export async function fourierKernel(
  points: Tensor,
  { gamma, frequencies, ...options }: FourierOptions,
): Promise<FeatureKernel> {
  const where = "fourierKernel";
  requireCount(where, "frequencies", frequencies);
  if (!(gamma > 0 && gamma < Number.POSITIVE_INFINITY))
    throw new RangeError(`${where}: gamma must be a number > 0, got ${gamma}`);
  const [examples, ...rest] = points.shape;
  const d = sizeOf(rest);
  const random = randomFrom(options.seed ?? 0, "frequencies");
  const scale = Math.sqrt(2 * gamma);
  const w = reals(
    [frequencies, d],
    Float64Array.from({ length: frequencies * d }, () => scale * random.normal()),
  );
  const features = async (xs: Tensor): Promise<Matrix> => {
    const angles = timesTransposed(reals([xs.shape[0], d], xs.data as RealArray), w);
    const to = new Float64Array(2 * angles.data.length);
    const height = 1 / Math.sqrt(frequencies);
    angles.data.forEach((angle, at) => {
      const [row, j] = [Math.floor(at / frequencies), at % frequencies];
      to[2 * row * frequencies + j] = height * Math.cos(angle);
      to[(2 * row + 1) * frequencies + j] = height * Math.sin(angle);
    });
    return reals([xs.shape[0], 2 * frequencies], to);
  };
  const name = `Gaussian kernel by ${frequencies} random frequencies`;
  const pairs = Math.max(1, examples * (examples - 1));
  return featureKernel(
    where,
    {
      name,
      points,
      features,
      pointFeatures: await features(points),
      exact: (own) => inputMachineKernel(own, gaussian(gamma), "Gaussian kernel"),
      bound: {
        statement: `with probability ${CONFIDENCE} no pair of points is off by more (Hoeffding, all pairs)`,
        value: Math.sqrt((2 * Math.log(pairs / (1 - CONFIDENCE))) / frequencies),
      },
    },
    options,
  );
}

export interface SketchOptions extends ApproximationOptions {
  /** m: random directions in the space of parameters; C m features. */
  readonly directions: number;
}

const TILE = 256;

/**
 * The trace of a tangent kernel, tr J(x) J(x')^T, from Jacobians in m random directions s of signs:
 *
 *     phi(x) = m^(-1/2) (J(x) s_1, ..., J(x) s_m),    K ~ (J S)(J S)^T
 *
 * one pass in forward mode a direction for all examples, and nothing as long as examples times parameters. Its expectation is K; the standard
 * deviation of an entry is at most sqrt(2 K(x, x) K(x', x') / m), hence `error.bound` for the largest diagonal of the points. No matrix of the kernel is
 * computed: that pays where there are more pairs than directions would be passes.
 *
 * Shapes: directions are drawn anew at each call from the seed: queries meet those of the points. Memory: (N, C m), one direction.
 *
 * @see Johnson and Lindenstrauss 1984; for signs Achlioptas 2003
 */
export async function tangentSketch(
  model: KernelModel,
  params: RealArray,
  points: Tensor,
  { directions, ...options }: SketchOptions,
): Promise<FeatureKernel> {
  const where = "tangentSketch";
  requireCount(where, "directions", directions);
  const { seed = 0, signal, onProgress } = options;
  const features = (xs: Tensor, call: MachineKernelCall = {}): Promise<Matrix> =>
    pushes(model, params, xs, { directions, seed, ...call });
  const exact: KernelFamily = (own) => tangentMachineKernel(model, params, own);
  const call = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const pointFeatures = await features(points, call);
  const largest = (await exact(points).diagonal(points, call)).reduce((most, value) => Math.max(most, value), 0);
  return featureKernel(
    where,
    {
      name: `tangent kernel in ${directions} random directions`,
      points,
      features,
      pointFeatures,
      exact,
      bound: {
        statement: "no entry between points has a larger standard deviation over directions",
        value: largest * Math.sqrt(2 / directions),
      },
    },
    options,
  );
}

interface Pushing extends MachineKernelCall {
  readonly directions: number;
  readonly seed: number;
}

/** m^(-1/2) J(x) s for each direction: (Q, C m). */
async function pushes(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  { directions, seed, signal, onProgress }: Pushing,
): Promise<Matrix> {
  const { engine, layout, outputs } = model;
  const source = examplesOf(model, { x: xs });
  const program = engine.compile(cachedGraph(model, "push", pushGraph));
  const fixed = { ...model.frozen, ...viewsOf(layout, params) };
  const direction = allocate(engine.dtype, layout.size) as RealArray;
  const tangents = viewsOf(layout, direction, TANGENT);
  const [count, width] = [source.count, outputs * directions];
  const to = new Float64Array(count * width);
  for (let k = 0; k < directions; k++) {
    signal?.throwIfAborted();
    drawSigns(direction, randomFrom(seed, k), 1 / Math.sqrt(directions));
    for (let start = 0; start < count; start += TILE) {
      const rows = Int32Array.from({ length: Math.min(TILE, count - start) }, (_, n) => start + n);
      const { products } = await program.run({ ...fixed, ...(await source.feeds(rows)), ...tangents });
      for (let at = 0; at < products.data.length; at++)
        to[(start + Math.floor(at / outputs)) * width + k * outputs + (at % outputs)] = Number(products.data[at]);
    }
    onProgress?.({ stage: "random directions", done: k + 1, total: directions });
  }
  return reals([count, width], to);
}

/** Signs of a size, 32 from each number drawn. */
function drawSigns(to: RealArray, random: Random, size: number): void {
  for (let start = 0; start < to.length; start += 32) {
    const bits = Math.floor(random.uniform() * 2 ** 32);
    const end = Math.min(to.length, start + 32);
    for (let i = start; i < end; i++) to[i] = (bits >>> (i - start)) & 1 ? size : -size;
  }
}

// Nearest neighbours over any kernel, as a kernel machine whose kernel is 1/k where a point is among the k nearest of a query.

import { identityLink, type KernelMachine, zeroPrior } from "../kernels/kernel-machine.ts";
import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import { reals, type Tensor } from "../numeric/tensor.ts";
import { type DistanceMeasure, distancesTo, type Nearest, nearest } from "./nearest.ts";
import { areClasses, classTargets, valueTargets } from "./targets.ts";

export interface NearestNeighboursOptions extends MachineKernelCall {
  /** Default 1. */
  readonly k?: number;
  /** Default `kernel`. */
  readonly measure?: DistanceMeasure;
}

export interface NearestNeighbours extends KernelMachine {
  readonly k: number;
  /** The classes of the outputs (C), ascending; none of a regression. */
  readonly classes: readonly number[];
  /** The k nearest points of queries. */
  readonly neighbours: (queries: Tensor) => Promise<Nearest>;
}

/**
 * The mean over the k nearest points of each query,
 *
 *     y(x) = sum_i K(x, x_i) a_i,    K(x, x_i) = 1/k where x_i is one of the k nearest of x, else 0
 *
 * a_i is the point's target (N, C): numbers, or of integers (N) a one in the place of the class, so that outputs are the shares of the classes and the
 * largest wins (the lower class of equal ones). A point is its own nearest neighbour. Ties go to the lower index.
 *
 * Cost: K(x_i, x_i) here; a kernel between queries and points at evaluation.
 * Errors: RangeError for what does not fit; InvalidDataError for numbers that are not finite.
 */
export async function nearestNeighbours(
  kernel: MachineKernel,
  targets: Tensor,
  { k = 1, measure = "kernel", ...call }: NearestNeighboursOptions = {},
): Promise<NearestNeighbours> {
  const where = "nearestNeighbours";
  const [n] = kernel.points.shape;
  if (!(Number.isSafeInteger(k) && k >= 1 && k <= n))
    throw new RangeError(`${where}: k must be a whole number from 1 to the ${n} points, got ${k}`);
  const { classes, coefficients } = coefficientsOf(where, targets, n);
  const distances = await distancesTo(kernel, measure, call);
  const neighbours = async (queries: Tensor) => nearest(await distances(queries), k);
  return {
    name: `${k} nearest by the ${measure === "euclidean" ? "inputs" : kernel.name}`,
    outputs: coefficients.shape[1],
    points: kernel.points,
    kernel: async (queries) => {
      const { indices } = await neighbours(queries);
      const [count] = queries.shape;
      const data = new Float64Array(count * n);
      for (const [at, i] of indices.data.entries()) data[Math.floor(at / k) * n + i] = 1 / k;
      return reals([count, n], data);
    },
    coefficients,
    prior: zeroPrior(coefficients.shape[1]),
    link: identityLink,
    k,
    classes,
    neighbours,
  };
}

function coefficientsOf(
  where: string,
  targets: Tensor,
  n: number,
): { readonly classes: readonly number[]; readonly coefficients: Tensor<"float64"> } {
  if (!areClasses(targets)) return { classes: [], coefficients: valueTargets(where, targets, n) };
  const { classes, places } = classTargets(where, targets, n);
  const own = new Float64Array(n * classes.length);
  for (const [i, place] of places.entries()) own[i * classes.length + place] = 1;
  return { classes, coefficients: reals([n, classes.length], own) };
}

// Kernels of the inputs themselves, for machines that are no network's: dot products, Gaussians, any function of two points.

import { type RealArray, sizeOf, type Tensor } from "../numeric/tensor.ts";
import type { KernelMachine } from "./kernel-machine.ts";

/** K(x, x') of two points, each as its numbers row-major. */
export type PointKernel = (x: RealArray, point: RealArray) => number;

/** x . x' + offset. The kernel of a linear model with a bias is that with offset 1 (Domingos 2020, section 2). */
export const dotProduct =
  (offset = 0): PointKernel =>
  (x, point) => {
    let total = offset;
    for (let k = 0; k < x.length; k++) total += x[k] * point[k];
    return total;
  };

/** exp(-gamma |x - x'|^2): an RBF unit. */
export const gaussian =
  (gamma: number): PointKernel =>
  (x, point) => {
    let distance = 0;
    for (let k = 0; k < x.length; k++) distance += (x[k] - point[k]) ** 2;
    return Math.exp(-gamma * distance);
  };

/**
 * The kernel of a `KernelMachine` from a function of two points: (Q, N), one number for all outputs. Queries and points must have the same
 * shape behind the first axis only where the function needs it: the units of a hidden layer are points too.
 *
 * Cost: Q N calls.
 */
export function inputKernel(points: Tensor, kernel: PointKernel): KernelMachine["kernel"] {
  const of = rowsOf(points);
  return async (queries) => {
    const data = new Float64Array(queries.shape[0] * of.length);
    for (const [q, x] of rowsOf(queries).entries())
      for (let i = 0; i < of.length; i++) data[q * of.length + i] = kernel(x, of[i]);
    return { dtype: "float64", shape: [queries.shape[0], of.length], data };
  };
}

/** The numbers of each point, row-major, as views. */
export function rowsOf({ shape: [count, ...rest], data }: Tensor): RealArray[] {
  const size = sizeOf(rest);
  return Array.from({ length: count }, (_, n) => (data as RealArray).subarray(n * size, (n + 1) * size));
}

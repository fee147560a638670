// A kernel whose numbers at its points and at some queries are computed once, for several machines over it.

import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import type { Tensor } from "../numeric/tensor.ts";

export interface ComputedKernel extends MachineKernel {
  /** What it was divided by: the mean squared distance of its points from their mean. Mean K(x_i, x_i) where that is rounding; 1 of a kernel that is zero. */
  readonly unit: number;
}

/**
 * Kernel and queries computed here, each once, divided by the spread of the points in the kernel's space, (sum_i K_ii / N) - (sum_ij K_ij / N^2): ridges and
 * costs are then in one unit for all kernels. What all points share, most of a tangent kernel, says nothing apart from a bias, and does not count.
 *
 * Memory: (N, N) and (Q, N), and a copy of the first for each machine while it is solved for.
 */
export async function computedKernel(
  kernel: MachineKernel,
  queries: Tensor,
  call: MachineKernelCall = {},
): Promise<ComputedKernel> {
  const { points } = kernel;
  const [n] = points.shape;
  const [matrix, between] = [await kernel.matrix(call), await kernel.between(queries, call)];
  const unit = unitOf(matrix);
  for (const { data } of [matrix, between]) for (let at = 0; at < data.length; at++) data[at] /= unit;
  const scaled = async (of: Promise<Matrix>): Promise<Matrix> => {
    const { data, ...own } = await of;
    return { ...own, data: data.map((value) => value / unit) };
  };
  return {
    name: kernel.name,
    points,
    unit,
    matrix: async () => ({ ...matrix, data: matrix.data.slice() }),
    between: async (xs, own) => (xs === queries ? between : xs === points ? matrix : scaled(kernel.between(xs, own))),
    diagonal: async (xs, own) => {
      if (xs === points) return Float64Array.from({ length: n }, (_, i) => matrix.data[i * n + i]);
      return (await kernel.diagonal(xs, own)).map((value) => value / unit);
    },
  };
}

/** What is left of the diagonal's mean without the mean of all, below which it is rounding of kernels in float32. */
const ROUNDING = 1e-6;

function unitOf({ data, shape: [n] }: Matrix): number {
  let [diagonal, all] = [0, 0];
  for (let i = 0; i < n; i++) diagonal += data[i * n + i] / n;
  for (let at = 0; at < data.length; at++) all += data[at] / n / n;
  if (diagonal - all > ROUNDING * diagonal) return diagonal - all;
  return diagonal > 0 ? diagonal : 1;
}

// A kernel whose numbers at its points and at some queries are computed once, for several machines over it.

import type { MachineKernel, MachineKernelCall } from "../kernels/machine-kernel.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import type { Tensor } from "../numeric/tensor.ts";

export interface ComputedKernel extends MachineKernel {
  /** Mean of K(x_i, x_i): what the units are. 1 of a kernel that is zero. */
  readonly unit: number;
}

/**
 * Kernel and queries computed here, each once, divided by the mean diagonal: ridges and costs are then in units of that mean, the same for all
 * kernels. Memory: (N, N) and (Q, N), and a copy of the first for each machine while it is solved for.
 */
export async function computedKernel(
  kernel: MachineKernel,
  queries: Tensor,
  call: MachineKernelCall = {},
): Promise<ComputedKernel> {
  const { points } = kernel;
  const [n] = points.shape;
  const [matrix, between] = [await kernel.matrix(call), await kernel.between(queries, call)];
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix.data[i * n + i] / n;
  const unit = trace > 0 ? trace : 1;
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

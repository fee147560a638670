// A kernel over fixed points as machines are solved for over it: one number a pair, whatever it is computed from.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, type Tensor } from "../numeric/tensor.ts";
import { gramMatrix } from "./gram-matrix.ts";
import { inputKernel, type PointKernel } from "./input-kernels.ts";
import { selfKernel } from "./self-kernel.ts";
import { type TangentKernelOptions, tangentKernel } from "./tangent-kernel.ts";
import type { KernelModel } from "./types.ts";

export interface MachineKernelCall extends Pick<TangentKernelOptions, "signal" | "onProgress"> {}

/** A symmetric positive semidefinite kernel between N fixed points, and between any queries and them. */
export interface MachineKernel {
  /** What it is, in a few words. */
  readonly name: string;
  /** x_i: (N, ...). */
  readonly points: Tensor;
  /** K(x_i, x_j): (N, N), an array of the caller's own, since machines decompose it where it lies. */
  readonly matrix: (call?: MachineKernelCall) => Promise<Matrix>;
  /** K(x, x_i) of queries (Q, ...): (Q, N). */
  readonly between: (queries: Tensor, call?: MachineKernelCall) => Promise<Matrix>;
  /** K(x, x) of queries (Q, ...): (Q). */
  readonly diagonal: (queries: Tensor, call?: MachineKernelCall) => Promise<Float64Array>;
}

const float64 = ({ shape, data }: Tensor): Matrix => reals([shape[0], shape[1]], data as RealArray);

export interface TangentMachineKernelOptions extends Pick<TangentKernelOptions, "algorithm" | "memoryBudget" | "tile"> {
  /** Default: `tangent kernel`. */
  readonly name?: string;
}

/**
 * The trace of the tangent kernel at `params`, tr J(x) J(x')^T, over `points`.
 *
 * Cost: that of `tangentKernel` at each call; nothing is kept.
 */
export function tangentMachineKernel(
  model: KernelModel,
  params: RealArray,
  points: Tensor,
  { name = "tangent kernel", ...options }: TangentMachineKernelOptions = {},
): MachineKernel {
  return {
    name,
    points,
    matrix: (call) => gramMatrix(model, params, points, { ...options, ...call, form: "trace" }),
    between: async (queries, call) =>
      float64((await tangentKernel(model, params, queries, points, { ...options, ...call, form: "trace" })).kernel),
    diagonal: (queries, call) => selfKernel(model, params, queries, { ...options, ...call }),
  };
}

/** A function of two points as a machine's kernel. Cost: a call for each pair. */
export function inputMachineKernel(points: Tensor, kernel: PointKernel, name: string): MachineKernel {
  const between = inputKernel(points, kernel);
  const rowOf = ({ shape: [count], data }: Tensor, n: number): RealArray =>
    (data as RealArray).subarray((n * data.length) / count, ((n + 1) * data.length) / count);
  return {
    name,
    points,
    matrix: async () => float64(await between(points)),
    between: async (queries) => float64(await between(queries)),
    diagonal: async (queries) =>
      Float64Array.from({ length: queries.shape[0] }, (_, q) => kernel(rowOf(queries, q), rowOf(queries, q))),
  };
}

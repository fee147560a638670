// A kernel over fixed points as machines are solved for over it: one number a pair, whatever it is computed from.

import type { Product } from "../numeric/linear-algebra/conjugate-gradients.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { type RealArray, reals, sliceRows, type Tensor } from "../numeric/tensor.ts";
import { gramMatrix } from "./gram-matrix.ts";
import { inputKernel, type PointKernel, rowsOf } from "./input-kernels.ts";
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

/** K(x, x) of each query, tile by tile, without the pairs between: (Q). */
async function selfKernel(
  model: KernelModel,
  params: RealArray,
  queries: Tensor,
  options: Omit<TangentKernelOptions, "form">,
): Promise<Float64Array> {
  // One at a time: the pairs of a tile with itself would cost its length.
  const [count, ...rest] = queries.shape;
  const size = rest.reduce((product, axis) => product * axis, 1);
  const values = new Float64Array(count);
  for (let q = 0; q < count; q++) {
    const data = (queries.data as RealArray).subarray(q * size, (q + 1) * size);
    const own = { dtype: queries.dtype, shape: [1, ...rest], data } as Tensor;
    values[q] = Number(
      (await tangentKernel(model, params, own, undefined, { ...options, form: "trace" })).kernel.data[0],
    );
  }
  return values;
}

/** A symmetric function of two points as a machine's kernel. Cost: a call for each pair, one for a pair and its mirror image. */
export function inputMachineKernel(points: Tensor, kernel: PointKernel, name: string): MachineKernel {
  const between = inputKernel(points, kernel);
  const own = rowsOf(points);
  return {
    name,
    points,
    matrix: async () => {
      const n = own.length;
      const data = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++) {
          data[i * n + j] = kernel(own[i], own[j]);
          data[j * n + i] = data[i * n + j];
        }
      return { dtype: "float64", shape: [n, n], data };
    },
    between: async (queries) => float64(await between(queries)),
    diagonal: async (queries) => Float64Array.from(rowsOf(queries), (x) => kernel(x, x)),
  };
}

/**
 * Rows of the matrix, `rows` (default 256) at a time, from the first to the last, so that none needs (N, N) in memory: for sums, and for
 * products with vectors. Memory: those rows, and what `between` needs.
 */
export async function eachKernelRows(
  { points, between }: MachineKernel,
  visit: (block: Matrix, start: number) => void | Promise<void>,
  { rows = 256, ...call }: MachineKernelCall & { readonly rows?: number } = {},
): Promise<void> {
  if (!(Number.isSafeInteger(rows) && rows >= 1))
    throw new RangeError(`eachKernelRows: rows must be a whole number >= 1, got ${rows}`);
  const [n] = points.shape;
  for (let start = 0; start < n; start += rows) {
    call.signal?.throwIfAborted();
    await visit(await between(sliceRows(points, start, Math.min(n, start + rows)), call), start);
  }
}

/**
 * v -> K v by rows of the matrix, for `conjugateGradients` and `lanczos` where (N, N) is more than memory allows. Every product computes or reads
 * the whole kernel again.
 */
export function machineKernelProduct(
  kernel: MachineKernel,
  options: MachineKernelCall & { readonly rows?: number } = {},
): Product {
  return async (v) => {
    const image = new Float64Array(v.length);
    const block = ({ data, shape: [rows, n] }: Matrix, start: number): void => {
      for (let r = 0; r < rows; r++) {
        let total = 0;
        for (let i = 0, at = r * n; i < n; i++, at++) total += data[at] * v[i];
        image[start + r] = total;
      }
    };
    await eachKernelRows(kernel, block, options);
    return image;
  };
}

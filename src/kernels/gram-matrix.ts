// A tangent kernel of examples against themselves as one symmetric float64 matrix: each tile is converted into it as it comes.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import type { KernelTile } from "./sink.ts";
import { streamTangentKernel, type TangentKernelOptions } from "./tangent-kernel.ts";
import type { KernelModel } from "./types.ts";

/** The forms that are one matrix: (N, N), or (N C, N C) for blocks, whose rows are pairs of example and output. */
export const matrixForms = ["trace", "readout", "blocks"] as const;
export type MatrixForm = (typeof matrixForms)[number];

/** Rows of the matrix. */
export const orderOf = ({ outputs }: Pick<KernelModel, "outputs">, form: MatrixForm, examples: number): number =>
  form === "blocks" ? examples * outputs : examples;

export interface GramMatrixOptions
  extends Pick<TangentKernelOptions, "weights" | "algorithm" | "memoryBudget" | "tile" | "signal" | "onProgress"> {
  readonly form: MatrixForm;
  /** Coefficients (N, C) for the form `readout`. */
  readonly readouts?: Tensor | undefined;
}

/**
 * Hands on the entries of a tile that are on or below the diagonal of the whole matrix, `c` rows an example. With the mirror images of all
 * tiles these are half of it, the other half being the same to the last bit, which a tile's pairs with itself need not be.
 */
function lowerEntries(
  { row, column, kernel: { shape, data } }: KernelTile,
  c: number,
  visit: (r: number, s: number, value: number) => void,
): void {
  const [n, m] = shape;
  const entries = data as RealArray;
  for (let i = 0, from = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < c; l++, from++) {
          const [r, s] = [(row + i) * c + k, (column + j) * c + l];
          if (r >= s) visit(r, s, entries[from]);
        }
}

/** Streams the kernel of examples against themselves by such entries. Memory: `memoryBudget`. */
export async function streamEntries(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  { form, readouts, ...options }: GramMatrixOptions,
  visit: (r: number, s: number, value: number) => void,
): Promise<void> {
  const c = form === "blocks" ? model.outputs : 1;
  await streamTangentKernel(model, params, xs, undefined, {
    ...options,
    form,
    ...(readouts && { readouts: [readouts] as const }),
    sink: (tile) => lowerEntries(tile, c, visit),
  });
}

/** The matrix of a kernel in float64, whatever the engine's dtype. Memory: the matrix, and `memoryBudget`. */
export async function gramMatrix(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  options: GramMatrixOptions,
): Promise<Matrix> {
  const order = orderOf(model, options.form, xs.shape[0]);
  const data = new Float64Array(order * order);
  await streamEntries(model, params, xs, options, (r, s, value) => {
    data[s * order + r] = value;
    data[r * order + s] = value;
  });
  return { dtype: "float64", shape: [order, order], data };
}

// A tangent kernel of examples against themselves as one symmetric float64 matrix: each tile is converted into it as it comes.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
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

/** The matrix of a kernel in float64, whatever the engine's dtype. Memory: the matrix, and `memoryBudget`. */
export async function gramMatrix(
  model: KernelModel,
  params: RealArray,
  xs: Tensor,
  { form, readouts, ...options }: GramMatrixOptions,
): Promise<Matrix> {
  const order = orderOf(model, form, xs.shape[0]);
  const data = new Float64Array(order * order);
  const c = form === "blocks" ? model.outputs : 1;
  await streamTangentKernel(model, params, xs, undefined, {
    ...options,
    form,
    ...(readouts && { readouts: [readouts] as const }),
    sink({ row, column, kernel }) {
      const [n, m] = kernel.shape;
      const entries = kernel.data as RealArray;
      for (let i = 0, from = 0; i < n; i++)
        for (let j = 0; j < m; j++)
          for (let k = 0; k < c; k++)
            for (let l = 0; l < c; l++, from++)
              data[((row + i) * c + k) * order + (column + j) * c + l] = entries[from];
    },
  });
  return { dtype: "float64", shape: [order, order], data };
}

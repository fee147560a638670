// The matrix of a kernel in the forms that are one, by the reference and laid out the slow way; subjects whose matrices are solved.

import type { MatrixForm } from "../../src/kernels/gram-matrix.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import type { RealArray, Tensor } from "../../src/numeric/tensor.ts";
import { type KernelSubject, readoutsFor, smallKernel, subjectOf } from "./kernels.ts";
import { matrixOf } from "./matrices.ts";
import { squaredWeightsTask } from "./squared-weights.ts";

/** Options for a form: coefficients for `readout`, nothing for the others. */
export function formOptions(form: MatrixForm, own: KernelSubject): { form: MatrixForm; readouts?: Tensor } {
  const { readouts } = readoutsFor(form, own);
  return readouts ? { form, readouts: readouts[0] } : { form };
}

/** K (N, N), or (N C, N C) with row n C + c. */
export async function kernelMatrix(
  own: KernelSubject,
  { form, readouts }: { form: MatrixForm; readouts?: Tensor },
  weights?: Float64Array,
): Promise<Matrix> {
  const { task, params, xs } = own;
  const { kernel } = await tangentKernel(task, params, xs, undefined, {
    form,
    algorithm: "jacobian-contraction",
    ...(readouts && { readouts: [readouts] as const }),
    ...(weights && { weights }),
  });
  const [n, c, data] = [xs.shape[0], form === "blocks" ? task.outputs : 1, kernel.data as RealArray];
  return matrixOf(n * c, n * c, (row, column) => {
    const [i, j] = [Math.floor(row / c), Math.floor(column / c)];
    return data[((i * n + j) * c + (row % c)) * c + (column % c)];
  });
}

/** Five examples and three outputs each. */
export const matrixSubjects: readonly (readonly [string, () => Promise<KernelSubject>])[] = [
  ["a tanh network", () => smallKernel()],
  ["a convolutional network", () => smallKernel({ model: "cnn" })],
  ["a network without factored forms", async () => subjectOf(await squaredWeightsTask({ loss: "cross-entropy" }))],
];

/** Every way to a solution or a spectrum. */
export const matrixWays = [
  { method: "dense" },
  { method: "iterative", products: "passes" },
  { method: "iterative", products: "tiles" },
] as const;

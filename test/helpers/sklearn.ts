// The two kernels of the fixture of scikit-learn, as machines take them: computed here, and as their numbers were written.

import { gaussian } from "../../src/kernels/input-kernels.ts";
import { inputMachineKernel, type MachineKernel, tangentMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { precomputedMachineKernel } from "../../src/kernels/precomputed-kernel.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { mlp } from "../../src/models/mlp.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { readFixture } from "./fixtures.ts";
import { modelTask } from "./model-task.ts";

export const sklearn = readFixture("sklearn");
export const sklearnKernels = ["rbf", "tangent"] as const;
export type SklearnKernel = (typeof sklearnKernels)[number];

/** The numbers of the fixture; queries are rows from `count` on. */
export function precomputed(name: SklearnKernel): { readonly kernel: MachineKernel; readonly queries: Tensor } {
  const [matrix, queries] = [sklearn.real(`${name}.kernel`), sklearn.real(`${name}.ofQueries`)];
  const rows = queries.data.length / matrix.shape[0];
  return {
    kernel: precomputedMachineKernel(matrix, { queries }),
    queries: reals(
      [rows, 1],
      Array.from({ length: rows }, (_, q) => matrix.shape[0] + q),
    ),
  };
}

/** The same kernel, computed by this library from points. */
export async function computed(
  name: SklearnKernel,
): Promise<{ readonly kernel: MachineKernel; readonly queries: Tensor }> {
  const [x, queries] = [sklearn.real("x"), sklearn.real("queries")];
  if (name === "rbf") return { kernel: inputMachineKernel(x, gaussian(sklearn.description.gamma), "RBF"), queries };
  const model = mlp({ inputShape: [3], outputs: 2, hidden: [6], activation: "tanh" });
  const params = sklearn.real("params").data;
  const { task } = await modelTask({ model, loss: lossOf("mse"), x, y: sklearn.real("values"), params });
  return { kernel: tangentMachineKernel(task, params, x), queries };
}

/** C of a cost of the fixture. */
export function costOf(name: SklearnKernel, cost: number): number {
  const { data, shape } = sklearn.real(`${name}.kernel`);
  const [n] = shape;
  return cost / (Array.from({ length: n }, (_, i) => data[i * n + i]).reduce((a, b) => a + b) / n);
}

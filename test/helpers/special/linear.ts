// What linear and deep linear models make of the theorem, as numbers: for their tests and the theory's table.

import { explain } from "../../../src/explain/explain.ts";
import { inputQueries } from "../../../src/explain/queries.ts";
import { dotProduct, inputKernel } from "../../../src/kernels/input-kernels.ts";
import { pathKernel } from "../../../src/kernels/path-kernel.ts";
import { lossOf } from "../../../src/losses/registry.ts";
import { mlp } from "../../../src/models/mlp.ts";
import { randomFrom } from "../../../src/numeric/random.ts";
import type { RealArray, Tensor } from "../../../src/numeric/tensor.ts";
import { fullBatches, shuffledBatches } from "../../../src/train/batches.ts";
import { trainInMemory } from "../../../src/train/memory-training.ts";
import { largest } from "../kernels.ts";
import { modelTask, normals, relative } from "../model-task.ts";
import { smallTask } from "../tasks.ts";

/** Linear model, three classes, minibatches: max |K^p - (sum eta c) (x . x' + 1) I| relative to the largest (001-16). */
export async function dotProductPath(): Promise<number> {
  const { task, params } = await smallTask({ hidden: [], loss: "cross-entropy", examples: 10 });
  const batches = [...shuffledBatches({ examples: 10, batchSize: 4, steps: 12 }, randomFrom(1, "batches"))];
  const run = await trainInMemory(task, { params, batches });
  const { train, test } = task.dataset;
  const { unweighted } = await pathKernel(task, run, test.x);
  const dots = (await inputKernel(train.x, dotProduct(1))(test.x)).data as RealArray;
  const counts = new Float64Array(10);
  batches.forEach(({ indices, weights }, s) => {
    indices.forEach((i, n) => {
      counts[i] += run.scalars[s].stepSize * weights[n];
    });
  });
  const expected = unweighted.data.map((_, k) => {
    const [pair, c, d] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
    return c === d ? counts[pair % 10] * dots[pair] : 0;
  });
  return relative(unweighted.data, expected);
}

/** Depth L of linear layers, momentum: max |residual| / max |f_N - f_0| by rule (theory 1.3, 2.3). */
export async function deepLinear(depth: number, rules: readonly string[]): Promise<Record<string, number>> {
  const model = mlp({ inputShape: [2], outputs: 1, hidden: new Array(depth - 1).fill(4), activation: "linear" });
  const { task, params } = await modelTask({
    model,
    loss: lossOf("half-mse"),
    x: normals([8, 2], "deep linear"),
    y: normals([8, 1], "deep linear targets"),
    queries: normals([3, 2], "deep linear queries"),
    optimizer: { name: "momentum", options: { lr: 0.1 } },
    // Deep linear layers of the usual start shrink their input; this one moves.
    seed: 3,
  });
  const w = params.map((value) => 1.5 * value) as RealArray;
  const run = await trainInMemory(task, { params: w, batches: [...fullBatches(8, 8)] });
  const queries = inputQueries(task, task.dataset.test.x, { name: "queries" });
  const found: Record<string, number> = {};
  for (const rule of rules) {
    const { residual, residualByStep, scale } = await explain(task, run, { queries, rule, readout: "output:0" });
    found[rule] = Math.max(largest(residual), largest(residualByStep)) / scale;
  }
  return found;
}

export interface LinearProblem {
  readonly x: Tensor<"float64">;
  readonly y: Tensor<"float64">;
  readonly queries: Tensor<"float64">;
}

/** (x, 1) of every row. */
export function withOnes({ data, shape: [n, d] }: Tensor): number[][] {
  return Array.from({ length: n }, (_, i) => [...Array.from({ length: d }, (_, k) => Number(data[i * d + k])), 1]);
}

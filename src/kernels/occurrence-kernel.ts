// The tangent kernel between queries as they are evaluated and occurrences as they were trained, each by its own masks.

import type { RealArray } from "../numeric/tensor.ts";
import { sizeOf, type Tensor } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { examplesOf } from "../train/examples.ts";
import { occurrenceInputs } from "../train/occurrences.ts";
import type { Task } from "../train/task.ts";
import { jacobianContraction } from "./jacobian-contraction.ts";

/**
 * J(x; w) J(x_n, m_n; v)^T for queries x and the occurrences n of a batch with their masks m_n, (Q, B, C, C); v is w unless given. Where training is
 * random the two sides are two functions. Cost: a reverse pass for each output of each query and occurrence, and 2 Q B C^2 p on the host.
 */
export function occurrenceKernel(
  task: Task,
  xs: Tensor,
  signal: AbortSignal | undefined,
): (params: RealArray, batch: Batch, params2?: RealArray) => Promise<Tensor> {
  const algorithmOf = (split: Task["split"]) =>
    jacobianContraction({ model: { ...task, split }, form: "blocks", weighted: false }, { tile: 1, run: 1, signal });
  const [evaluated, trained] = [algorithmOf(task.split), algorithmOf(task.training)];
  const source = examplesOf(task, { x: xs });
  const inputs = occurrenceInputs(task);
  const all = Int32Array.from({ length: source.count }, (_, q) => q);
  return async (params, batch, params2 = params) => {
    const count = batch.indices.length;
    const queries = await evaluated.prepare({ params, feeds: await source.feeds(all), count: source.count });
    const occurrences = await trained.prepare({ params: params2, feeds: await inputs(batch), count });
    const shape = [source.count, count, task.outputs, task.outputs];
    const data = (await evaluated.pair(queries, occurrences)) as Float64Array;
    if (data.length !== sizeOf(shape)) throw new Error("internal: a kernel must have a block for each pair");
    return { dtype: "float64", shape, data };
  };
}

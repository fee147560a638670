// How a loss pulls on the outputs of a batch: c_n dl_n/dy, the l' of the path kernel.

import { vjp } from "../differentiate/reverse.ts";
import { fullLike } from "../graph/ops.ts";
import { viewsOf } from "../numeric/layout.ts";
import { type RealArray, reals, toReal } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { examplesOf } from "../train/examples.ts";
import { objectiveOf, TARGET, WEIGHTS } from "../train/gradient-graph.ts";
import { type Task, targetsOf } from "../train/task.ts";

/** Gives c_n dl_n/dy at `params` for each occurrence of a batch, (B, C). Cost: a forward pass. */
export function outputPulls(task: Task): (params: RealArray, batch: Batch) => Promise<RealArray> {
  const { split, loss, layout, engine, dataset, frozen } = task;
  const { b, y, losses, weights } = objectiveOf(split.head, loss);
  const [pulls] = vjp(b, [{ value: losses, cotangent: weights }], [y]);
  const program = engine.compile(b.build({ pulls: pulls ?? fullLike(b, y, 0) }));
  const source = examplesOf(task, dataset.train);
  return async (params, { indices, weights: counts }) => {
    const feeds = {
      ...frozen,
      ...viewsOf(layout, params),
      ...(await source.feeds(indices)),
      [TARGET]: targetsOf(task, dataset.train, indices),
      [WEIGHTS]: toReal(reals([indices.length], counts), engine.dtype),
    };
    return (await program.run(feeds)).pulls.data as RealArray;
  };
}

// How a loss pulls on the outputs of a batch: c_n dl_n/dy, the l' of the path kernel.

import { vjp } from "../differentiate/reverse.ts";
import { fullLike } from "../graph/ops.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { objectiveOf } from "../train/gradient-graph.ts";
import { occurrenceFeeds } from "../train/occurrences.ts";
import type { Task } from "../train/task.ts";

/** Gives c_n dl_n/dy at `params` for each occurrence of a batch, (B, C). Cost: a forward pass. */
export function outputPulls(task: Task): (params: RealArray, batch: Batch) => Promise<RealArray> {
  const { training, loss, layout, engine, frozen } = task;
  const { b, y, losses, weights } = objectiveOf(training.head, loss);
  const [pulls] = vjp(b, [{ value: losses, cotangent: weights }], [y]);
  const program = engine.compile(b.build({ pulls: pulls ?? fullLike(b, y, 0) }));
  const occurrences = occurrenceFeeds(task);
  return async (params, batch) => {
    const feeds = { ...frozen, ...viewsOf(layout, params), ...(await occurrences(batch)) };
    return (await program.run(feeds)).pulls.data as RealArray;
  };
}

// How a loss pulls on the outputs of a batch: c_n dl_n/dy, the l' of the path kernel.

import { vjp } from "../differentiate/reverse.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { fullLike } from "../graph/ops.ts";
import { viewsOf } from "../numeric/layout.ts";
import { type RealArray, reals, type Tensor, toReal } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { objectiveOf, objectiveOn, TARGET, WEIGHTS } from "../train/gradient-graph.ts";
import { lossFeeds, occurrenceFeeds } from "../train/occurrences.ts";
import { type Task, targetsOf } from "../train/task.ts";

/** Gives c_n dl_n/dy at `params` for each occurrence of a batch, (B, C). Cost: a forward pass. */
export function outputPulls(task: Task): (params: RealArray, batch: Batch) => Promise<RealArray> {
  const { training, loss, layout, engine, frozen } = task;
  const { b, y, seeds } = objectiveOf(training.head, loss);
  const [pulls] = vjp(b, seeds(), [y]);
  const program = engine.compile(b.build({ pulls: pulls ?? fullLike(b, y, 0) }));
  const occurrences = occurrenceFeeds(task);
  return async (params, batch) => {
    const feeds = { ...frozen, ...viewsOf(layout, params), ...(await occurrences(batch)) };
    return (await program.run(feeds)).pulls.data as RealArray;
  };
}

/** Gives c_n dl_n/dy at outputs that are given, (B, C), for each occurrence of a batch: (B, C). No model is run. */
export function pullsOfOutputs(task: Task): (outputs: Tensor, batch: Batch) => Promise<RealArray> {
  const { loss, engine, dataset, outputShape } = task;
  const b = new GraphBuilder();
  const y = b.input("y", "real", ["N", ...outputShape]);
  const { seeds } = objectiveOn(b, y, loss);
  const [pulls] = vjp(b, seeds(), [y]);
  const program = engine.compile(b.build({ pulls: pulls ?? fullLike(b, y, 0) }));
  return async ({ data }, batch) => {
    const { indices, weights: counts } = batch;
    const feeds = {
      y: toReal(reals([indices.length, ...outputShape], data as RealArray), engine.dtype),
      [TARGET]: targetsOf(task, dataset.train, indices),
      ...lossFeeds(task, batch),
      [WEIGHTS]: toReal(reals([indices.length], counts), engine.dtype),
    };
    return (await program.run(feeds)).pulls.data as RealArray;
  };
}

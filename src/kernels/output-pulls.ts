// How a loss pulls on the outputs of a batch: c_n dl_n/dy, the l' of the path kernel.

import { vjp } from "../differentiate/reverse.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { fullLike } from "../graph/ops.ts";
import { targetShape } from "../graph/outputs.ts";
import { viewsOf } from "../numeric/layout.ts";
import { type RealArray, reals, type Tensor, toReal } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { objectiveOf, TARGET, WEIGHTS } from "../train/gradient-graph.ts";
import { occurrenceFeeds } from "../train/occurrences.ts";
import { type Task, targetsOf } from "../train/task.ts";

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

/** Gives c_n dl_n/dy at outputs that are given, (B, C), for each occurrence of a batch: (B, C). No model is run. */
export function pullsOfOutputs(task: Task): (outputs: Tensor, batch: Batch) => Promise<RealArray> {
  const { loss, engine, dataset, outputShape } = task;
  const b = new GraphBuilder();
  const y = b.input("y", "real", ["N", ...outputShape]);
  const target = b.input(TARGET, loss.target === "class" ? "int64" : "real", targetShape(y, loss.target));
  const weights = b.input(WEIGHTS, "real", ["N"]);
  const [pulls] = vjp(b, [{ value: loss.value(b, y, target), cotangent: weights }], [y]);
  const program = engine.compile(b.build({ pulls: pulls ?? fullLike(b, y, 0) }));
  return async ({ data }, { indices, weights: counts }) => {
    const feeds = {
      y: toReal(reals([indices.length, ...outputShape], data as RealArray), engine.dtype),
      [TARGET]: targetsOf(task, dataset.train, indices),
      [WEIGHTS]: toReal(reals([indices.length], counts), engine.dtype),
    };
    return (await program.run(feeds)).pulls.data as RealArray;
  };
}

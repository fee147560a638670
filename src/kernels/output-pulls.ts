// How a loss pulls on the outputs of a batch: c_n dl_n/dy, the l' of the path kernel; or of any points, as they are evaluated.

import type { Split } from "../data/types.ts";
import { vjp } from "../differentiate/reverse.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { fullLike } from "../graph/ops.ts";
import { viewsOf } from "../numeric/layout.ts";
import { type RealArray, reals, type Tensor, toReal } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { examplesOf } from "../train/examples.ts";
import { objectiveOf, objectiveOn, TARGET, WEIGHTS } from "../train/gradient-graph.ts";
import { lossFeeds, occurrenceFeeds } from "../train/occurrences.ts";
import { examplesPerTile } from "../train/stepper.ts";
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

/**
 * Gives dl_n/dy of the evaluated model at `params` for all points of a split, (n, C). Cost: a forward pass. RangeError for a loss that reads more, which
 * points have at steps of training only.
 */
export function pullsOfSplit(task: Task, split: Split): (params: RealArray) => Promise<Tensor> {
  const { engine, layout, frozen, loss, outputs } = task;
  if (loss.inputs)
    throw new RangeError(
      `the loss of points must be of outputs and targets alone, got ${loss.name}, which also reads ${Object.keys(loss.inputs).join(", ")}`,
    );
  const { b, y, losses, weights } = objectiveOf(task.split.head, loss);
  const [pulls] = vjp(b, [{ value: losses, cotangent: weights }], [y]);
  const graph = b.build({ pulls: pulls ?? fullLike(b, y, 0) });
  const program = engine.compile(graph);
  const source = examplesOf(task, split);
  const tile = Math.min(1024, examplesPerTile(graph));
  return async (params) => {
    const data = new Float64Array(source.count * outputs);
    for (let start = 0; start < source.count; start += tile) {
      const rows = Int32Array.from({ length: Math.min(tile, source.count - start) }, (_, k) => start + k);
      const feeds = { ...frozen, ...viewsOf(layout, params), ...(await source.feeds(rows)) };
      const ones = toReal(reals([rows.length], new Float64Array(rows.length).fill(1)), engine.dtype);
      const found = await program.run({ ...feeds, [TARGET]: targetsOf(task, split, rows), [WEIGHTS]: ones });
      data.set(found.pulls.data as RealArray, start * outputs);
    }
    return reals([source.count, outputs], data);
  };
}

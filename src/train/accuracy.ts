// How good a trained model is on both parts of its data.

import type { Split } from "../data/types.ts";
import { axesOf, IGNORED } from "../graph/outputs.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { examplesOf } from "./examples.ts";
import { examplesPerTile } from "./stepper.ts";
import type { Task } from "./task.ts";

/** Outputs f(x; w) of a split, tile by tile: (n, C) of the examples from `start` on. */
async function* tilesOf(
  task: Task,
  params: RealArray,
  split: { readonly x: Tensor },
): AsyncGenerator<{ readonly start: number; readonly y: RealArray }> {
  const source = examplesOf(task, split);
  const program = task.engine.compile(task.split.head);
  const tile = Math.min(1024, examplesPerTile(task.split.head));
  for (let start = 0; start < source.count; start += tile) {
    const rows = Int32Array.from({ length: Math.min(tile, source.count - start) }, (_, k) => start + k);
    const { y } = await program.run({ ...task.frozen, ...viewsOf(task.layout, params), ...(await source.feeds(rows)) });
    yield { start, y: y.data as RealArray };
  }
}

/** Outputs f(x; w) of a whole split, (n, C) row-major. */
export async function predict(task: Task, params: RealArray, split: { readonly x: Tensor }): Promise<Float64Array> {
  const outputs = new Float64Array(split.x.shape[0] * task.outputs);
  for await (const { start, y } of tilesOf(task, params, split)) outputs.set(y, start * task.outputs);
  return outputs;
}

/**
 * Class that the outputs name at each position of each row: the largest; for a single output the nearer of its two targets, 0 and 1, or
 * the sign of a logit.
 */
export function classesOf(
  outputs: ArrayLike<number>,
  { outputShape, loss }: Pick<Task, "outputShape" | "loss">,
): Int32Array {
  const { width } = axesOf(outputShape);
  const border = loss.binary ? 0 : 0.5;
  return Int32Array.from({ length: outputs.length / width }, (_, place) => {
    const from = place * width;
    if (width === 1) return outputs[from] > border ? 1 : 0;
    let best = 0;
    for (let k = 1; k < width; k++) if (outputs[from + k] > outputs[from + best]) best = k;
    return best;
  });
}

/**
 * Fraction of a split's labels that are named rightly: of examples, or of all positions that count. NaN where there is none, undefined
 * for regression.
 */
export async function accuracyOf(task: Task, params: RealArray, split: Split): Promise<number | undefined> {
  if (task.dataset.task !== "classification") return undefined;
  const labels = split.y.data as BigInt64Array;
  const { positions } = axesOf(task.outputShape);
  let [right, count] = [0, 0];
  for await (const { start, y } of tilesOf(task, params, split)) {
    classesOf(y, task).forEach((named, k) => {
      const label = Number(labels[start * positions + k]);
      if (label === IGNORED) return;
      count++;
      if (label === named) right++;
    });
  }
  return right / count;
}

// How good a trained model is on both parts of its data.

import type { Split } from "../data/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import { examplesOf } from "./examples.ts";
import { examplesPerTile } from "./stepper.ts";
import type { Task } from "./task.ts";

/** Outputs f(x; w) of a whole split, (n, C) row-major, tile by tile. */
export async function predict(task: Task, params: RealArray, split: Pick<Split, "x">): Promise<Float64Array> {
  const source = examplesOf(task, split);
  const program = task.engine.compile(task.split.head);
  const tile = Math.min(1024, examplesPerTile(task.split.head));
  const outputs = new Float64Array(source.count * task.outputs);
  for (let start = 0; start < source.count; start += tile) {
    const rows = Int32Array.from({ length: Math.min(tile, source.count - start) }, (_, k) => start + k);
    const { y } = await program.run({ ...task.frozen, ...viewsOf(task.layout, params), ...(await source.feeds(rows)) });
    outputs.set(y.data as RealArray, start * task.outputs);
  }
  return outputs;
}

/**
 * Class that each row of outputs names: the largest; for a single output the nearer of its two targets, 0 and 1, or the sign of a
 * logit.
 */
export function classesOf(outputs: Float64Array, { outputs: width, loss }: Pick<Task, "outputs" | "loss">): Int32Array {
  const border = loss.probabilities ? 0 : 0.5;
  return Int32Array.from({ length: outputs.length / width }, (_, n) => {
    if (width === 1) return outputs[n] > border ? 1 : 0;
    const row = outputs.subarray(n * width, (n + 1) * width);
    return row.indexOf(Math.max(...row));
  });
}

/** Fraction of a split's examples whose class is right; NaN for an empty split, undefined for regression. */
export async function accuracyOf(task: Task, params: RealArray, split: Split): Promise<number | undefined> {
  if (task.dataset.task !== "classification") return undefined;
  const classes = classesOf(await predict(task, params, split), task);
  const labels = split.y.data as BigInt64Array;
  return classes.reduce((right, c, n) => right + (c === Number(labels[n]) ? 1 : 0), 0) / classes.length;
}

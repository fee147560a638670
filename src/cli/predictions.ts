// Which three test images the demo explains, and what the trained model makes of queries.

import { datasetQueries } from "../explain/queries.ts";
import { outputsOf, queryFeeds } from "../explain/rows.ts";
import type { Query } from "../explain/types.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import { classesOf, predict } from "../train/accuracy.ts";
import type { Task } from "../train/task.ts";

/** A query with what the trained model says of it. */
export interface Predicted extends Query {
  /** Class index. */
  readonly label: number;
  readonly predicted: number;
  /** Of the predicted class. */
  readonly probability: number;
}

async function lastParams({ checkpoints, checkpoint }: Run) {
  return (await checkpoint(checkpoints[checkpoints.length - 1])).params;
}

/** Classes that the trained model names, one for each query or (Q, positions); undefined for regression. */
export async function predictedClasses(
  task: Task,
  run: Run,
  queries: readonly Query[],
): Promise<Int32Array | undefined> {
  if (task.dataset.task !== "classification" || queries.length === 0) return undefined;
  const { data } = await outputsOf(task, await lastParams(run), await queryFeeds(task, queries));
  return classesOf(data as RealArray, task);
}

/** softmax(y)_k of a row of logits. */
function softmaxAt(logits: Float64Array, k: number): number {
  const top = Math.max(...logits);
  return Math.exp(logits[k] - top) / logits.reduce((sum, y) => sum + Math.exp(y - top), 0);
}

/**
 * The first test image that is classified rightly, the next one of another class, and the first that is not (or the next right
 * one, where every image is). For models with one logit a class under cross-entropy.
 */
export async function pickThree(task: Task, run: Run): Promise<Predicted[]> {
  const { test } = task.dataset;
  const outputs = await predict(task, await lastParams(run), test);
  const predicted = classesOf(outputs, task);
  const labels = Array.from(test.y.data, Number);
  const right = labels.flatMap((label, n) => (predicted[n] === label ? [n] : []));
  const first = right[0];
  const second = right.find((n) => labels[n] !== labels[first]);
  const wrong = labels.findIndex((label, n) => predicted[n] !== label);
  const third = wrong >= 0 ? wrong : right.find((n) => n !== first && n !== second);
  const picked = [first, second, third].filter((n) => n !== undefined);
  return datasetQueries(task, `test:${picked.join(",")}`).map((query, k) => {
    const n = picked[k];
    const logits = outputs.subarray(n * task.outputs, (n + 1) * task.outputs);
    return { ...query, label: labels[n], predicted: predicted[n], probability: softmaxAt(logits, predicted[n]) };
  });
}

// The examples that a diagnosis is made on: some of a task's data, with their targets and, where each has one, their labels.

import type { Split } from "../data/types.ts";
import { namedExamples } from "../explain/queries.ts";
import { type RealArray, type Tensor, takeRows } from "../numeric/tensor.ts";
import type { Task } from "../train/task.ts";

export interface Sample extends Split {
  /** "train:0-499". */
  readonly name: string;
  /** Class of each example (N), where the data have one for each; undefined for regression and for labels at positions. */
  readonly labels: Int32Array | undefined;
}

function sampleFrom({ dataset }: Pick<Task, "dataset">, name: string, { x, y }: Split): Sample {
  const each = dataset.task === "classification" && y.shape.length === 1;
  return { name, x, y, labels: each ? Int32Array.from(y.data as BigInt64Array, Number) : undefined };
}

/** Rows of several arrays of one shape, one below the other. */
function joined<T extends Tensor>(parts: readonly T[]): T {
  const [{ dtype, shape }] = parts;
  const data = parts[0].data.constructor as new (size: number) => RealArray;
  const whole = new data(parts.reduce((total, part) => total + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part.data as RealArray, at);
    at += part.data.length;
  }
  const rows = parts.reduce((total, part) => total + part.shape[0], 0);
  return { dtype, shape: [rows, ...shape.slice(1)], data: whole } as unknown as T;
}

/** The examples that a spec names, `train:0-499` or `train:0-99;test:0-99`. RangeError where there are none such. */
export function namedSample(task: Pick<Task, "dataset">, spec: string): Sample {
  const runs: { part: "train" | "test"; indices: number[] }[] = [];
  for (const { part, index } of namedExamples(task, spec)) {
    if (runs.at(-1)?.part !== part) runs.push({ part, indices: [] });
    runs[runs.length - 1].indices.push(index);
  }
  const parts = runs.map(({ part, indices }) => ({
    x: takeRows(task.dataset[part].x, indices),
    y: takeRows<Split["y"]["dtype"]>(task.dataset[part].y, indices),
  }));
  return sampleFrom(task, spec, {
    x: joined(parts.map(({ x }) => x)),
    y: joined(parts.map(({ y }) => y)) as Split["y"],
  });
}

/** The first examples of a part, as many as there are up to `count`; undefined where there is none. */
export function firstSample(task: Pick<Task, "dataset">, part: "train" | "test", count: number): Sample | undefined {
  const there = task.dataset[part].x.shape[0];
  if (there === 0) return undefined;
  return namedSample(task, `${part}:0-${Math.min(there, count) - 1}`);
}

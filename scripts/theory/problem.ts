// Small problems that rows of the table are measured on, and how their numbers are written.

import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { Task } from "../../src/train/task.ts";
import { type SmallTask, type SmallTaskOptions, smallTask } from "../../test/helpers/tasks.ts";

export interface Trained extends SmallTask {
  readonly run: Run;
}

/** A small task (tanh 2-8-1, 24 examples, half the mean square, 20 steps unless options say otherwise), trained. */
export async function trained(options: SmallTaskOptions = {}): Promise<Trained> {
  const small = await smallTask({ hidden: [8], loss: "half-mse", steps: 20, ...options });
  return { ...small, run: await trainInMemory(small.task, small) };
}

export const GD = (lr: number) => ({ label: "gd", name: "gd", options: { lr } });

/** The test queries 0 to `count` - 1, explained. */
export function explained(task: Task, run: Run, rule: string, count = 6, tolerance = 1e-10): Promise<Explanation> {
  return explain(task, run, { queries: datasetQueries(task, `test:0-${count - 1}`), rule, tolerance });
}

export const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** max |a - b| / max |b|. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return largest(Array.from(a, (value, k) => value - b[k])) / largest(b);
}

/** 1.2e-5. */
export const e = (value: number): string => value.toExponential(1);

/** The text, where what it says holds; an error that says what does not. */
export function holding(holds: boolean, text: string): string {
  if (!holds) throw new RangeError(`does not hold: ${text}`);
  return text;
}

/** log2 of what each halving of the step divides the error by. */
export const halvings = (errors: readonly number[]): number[] =>
  errors.slice(1).map((error, k) => Math.log2(errors[k] / error));

/** Slope of log error against log step by least squares. */
export function slopeOf(steps: readonly number[], errors: readonly number[]): number {
  const [x, y] = [steps.map(Math.log), errors.map((error) => Math.log(error))];
  const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const top = x.reduce((total, value, k) => total + (value - mx) * (y[k] - my), 0);
  return top / x.reduce((total, value) => total + (value - mx) ** 2, 0);
}

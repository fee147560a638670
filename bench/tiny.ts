// The smallest task: what a step or an explanation costs where there is next to nothing to compute.

import { mlp } from "../src/models/mlp.ts";
import { type BenchTask, benchTask, type Hooks, randomDataset } from "./tasks.ts";

/** Training examples, all in one batch; as many test examples. */
export const TINY = 8;

/** 2-16-16-1 tanh, mean squared error. */
export function tinyTask(threads: number, hooks?: Hooks): Promise<BenchTask> {
  const dataset = randomDataset([2], { train: TINY, test: TINY, classes: 0 });
  const model: Parameters<typeof benchTask>[0]["model"] = (shape) =>
    mlp({ ...shape, hidden: [16, 16], activation: "tanh" });
  return benchTask({ model, outputs: 1, loss: "mse", dataset, threads, hooks });
}

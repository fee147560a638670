// Neighbours in the tangent kernel along a training: how neighbourhoods gather their labels.

import { tangentMachineKernel } from "../kernels/machine-kernel.ts";
import type { TangentKernelOptions } from "../kernels/tangent-kernel.ts";
import type { Tensor } from "../numeric/tensor.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { stateAt } from "../train/trajectory.ts";
import { type Neighbours, type NeighboursOptions, neighbours } from "./neighbours.ts";

export interface NeighboursAlongOptions extends NeighboursOptions, Pick<TangentKernelOptions, "algorithm" | "tile"> {
  /** Steps before which the kernel is taken, each in 0..S. Default: the first and the last state. */
  readonly steps?: readonly number[];
  /** Bytes for the kernel's examples at work. Default 1 GiB. */
  readonly kernelMemory?: number;
}

export interface NeighboursAtStep {
  readonly step: number;
  readonly neighbours: Neighbours;
}

/**
 * `neighbours` of queries among the training examples under tr J(x; w_s) J(x'; w_s)^T, before each of some steps.
 *
 * With the means of the purities over many queries this is the curve of Fig. 1 of 004: under the kernel neighbourhoods become of one label while
 * between inputs they stay what they were.
 *
 * Cost: `neighbours` for each step, and the replay of steps between checkpoints. Errors: RangeError for a step that the run does not have.
 */
export async function neighboursAlong(
  task: Task,
  run: Run,
  queries: Tensor,
  { steps = [0, run.batches.length], algorithm, tile, kernelMemory, ...options }: NeighboursAlongOptions = {},
): Promise<NeighboursAtStep[]> {
  const found: NeighboursAtStep[] = [];
  const kernelOptions = {
    ...(algorithm && { algorithm }),
    ...(tile && { tile }),
    ...(kernelMemory && { memoryBudget: kernelMemory }),
  };
  for (const [k, step] of steps.entries()) {
    const { params } = await stateAt(task, run, step);
    const kernel = tangentMachineKernel(task, params, task.dataset.train.x, kernelOptions);
    const { onProgress } = options;
    const told: NeighboursOptions["onProgress"] = ({ stage, ...rest }) =>
      onProgress?.({ ...rest, stage: steps.length === 1 ? stage : `${k + 1} of ${steps.length}, ${stage}` });
    found.push({
      step,
      neighbours: await neighbours(kernel, queries, { ...options, ...(onProgress && { onProgress: told }) }),
    });
  }
  return found;
}

// The loss path kernel of a recorded run (Chen et al. 2023): agreement of two points' loss gradients, summed along training.

import type { Split } from "../data/types.ts";
import { UnsupportedError } from "../errors.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { shareOf } from "../optimizers/clipping.ts";
import { requireBatches } from "../run/recording.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { type StretchOptions, stretchesBackwards } from "../train/trajectory.ts";
import { pullsOfSplit } from "./output-pulls.ts";
import { type StepNode, stepNodes } from "./step-nodes.ts";
import { type TangentKernelOptions, tangentKernel } from "./tangent-kernel.ts";

export interface LossPathKernelOptions
  extends Pick<TangentKernelOptions, "algorithm" | "memoryBudget" | "tile" | "signal" | "onProgress">,
    Pick<StretchOptions, "replayMemory"> {
  /** z, the rows (Q, ...) with their targets; default: the training examples. */
  readonly points?: Split;
  /** z', the columns (M, ...); default: the training examples. */
  readonly others?: Split;
  /** Quadrature of the first side's gradient along each step; default `left`, the only one that is symmetric. */
  readonly rule?: string;
  /** T: after how many steps the kernel is wanted, ascending; default: after all. */
  readonly steps?: readonly number[];
}

export interface LossPathKernel {
  /** T. */
  readonly step: number;
  /** K_T(z, z'), (Q, M). */
  readonly matrix: Matrix;
}

/**
 * K_T(z, z') = sum_{s < T} eta_s <∇_w l(w_s, z), ∇_w l(w_s, z')>, the loss path kernel int_0^T <∇l(w_t, z), ∇l(w_t, z')> dt at the steps of a training,
 * for any points with targets. Every point counts at every step, whichever batches it was in.
 *
 * With all n examples in every batch l(w_T, z) = l(w_0, z) - 1/n sum_i K_T(z, z_i): up to the time steps for `left`, and up to the residual of another
 * `rule`, which averages the first side's gradient along each step and leaves the second where its step began: what `explain` does with the readout `loss`.
 *
 * Shapes: (Q, M) for each T. Memory: a float64 matrix for each T. Cost: a kernel between points and others at each step and node; steps that are not stored
 * are replayed. Where training is random, both sides are as the model is evaluated, and the sum above does not hold.
 *
 * Errors: UnsupportedError for an optimizer with state, as in `pathKernel`; RangeError for steps that the run does not have or that do not ascend, and rules without
 * fixed nodes; rejects with the signal's reason when aborted.
 *
 * @see Chen et al. 2023, Analyzing Generalization of Neural Networks through Loss Path Kernels (NeurIPS), and arXiv:2506.11357
 */
export async function lossPathKernel(
  task: Task,
  run: Run,
  options: LossPathKernelOptions = {},
): Promise<readonly LossPathKernel[]> {
  const where = "lossPathKernel";
  const { points = task.dataset.train, others = task.dataset.train, rule = "left", steps, replayMemory } = options;
  const { signal, onProgress } = options;
  const nodesOf = stepNodes(where, rule);
  requireBatches(run, where);
  requirePlain(task);
  const ends = steps ?? [run.batches.length];
  requireSteps(ends, run.batches.length);
  const [q, m] = [points.x.shape[0], others.x.shape[0]];
  const sums = ends.map(() => new Float64Array(q * m));
  const [pullsOfPoints, pullsOfOthers] = [pullsOfSplit(task, points), pullsOfSplit(task, others)];
  const kernelOptions = {
    ...(options.algorithm && { algorithm: options.algorithm }),
    ...(options.memoryBudget !== undefined && { memoryBudget: options.memoryBudget }),
    ...(options.tile !== undefined && { tile: options.tile }),
    ...(signal && { signal }),
  };
  const kernelAt = async (node: StepNode, params: RealArray, second: Tensor): Promise<Tensor> => {
    const isSame = points === others && node.params === params;
    const readouts = [isSame ? second : await pullsOfPoints(node.params), second] as const;
    const at = node.params === params ? {} : { params2: params };
    const asked = { ...kernelOptions, ...at, form: "readout" as const, readouts };
    return (await tangentKernel(task, node.params, points.x, others.x, asked)).kernel;
  };
  const range = { first: 0, end: ends[ends.length - 1] };
  let done = 0;
  for await (const { states } of stretchesBackwards(task, run, { signal, replayMemory, range })) {
    for (const [k, { step, params }] of states.slice(0, -1).entries()) {
      signal?.throwIfAborted();
      const to = sums[ends.findIndex((end) => end > step)];
      if (to === undefined) continue;
      const { stepSize, gradientNorm } = run.scalars[step];
      const size = stepSize * shareOf(task.optimizer, { gradientNorm, buffers: {} }).share;
      const second = await pullsOfOthers(params);
      for (const node of nodesOf(params, states[k + 1].params)) {
        const { data } = await kernelAt(node, params, second);
        const weight = size * node.weight;
        for (let at = 0; at < to.length; at++) to[at] += weight * (data as RealArray)[at];
      }
      onProgress?.({ stage: "loss path kernel", done: ++done, total: range.end });
    }
  }
  for (let k = 1; k < sums.length; k++) for (let at = 0; at < q * m; at++) sums[k][at] += sums[k - 1][at];
  return ends.map((step, k) => ({ step, matrix: { dtype: "float64", shape: [q, m], data: sums[k] } }));
}

function requirePlain({ optimizer }: Task): void {
  if (optimizer.buffers.length === 0) return;
  throw new UnsupportedError(
    `a loss path kernel needs an optimizer without state (gd, sgd), got ${optimizer.name} with ${optimizer.buffers.join(", ")}: its steps are not made of the gradients at their beginning`,
    { hint: "explain with the readout loss gives the contributions of every optimizer" },
  );
}

function requireSteps(ends: readonly number[], count: number): void {
  const bad = ends.find((end, k) => !(Number.isSafeInteger(end) && end >= 0 && end <= count) || end <= ends[k - 1]);
  if (bad !== undefined || ends.length === 0)
    throw new RangeError(`lossPathKernel: steps must ascend and lie in 0..${count}, got ${bad ?? "none"}`);
}

// The path kernel of a run as one symmetric kernel, for machines: traces of the tangent kernels along training, summed step by step.

import { reals, type Tensor } from "../numeric/tensor.ts";
import { shareOf } from "../optimizers/clipping.ts";
import { requireBatches } from "../run/recording.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { stateAt, stretchesBackwards } from "../train/trajectory.ts";
import { streamEntries } from "./gram-matrix.ts";
import { type MachineKernel, type MachineKernelCall, tangentMachineKernel } from "./machine-kernel.ts";
import type { TangentKernelOptions } from "./tangent-kernel.ts";

/** A step whose kernel is computed, and what it counts. */
export interface PathNode {
  readonly step: number;
  /** In units of the step sizes. */
  readonly weight: number;
}

export interface PathMachineKernelOptions
  extends Pick<TangentKernelOptions, "algorithm" | "memoryBudget" | "tile">,
    MachineKernelCall {
  /** Steps whose kernels are computed; those between are interpolated linearly. Default: all. */
  readonly steps?: readonly number[];
}

export interface PathMachineKernel extends MachineKernel {
  readonly nodes: readonly PathNode[];
}

/**
 * Weights with which kernels at some steps make the sum over all of them: w_k = sum_s eta_s l_k(s), where the l_k interpolate linearly between the
 * steps given and are constant beyond the first and the last. With all steps they are the step sizes, and the sum is the sum.
 *
 * Errors: RangeError for steps that the run does not have, or that do not ascend.
 */
export function pathNodes(task: Task, run: Run, steps?: readonly number[]): readonly PathNode[] {
  const count = run.batches.length;
  const sizes = run.scalars.map(
    ({ stepSize, gradientNorm }) => stepSize * shareOf(task.optimizer, { gradientNorm, buffers: {} }).share,
  );
  if (steps === undefined) return sizes.map((weight, step) => ({ step, weight }));
  const bad = steps.find(
    (step, k) => !(Number.isSafeInteger(step) && step >= 0 && step <= count) || step <= steps[k - 1],
  );
  if (bad !== undefined || steps.length === 0)
    throw new RangeError(`pathNodes: steps must ascend and lie in 0..${count}, got ${bad ?? "none"}`);
  const weights = new Float64Array(steps.length);
  let k = 0;
  sizes.forEach((size, s) => {
    while (k + 1 < steps.length && s >= steps[k + 1]) k++;
    const [from, to] = [steps[k], steps[k + 1] ?? Number.POSITIVE_INFINITY];
    const share = s <= from || to === Number.POSITIVE_INFINITY ? 0 : (s - from) / (to - from);
    weights[k] += (1 - share) * size;
    if (share > 0) weights[k + 1] += share * size;
  });
  return steps.map((step, j) => ({ step, weight: weights[j] }));
}

/** So many steps from the first to the last of `total`, the nearer the earlier, where kernels change most. */
export function earlySteps(total: number, count: number): readonly number[] {
  const last = Math.max(0, total - 1);
  const steps = Array.from({ length: count }, (_, k) => Math.round(last * (k / Math.max(1, count - 1)) ** 2));
  return [...new Set(steps)];
}

/**
 * K^p(x, x') = sum_s eta_s tr J(x; w_s) J(x'; w_s)^T over `points`: Domingos' path kernel by the rule `left`, with every example counted at every step,
 * so that it is one symmetric positive semidefinite function of two points. `pathKernel` is what explains a run: it counts an example in the
 * steps whose batches it was in. For optimizers with state the recorded step sizes weigh the same sum; it is a kernel there too, and no theorem's.
 *
 * Cost: a kernel at each node for every matrix, `between` and `diagonal`; states are replayed where they are not stored. Memory: the result, and
 * tiles: each step's kernel is added where it is computed.
 *
 * Errors: RangeError for steps that the run does not have; rejects with the signal's reason when aborted.
 *
 * @see Domingos 2020, definition 2, arXiv:2012.00152; Incudini et al. 2023, arXiv:2212.11826, as the kernel of a support vector machine
 */
export function pathMachineKernel(
  task: Task,
  run: Run,
  points: Tensor,
  { steps, signal: bySignal, onProgress: byProgress, ...options }: PathMachineKernelOptions = {},
): PathMachineKernel {
  requireBatches(run, "pathMachineKernel");
  const nodes = pathNodes(task, run, steps);
  const [examples] = points.shape;

  /** Calls `add` with each node's kernel. */
  async function along(
    call: MachineKernelCall | undefined,
    add: (params: Parameters<typeof tangentMachineKernel>[1], weight: number, own: MachineKernelCall) => Promise<void>,
  ): Promise<void> {
    const signal = call?.signal ?? bySignal;
    const onProgress = call?.onProgress ?? byProgress;
    const own = signal ? { signal } : {};
    let done = 0;
    for await (const { params, weight } of statesOf(task, run, nodes, { signal, all: steps === undefined })) {
      signal?.throwIfAborted();
      if (weight !== 0) await add(params, weight, own);
      onProgress?.({ stage: "path kernel", done: ++done, total: nodes.length });
    }
  }

  return {
    name: "path kernel",
    points,
    nodes,
    matrix: async (call) => {
      const data = new Float64Array(examples * examples);
      await along(call, (params, weight, own) =>
        streamEntries(task, params, points, { ...options, ...own, form: "trace" }, (r, s, value) => {
          data[r * examples + s] += weight * value;
          if (r !== s) data[s * examples + r] += weight * value;
        }),
      );
      return { dtype: "float64", shape: [examples, examples], data };
    },
    between: async (queries, call) => {
      const to = reals([queries.shape[0], examples], new Float64Array(queries.shape[0] * examples));
      await along(call, async (params, weight, own) => {
        const { data } = await tangentMachineKernel(task, params, points, options).between(queries, own);
        for (let at = 0; at < data.length; at++) to.data[at] += weight * data[at];
      });
      return to;
    },
    diagonal: async (queries, call) => {
      const to = new Float64Array(queries.shape[0]);
      await along(call, async (params, weight, own) => {
        const values = await tangentMachineKernel(task, params, points, options).diagonal(queries, own);
        for (const [q, value] of values.entries()) to[q] += weight * value;
      });
      return to;
    },
  };
}

/** Parameters and weight at each node: all steps from the last on, as a replay backwards gives them, or some in order. */
async function* statesOf(
  task: Task,
  run: Run,
  nodes: readonly PathNode[],
  { signal, all }: { readonly signal: AbortSignal | undefined; readonly all: boolean },
) {
  if (!all) {
    for (const { step, weight } of nodes) yield { params: (await stateAt(task, run, step)).params, weight };
    return;
  }
  for await (const { states } of stretchesBackwards(task, run, { signal }))
    for (const { step, params } of states.slice(0, -1)) yield { params, weight: nodes[step].weight };
}

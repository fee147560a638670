// What a comparison will compute, before it does: kernels, operations, memory.

import { planKernel } from "../kernels/plan.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import { type CompareOptions, comparedMachines, kernelSteps, sizesOf } from "./compare.ts";

export interface ComparisonPlan {
  /** Tangent kernels, those of the path among them. */
  readonly kernels: number;
  /** Counted floating-point operations of the kernels' products. */
  readonly flops: number;
  /** Bytes of the matrices that are there at once. */
  readonly bytes: number;
}

/**
 * Three matrices of the training examples (the kernel, a machine's copy, its eigenvectors or pairs) and the kernel of the queries.
 * RangeError for a `memoryBudget` in which no tile of a kernel fits.
 */
export function planComparison(task: Task, run: Run, options: CompareOptions = {}): ComparisonPlan {
  const { machines = comparedMachines, memoryBudget = 2 ** 30 } = options;
  const { train: n, test: m } = sizesOf(task, options);
  const { tangent, path } = kernelSteps(run, options);
  const kernels = (machines.includes("tangent") ? tangent.length : 0) + (machines.includes("path") ? path.length : 0);
  const overKernels = kernels > 0 || machines.includes("rbf");
  const flopsOf = (count: { n: number; m: number; symmetric: boolean }): number => {
    const settings = { model: task, form: "trace", weighted: false, per: undefined } as const;
    const plan = planKernel(settings, count, { algorithm: "auto", tile: 256, memoryBudget });
    return plan.flops[plan.algorithm] ?? 0;
  };
  const each = kernels === 0 ? 0 : flopsOf({ n, m: n, symmetric: true }) + flopsOf({ n: m, m: n, symmetric: false });
  return { kernels, flops: kernels * each, bytes: overKernels ? 8 * n * (3 * n + m) : 8 * n * m };
}

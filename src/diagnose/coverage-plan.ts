// What coverage will take, before anything is computed: kernels, one decomposition, memory, seconds.

import { type KernelPlan, planKernel } from "../kernels/plan.ts";
import type { AlgebraName } from "../numeric/linear-algebra/types.ts";
import type { Task } from "../train/task.ts";
import { ALGEBRA_GFLOPS, EIGENPAIRS, KERNEL_GFLOPS } from "./rates.ts";
import type { SpanForm } from "./span-kernel.ts";

export interface CoverageRequest {
  /** Training examples that make the span. */
  readonly train: number;
  readonly queries: number;
  /** Default `trace`. */
  readonly form?: SpanForm;
  /** Whether directions are counted by a tolerance, for which all eigenpairs are needed; default: by a ridge. */
  readonly byTolerance?: boolean;
  readonly algebraName: AlgebraName;
  /** Bytes for examples at work in the kernels. Default 1 GiB. */
  readonly memoryBudget?: number;
}

export interface CoveragePlan {
  /** Rows of the training examples' matrix. */
  readonly rows: number;
  readonly flops: { readonly kernels: number; readonly decomposition: number; readonly queries: number };
  /** The matrix, rows of queries, and what kernels take at most. */
  readonly bytes: number;
  /** An estimate by counted operations, for two cores. */
  readonly seconds: number;
}

const BUDGET = 2 ** 30;
const TILE = 256;

/**
 * What `trainingSpan` and its `coverage` would take for n training examples and Q queries of R = n features (n C for the form `outputs`):
 * kernels of n (n + 1) / 2 + Q n pairs, R^3 / 3 for a ridge (9 R^3 for a tolerance), 2 Q R^2 for the queries; one float64 matrix of order R.
 *
 * Errors: RangeError for counts that are none, and for a `memoryBudget` in which no tile fits.
 */
export function planCoverage(task: Task, request: CoverageRequest): CoveragePlan {
  const { train, queries, form = "trace", byTolerance = false, algebraName, memoryBudget = BUDGET } = request;
  for (const [what, count] of Object.entries({ train, queries }))
    if (!(Number.isSafeInteger(count) && count >= 1))
      throw new RangeError(`planCoverage: ${what} must be a whole number >= 1, got ${count}`);
  const each = form === "outputs" ? task.outputs : 1;
  const kernelForm = form === "outputs" ? "blocks" : form === "trace" ? "trace" : "readout";
  const of = (n: number, m: number, symmetric: boolean): KernelPlan =>
    planKernel(
      { model: task, form: kernelForm, weighted: false },
      { n, m, symmetric },
      { algorithm: "auto", tile: TILE, memoryBudget },
    );
  const plans = [of(train, train, true), of(queries, train, false)];
  const rows = train * each;
  const flops = {
    kernels: plans.reduce((total, plan) => total + (plan.flops[plan.algorithm] ?? 0), 0),
    decomposition: (byTolerance ? EIGENPAIRS : 1 / 3) * rows ** 3,
    queries: 2 * queries * each * rows ** 2,
  };
  const working = Math.max(...plans.map(({ bytes }) => bytes.prepared + bytes.running + bytes.pairing));
  return {
    rows,
    flops,
    bytes: 8 * rows ** 2 * (byTolerance ? 2 : 1) + 8 * queries * each * rows + working,
    seconds:
      flops.kernels / (1e9 * KERNEL_GFLOPS[task.engine.dtype]) +
      (flops.decomposition + flops.queries) / (1e9 * ALGEBRA_GFLOPS[algebraName]),
  };
}

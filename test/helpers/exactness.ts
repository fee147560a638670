// What one case of the exactness matrix measures, and the limits that it must hold.

import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { CLOSURE_LIMITS, verdictOf } from "../../src/explain/verdict.ts";
import type { RealDType } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import type { OptimizerChoice } from "./optimizer-choices.ts";
import { type LossKind, type ModelKind, type SmallTaskOptions, smallTask } from "./tasks.ts";

export interface ExactnessCase {
  readonly optimizer: OptimizerChoice;
  readonly loss: LossKind;
  readonly model: ModelKind;
  readonly dtype: RealDType;
}

export interface Exactness {
  /** max |residual| / scale. */
  readonly residual: number;
  /** Undefined where the residual is only reported: float32 stops at kinks it cannot resolve. */
  readonly residualLimit: number | undefined;
  /** max |closure| / gross. */
  readonly closure: number;
  readonly closureLimit: number;
  /** Directional derivatives and full Jacobians for each row and step. */
  readonly probes: number;
  readonly nodes: number;
  readonly unresolved: number;
}

/** Relative to scale. The last is rounding of float32 added up over the steps. */
export const EXACTNESS_TOLERANCE = 1e-10;
export const FLOAT32_SMOOTH_LIMIT = 2e-6;

export function residualLimitOf({ model, dtype }: Pick<ExactnessCase, "model" | "dtype">): number | undefined {
  if (dtype === "float64") return EXACTNESS_TOLERANCE;
  return model === "tanh" ? FLOAT32_SMOOTH_LIMIT : undefined;
}

/** Trains a small task and explains its test queries. */
export async function explainSmall(
  options: SmallTaskOptions,
  how: { readonly rule?: string; readonly tolerance?: number } = {},
): Promise<Explanation> {
  const { task, params, batches } = await smallTask(options);
  const run = await trainInMemory(task, { params, batches });
  const queries = datasetQueries(task, `test:0-${(options.queries ?? 6) - 1}`);
  return explain(task, run, { queries, rule: "auto", tolerance: EXACTNESS_TOLERANCE, ...how });
}

/** Measures one case with the adaptive rule at a tolerance of 1e-10. */
export async function measureExactness(
  tested: ExactnessCase,
  size: Pick<SmallTaskOptions, "steps" | "queries"> = {},
): Promise<Exactness> {
  const explanation = await explainSmall({ ...tested, ...size });
  const { residual, closure } = verdictOf(explanation, tested.dtype);
  const rowSteps = explanation.rows.length * explanation.steps;
  return {
    residual: residual.relative,
    residualLimit: residualLimitOf(tested),
    closure: closure.relative,
    closureLimit: CLOSURE_LIMITS[tested.dtype],
    probes: explanation.cost.probes / rowSteps,
    nodes: explanation.cost.nodes / rowSteps,
    unresolved: explanation.cost.unresolved,
  };
}

/** What does not hold, in words; empty when all does. A NaN holds nothing. */
export function failuresOf({ residual, residualLimit, closure, closureLimit }: Exactness): string[] {
  const failures: string[] = [];
  if (residualLimit !== undefined && !(residual <= residualLimit))
    failures.push(`residual ${residual} > ${residualLimit}`);
  if (!(closure <= closureLimit)) failures.push(`closure ${closure} > ${closureLimit}`);
  return failures;
}

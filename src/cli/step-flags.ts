// Steps that --at names, as numbers of a run's steps.

import type { Run } from "../run/types.ts";
import { UsageError } from "./failure.ts";

/** Step numbers; UsageError for one that the run does not have. */
export function stepsOf(at: readonly (number | "last")[], { batches }: Pick<Run, "batches">): number[] {
  return at.map((step) => {
    if (step === "last") return batches.length;
    if (step <= batches.length) return step;
    throw new UsageError(`--at must hold last or steps in 0..${batches.length}, got ${step}`);
  });
}

/** The one step of --at; UsageError for one that the run does not have. */
export function stepOf(step: number | "last", { batches }: Pick<Run, "batches">): number {
  if (step === "last") return batches.length;
  if (step <= batches.length) return step;
  throw new UsageError(`--at must be last or lie in 0..${batches.length}, got ${step}`);
}

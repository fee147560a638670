// Whether an explanation holds: its residual within the tolerance, its closure nothing but rounding.

import type { RealDType } from "../numeric/tensor.ts";
import type { Explanation } from "./types.ts";

export interface Verdict {
  readonly passed: boolean;
  readonly residual: Check;
  readonly closure: Check;
}

export interface Check {
  /** Largest absolute value over the rows. */
  readonly max: number;
  /** The largest, relative to what it is measured against: `scale` for the residual, gross for the closure. */
  readonly relative: number;
  /** What `relative` must not exceed. */
  readonly limit: number;
  readonly holds: boolean;
}

/** Closure allowed relative to gross: accumulated rounding of the dtype (design decision 8). */
export const CLOSURE_LIMITS: Readonly<Record<RealDType, number>> = { float64: 1e-12, float32: 1e-5 };

function check(values: Float64Array, against: (r: number) => number, limit: number): Check {
  let [max, relative] = [0, 0];
  values.forEach((value, r) => {
    const size = Math.abs(value);
    // NaN must fail the check, so it is kept rather than lost in a comparison.
    max = Number.isNaN(size) ? Number.NaN : Math.max(max, size);
    relative = size === 0 ? relative : Math.max(relative, size / against(r));
  });
  return { max, relative, limit, holds: relative <= limit };
}

/**
 * Residual: max |residual| / scale <= tolerance. Closure: |closure| <= limit of the dtype times what was added up, which is
 * gross plus the other parts (with next to no pushing, the rounding of the outputs themselves is left).
 */
export function verdictOf(explanation: Explanation, dtype: RealDType): Verdict {
  const { residual, closure, scale, tolerance, gross, output, prior } = explanation;
  const residualCheck = check(residual, () => scale, tolerance);
  const closureCheck = check(
    closure,
    (r) => Math.max(gross[r], Math.abs(output[r]), Math.abs(prior[r])),
    CLOSURE_LIMITS[dtype],
  );
  return { passed: residualCheck.holds && closureCheck.holds, residual: residualCheck, closure: closureCheck };
}

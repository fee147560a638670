// Step sizes by backtracking line search: every step lowers the loss of its batch (Armijo 1966).

import { openFraction, positiveCount } from "../numeric/spec.ts";
import type { ScheduleMember } from "./types.ts";

/**
 * The first of eta, eta shrink, eta shrink², ... (`most` of them) with L(w + Δ) <= L(w) - c |Δ|² / eta, L the loss of the step's batch. Where none
 * is, as where the loss has no lower place within rounding, the step size is 0 and nothing moves.
 */
export const lineSearch: ScheduleMember<"c" | "shrink" | "most"> = {
  options: { c: openFraction(1e-4), shrink: openFraction(0.5), most: positiveCount(20) },
  make: ({ c, shrink, most }, { stepSize }) => ({
    stepSize: () => stepSize,
    search: { sufficient: c, shrink, most },
  }),
};

// One step by backtracking line search: trials of decreasing size until the loss of the batch is low enough (Armijo 1966).

import type { Optimizer } from "../optimizers/types.ts";
import type { Batch } from "../run/types.ts";
import type { Backtracking, Schedule } from "../schedules/types.ts";
import type { Advance, Stepper } from "./stepper.ts";

/** What a search depends on. */
interface Searched {
  readonly optimizer: Optimizer;
  readonly regularisers?: readonly { readonly name: string }[] | undefined;
}

/**
 * RangeError unless every step of the optimizer goes down its own batch's loss: momentum, decay and a clip by value point elsewhere than along
 * its gradient, and no size of such a step need hold the search's condition.
 */
export function requireSearchable(
  { optimizer: { name, plain, clipping }, regularisers = [] }: Searched,
  { search }: Pick<Schedule, "search">,
): void {
  if (search === undefined) return;
  if (regularisers.length > 0)
    throw new RangeError(
      `schedule line-search: regularisers must be none, as the loss of the batch alone is searched, got ${regularisers[0].name}`,
    );
  if (clipping?.name === "value")
    throw new RangeError("schedule line-search: gradients must not be clipped by value, got a clip by value");
  if (plain?.weightDecay === 0) return;
  throw new RangeError(
    `schedule line-search: the optimizer must be gd or sgd without momentum and weight decay, got ${name}${plain ? ` with weight decay ${plain.weightDecay}` : ""}`,
  );
}

/** |w - v|². */
function distanceSquared(w: ArrayLike<number>, v: ArrayLike<number>): number {
  let total = 0;
  for (let k = 0; k < w.length; k++) total += (w[k] - v[k]) ** 2;
  return total;
}

/**
 * Takes the step of the first size that holds L(w + Δ) <= L(w) - c |Δ|² / eta, and gives that size: for Δ = -eta ∇L this is Armijo's condition,
 * and it holds at some size while the gradient is not 0. The step of size 0 where no trial does. Cost: two gradients a trial.
 */
export async function searchStep(
  stepper: Stepper,
  batch: Batch,
  { first, search }: { readonly first: number; readonly search: Backtracking },
): Promise<Advance & { readonly stepSize: number }> {
  const { sufficient, shrink, most } = search;
  for (let trial = 0, stepSize = first; trial < most && stepSize > 0; trial++, stepSize *= shrink) {
    const step = stepper.step;
    const result = await stepper.advance(batch, stepSize);
    const isWhole = Number.isFinite(result.loss) && Number.isFinite(result.gradientNorm);
    if (!isWhole) return { ...result, stepSize };
    if (stepper.step === step) continue; // a parameter left the finite numbers
    const { loss } = await stepper.evaluate(batch);
    const decrease = (sufficient * distanceSquared(stepper.params, stepper.before)) / stepSize;
    if (loss <= result.loss - decrease) return { ...result, stepSize };
    stepper.undo();
  }
  return { ...(await stepper.advance(batch, 0)), stepSize: 0 };
}

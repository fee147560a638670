// What the regularisers of a task add to the gradient of a step.

import { allocate, type RealArray } from "../numeric/tensor.ts";
import type { Task } from "./task.ts";

type Regularised = Pick<Task, "regularisers" | "reference" | "layout" | "engine">;

/** rho_j(w) of each regulariser, in the run's dtype: p numbers each. */
export function regulariserGradients(task: Regularised, params: RealArray): RealArray[] {
  const { regularisers, reference, layout, engine } = task;
  return regularisers.map((regulariser) => {
    const rho = allocate(engine.dtype, layout.size) as RealArray;
    regulariser.gradient(params, reference, rho);
    return rho;
  });
}

/** Adds all rho_j(w) to a gradient; `scratch` is as long. */
export function addRegularisers(
  { regularisers, reference }: Regularised,
  params: RealArray,
  { gradient, scratch }: { gradient: RealArray; scratch: RealArray },
): void {
  for (const regulariser of regularisers) {
    regulariser.gradient(params, reference, scratch);
    for (let k = 0; k < gradient.length; k++) gradient[k] += scratch[k];
  }
}

/** sum_j R_j(w): what is added to the loss of every batch. */
export function regularisation({ regularisers, reference }: Regularised, params: RealArray): number {
  return regularisers.reduce((total, regulariser) => total + regulariser.value(params, reference), 0);
}

// All experiments, in the order of their sources.

import { nearestName } from "../numeric/nearest-name.ts";
import { pathOfTwoWeights } from "./domingos/fig-1.ts";
import { honesty } from "./honesty/counterfactual.ts";
import { contributionDistance } from "./lhermitte/contribution-distance.ts";
import { jumpOverHump } from "./lhermitte/fig-2.ts";
import { learningRate } from "./lhermitte/learning-rate.ts";
import { nearSolution } from "./lhermitte/near-solution.ts";
import { regularisation } from "./lhermitte/regularisation.ts";
import { effectiveKernels } from "./richness/effective-kernels.ts";
import { infiniteWidth } from "./richness/infinite-width.ts";
import { lazyToRich } from "./richness/lazy-to-rich.ts";
import { widthScaling } from "./richness/width.ts";
import type { Experiment } from "./types.ts";

export const experiments: readonly Experiment[] = [
  pathOfTwoWeights,
  contributionDistance,
  jumpOverHump,
  learningRate,
  nearSolution,
  regularisation,
  lazyToRich,
  widthScaling,
  infiniteWidth,
  effectiveKernels,
  honesty,
];

export const experimentIds: readonly string[] = experiments.map(({ id }) => id);

/** The experiment of an id. RangeError for an unknown one, with the nearest known. */
export function experimentOf(id: string): Experiment {
  const found = experiments.find((own) => own.id === id);
  if (found) return found;
  const near = nearestName(id, experimentIds);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  throw new RangeError(`experiment: id must be one of ${experimentIds.join(", ")}, got ${id}${hint}`);
}

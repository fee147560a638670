// All experiments, in the order of their sources.

import { nearestName } from "../numeric/nearest-name.ts";
import { pathOfTwoWeights } from "./domingos/fig-1.ts";
import type { Experiment } from "./types.ts";

export const experiments: readonly Experiment[] = [pathOfTwoWeights];

export const experimentIds: readonly string[] = experiments.map(({ id }) => id);

/** The experiment of an id. RangeError for an unknown one, with the nearest known. */
export function experimentOf(id: string): Experiment {
  const found = experiments.find((own) => own.id === id);
  if (found) return found;
  const near = nearestName(id, experimentIds);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  throw new RangeError(`experiment: id must be one of ${experimentIds.join(", ")}, got ${id}${hint}`);
}

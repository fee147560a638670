// Purity of neighbourhoods along training: the share of nearest examples with the anchor's label, metric by metric.

import { alongTraining, fromTo, type Measured } from "./along-training.ts";
import type { Figure } from "./figure.ts";
import { formatShare } from "./format.ts";

export interface PurityFigure {
  readonly steps: ArrayLike<number>;
  /** One line a metric: kernel, cosine, euclidean. */
  readonly measured: readonly Measured[];
  /** Neighbours of each anchor. */
  readonly k: number;
  /** What guessing gives. */
  readonly chance?: number;
}

/** One line a metric from 0 to 1. */
export function purityFigure({ steps, measured, k, chance }: PurityFigure): Figure {
  const guess = chance === undefined ? "" : ` Chance is ${formatShare(chance)}.`;
  return alongTraining({
    title: `Purity of ${k} neighbours along training`,
    caption: `Share of the nearest examples that have the query's label: ${measured.map(({ name, values }) => `${name} ${fromTo(values)}`).join(", ")}.${guess}`,
    steps,
    y: { label: "share with the same label", domain: [0, 1] },
    measured,
    guides: chance === undefined ? [] : [{ axis: "y", value: chance, label: "chance" }],
  });
}

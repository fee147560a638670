// ReLU units along training: the share that no training example switches on, and how many examples switch each unit on.

import { alongTraining, fromTo, type Measured } from "./along-training.ts";
import type { Figure } from "./figure.ts";
import { countOf, formatCount } from "./format.ts";
import { heatmap } from "./heatmap.ts";

export interface DormantUnits {
  readonly steps: ArrayLike<number>;
  /** One line a layer. */
  readonly measured: readonly Measured[];
  /** Default "dormant units, share": those that no example switches on. */
  readonly measure?: string;
}

/** Shares of dormant units, or crossings of kinks, along training. */
export function dormantUnitsFigure({ steps, measured, measure = "dormant units, share" }: DormantUnits): Figure {
  return alongTraining({
    title: `${measure.split(",")[0].replace(/^./, (letter) => letter.toUpperCase())} along training`,
    caption: `At the first and the last step: ${measured.map(({ name, values }) => `${name} ${fromTo(values)}`).join(", ")}.`,
    steps,
    y: { label: measure, zero: true },
    measured,
  });
}

export interface UnitActivity {
  readonly steps: ArrayLike<number>;
  readonly units: number;
  /** (units, steps), row by row: share of the training examples that switch the unit on, 0 to 1. */
  readonly shares: ArrayLike<number>;
  readonly layer: string;
}

/** One row a unit, one column a step. */
export function unitActivityFigure({ steps, units, shares, layer }: UnitActivity): Figure {
  const count = steps.length;
  let dormant = 0;
  for (let u = 0; u < units; u++) if (count > 0 && shares[u * count + count - 1] === 0) dormant++;
  return heatmap({
    title: `Activity of the units of ${layer}`,
    caption: `Share of the training examples that switch each unit on; at the end ${formatCount(dormant)} of ${countOf(units, "unit")} are on for none.`,
    values: shares,
    rows: units,
    columns: count,
    quantity: "share of examples",
    domain: [0, 1],
    rowSide: { label: "unit", names: Array.from({ length: units }, (_, u) => String(u)) },
    columnSide: { label: "step", names: Array.from(steps, (step) => String(step)) },
  });
}

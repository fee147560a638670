// Alignment of the tangent kernel with the labels along training, in total and layer by layer.

import { alongTraining, fromTo, type Measured } from "./along-training.ts";
import type { Figure } from "./figure.ts";

export interface AlignmentFigure {
  readonly steps: ArrayLike<number>;
  /** The whole kernel first, then layers. */
  readonly measured: readonly Measured[];
  /** What the numbers are: "centred CKA with the labels", "kernel-target alignment". */
  readonly measure: string;
}

/** One line for the kernel and one a layer, from 0 to 1 (below 0 where debiased ones are). */
export function alignmentFigure({ steps, measured, measure }: AlignmentFigure): Figure {
  const low = measured.some(({ values }) => Array.from(values).some((value) => value !== undefined && value < 0));
  return alongTraining({
    title: `Alignment of the kernel along training`,
    caption: `${measure[0].toUpperCase()}${measure.slice(1)}: ${measured.map(({ name, values }) => `${name} ${fromTo(values)}`).join(", ")}.`,
    steps,
    y: low ? { label: measure, zero: true } : { label: measure, domain: [0, 1] },
    measured,
  });
}

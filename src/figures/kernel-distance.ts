// Distances between the kernels of any two steps, as a matrix: where training changes the kernel, and when it comes to rest.

import type { Figure } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import { heatmap } from "./heatmap.ts";

export interface KernelDistance {
  readonly steps: ArrayLike<number>;
  /** (S, S), row by row: 1 - cosine of the kernels, or another distance that `measure` names. */
  readonly distances: ArrayLike<number>;
  /** Default "kernel distance" (Fort et al. 2020). */
  readonly measure?: string;
  /** What the numbers of `steps` count. Default "step". */
  readonly unit?: string;
}

/** The matrix of distances, its sides named by steps. */
export function kernelDistanceFigure({
  steps,
  distances,
  measure = "kernel distance",
  unit = "step",
}: KernelDistance): Figure {
  const count = steps.length;
  const names = Array.from(steps, (step) => String(step));
  const far = count > 0 ? distances[count - 1] : Number.NaN;
  const ends = count > 1 ? ` Between the first and the last: ${formatNumber(far)}.` : "";
  return heatmap({
    title: `Distance of the kernels between ${unit}s`,
    caption: `The ${measure} of the kernels at ${countOf(count, unit)}.${ends}`,
    values: distances,
    rows: count,
    columns: count,
    quantity: measure,
    rowSide: { label: unit, names },
    columnSide: { label: unit, names },
  });
}

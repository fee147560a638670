// A function of one input: what a model predicts, its target, and the training points.

import type { Figure } from "./figure.ts";
import { countOf } from "./format.ts";
import { type LineSeries, lines } from "./lines.ts";

export interface FunctionPlot {
  readonly title: string;
  /** Predictions, target, prior: over their own inputs, in order. */
  readonly curves: readonly LineSeries[];
  readonly points: { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> };
  /** Places that are pointed out: queries, thresholds of units. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  readonly labels?: { readonly x: string; readonly y: string };
}

/** Curves with the training points over them. */
export function functionFigure({
  title,
  curves,
  points,
  marks = [],
  labels = { x: "input", y: "output" },
}: FunctionPlot): Figure {
  return lines({
    title,
    caption: `${curves
      .map(({ name }) => name)
      .join(", ")
      .replace(/^./, (letter) =>
        letter.toUpperCase(),
      )} over the input, with ${countOf(points.x.length, "training example")}.`,
    x: { label: labels.x },
    y: { label: labels.y },
    series: [...curves, { name: "training examples", ...points, pointsOnly: true }],
    guides: marks.map(({ x, label }) => ({ axis: "x", value: x, label })),
  });
}

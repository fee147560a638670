// Errors against the ridge: leave-one-out, generalised cross-validation and test error of one machine, and the ridge chosen.

import type { Figure } from "./figure.ts";
import { formatNumber } from "./format.ts";
import { lines } from "./lines.ts";

export interface RidgeCurves {
  /** Above zero. */
  readonly ridges: ArrayLike<number>;
  /** "leave-one-out", "GCV", "test". */
  readonly curves: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
  /** What the values are: "mean squared error". */
  readonly measure: string;
  readonly chosen?: { readonly ridge: number; readonly by: string };
}

/** One line a curve, both axes logarithmic. */
export function ridgeCurvesFigure({ ridges, curves, measure, chosen }: RidgeCurves): Figure {
  const least = curves.flatMap(({ name, values }) => {
    let best = -1;
    for (let k = 0; k < values.length; k++)
      if (Number.isFinite(values[k]) && (best < 0 || values[k] < values[best])) best = k;
    return best < 0 ? [] : [`${name} ${formatNumber(values[best])} at ${formatNumber(ridges[best], { digits: 2 })}`];
  });
  const said = chosen ? ` Chosen by ${chosen.by}: ${formatNumber(chosen.ridge, { digits: 2 })}.` : "";
  return lines({
    title: "Error against the ridge",
    caption: `Least ${measure}: ${least.length > 0 ? least.join(", ") : "none"}.${said}`,
    x: { label: "ridge", scale: "log" },
    y: { label: measure, scale: "log" },
    series: curves.map(({ name, values }) => ({ name, x: ridges, y: values })),
    guides: chosen ? [{ axis: "x", value: chosen.ridge, label: "chosen" }] : [],
  });
}

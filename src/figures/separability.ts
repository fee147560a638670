// Separability: how well straight lines tell classes apart in inputs and in tangent features.

import { bars } from "./bars.ts";
import type { Figure } from "./figure.ts";
import { formatNumber } from "./format.ts";

export interface SeparabilityFigure {
  /** "accuracy of a linear machine", "share of the scatter between classes". */
  readonly measure: string;
  readonly rows: readonly { readonly name: string; readonly group?: string; readonly value: number | undefined }[];
  /** What guessing gives. */
  readonly chance?: number;
}

/** A bar each, against chance. */
export function separabilityFigure({ measure, rows, chance }: SeparabilityFigure): Figure {
  const there = rows.filter(({ value }) => value !== undefined);
  const best = there.reduce<(typeof there)[number] | undefined>(
    (a, b) => (a === undefined || b.value! > a.value! ? b : a),
    undefined,
  );
  const said = best ? ` Highest: ${best.name}, ${formatNumber(best.value!)}.` : "";
  return bars({
    title: "Separability of the classes",
    caption: `${measure[0].toUpperCase()}${measure.slice(1)} in each space.${said}`,
    x: { label: measure, zero: true },
    rows: rows.map(({ name, group, value }) => ({
      name,
      ...(group === undefined ? {} : { group }),
      value: value ?? Number.NaN,
    })),
    ...(chance === undefined ? {} : { guide: { value: chance, label: "chance" } }),
  });
}

// Measures along training: one line each over the recorded steps; what several figures are made of.

import type { Figure } from "./figure.ts";
import { formatNumber } from "./format.ts";
import type { FigureText } from "./frame.ts";
import type { Guide } from "./guide.ts";
import { lines } from "./lines.ts";
import type { AxisOptions } from "./scale.ts";

export interface Measured {
  readonly name: string;
  /** One for each step; undefined or not finite where it has no value. */
  readonly values: ArrayLike<number | undefined>;
}

export interface AlongTraining extends FigureText {
  /** In order. */
  readonly steps: ArrayLike<number>;
  readonly y: AxisOptions;
  readonly measured: readonly Measured[];
  readonly guides?: readonly Guide[];
  readonly height?: number;
}

/** Values with NaN for those that are not there. */
export function withGaps(values: ArrayLike<number | undefined>): Float64Array {
  return Float64Array.from({ length: values.length }, (_, k) => values[k] ?? Number.NaN);
}

/** The first and the last value that are there, as "0.12 to 0.85"; "no value" where there is none. */
export function fromTo(values: ArrayLike<number | undefined>): string {
  const there = withGaps(values).filter(Number.isFinite);
  if (there.length === 0) return "no value";
  return `${formatNumber(there[0])} to ${formatNumber(there[there.length - 1])}`;
}

/** Measures over steps. */
export function alongTraining({ steps, y, measured, ...rest }: AlongTraining): Figure {
  const series = measured.map(({ name, values }) => ({ name, x: steps, y: withGaps(values) }));
  return lines({ ...rest, x: { label: "step", scale: "whole" }, y, series });
}

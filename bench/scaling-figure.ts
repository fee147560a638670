// Time and memory of a kernel against one size of the problem, on logarithmic axes, with what both are held against.

import type { Figure } from "../src/figures/figure.ts";
import { formatNumber } from "../src/figures/format.ts";
import { lines } from "../src/figures/lines.ts";
import { sheet } from "../src/figures/sheet.ts";

export interface ScalingPoint {
  /** What is varied. */
  readonly x: number;
  readonly seconds: number;
  /** Seconds that the counted FLOPs take at the machine's peak. */
  readonly leastSeconds: number;
  /** Bytes beside an idle process and the result. */
  readonly bytes: number;
  readonly budget: number;
}

export interface Scaling {
  readonly title: string;
  /** Name of the horizontal axis. */
  readonly axis: string;
  /** What stays the same, in a sentence. */
  readonly fixed: string;
  /** In the order of x, two at least. */
  readonly points: readonly ScalingPoint[];
}

const MIB = 2 ** 20;

/** p where y grows as x^p between the last two points. */
export function lastExponent(points: readonly { readonly x: number; readonly seconds: number }[]): number {
  const [a, b] = points.slice(-2);
  return Math.log(b.seconds / a.seconds) / Math.log(b.x / a.x);
}

/** Two plots: seconds, and MiB. */
export function scalingFigure({ title, axis, fixed, points }: Scaling): Figure {
  const [before, last] = points.slice(-2);
  const slope = formatNumber(lastExponent(points), { digits: 2 });
  const most = formatNumber(points.reduce((max, { bytes }) => Math.max(max, bytes), 0) / MIB);
  const allowed = formatNumber(last.budget / MIB);
  const x = points.map((point) => point.x);
  const plot = (
    unit: string,
    caption: string,
    measured: readonly number[],
    limit: readonly number[],
    limitName: string,
  ) =>
    lines({
      title: unit === "MiB" ? "Memory" : "Time",
      caption,
      x: { label: axis, scale: "log" },
      y: { label: unit, scale: "log" },
      series: [
        { name: "measured", x, y: measured },
        { name: limitName, x, y: limit, reference: true },
      ],
    });
  return sheet({
    title,
    caption: `${fixed} From ${before.x} to ${last.x} the time grows with the power ${slope}. At most ${most} MiB beside an idle process and the result, of ${allowed} allowed.`,
    figures: [
      plot(
        "seconds",
        "Beside what the counted arithmetic takes at the machine's peak.",
        points.map(({ seconds }) => seconds),
        points.map(({ leastSeconds }) => leastSeconds),
        "FLOPs needed",
      ),
      // Nothing measurable is drawn as one MiB: a logarithm has no zero.
      plot(
        "MiB",
        "Beside the budget; nothing measurable is drawn as 1.",
        points.map(({ bytes }) => Math.max(1, bytes / MIB)),
        points.map(({ budget }) => budget / MIB),
        "budget",
      ),
    ],
  });
}

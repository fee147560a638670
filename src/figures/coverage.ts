// Scores of coverage: how training, test and foreign examples lie, and how well a score tells them apart.

import { quantile } from "../numeric/quantile.ts";
import type { Figure } from "./figure.ts";
import { formatNumber } from "./format.ts";
import { histogram } from "./histogram.ts";
import { lines } from "./lines.ts";

export interface CoverageGroups {
  /** "energy outside of the training span". */
  readonly score: string;
  readonly groups: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
  /** Above it a query counts as not covered, and how it was chosen: "95 % of held-out training examples". */
  readonly threshold?: { readonly value: number; readonly label: string };
  readonly log?: boolean;
}

/** Histograms of a score over each other, one outline a group. */
export function coverageFigure({ score, groups, threshold, log = false }: CoverageGroups): Figure {
  const medians = groups
    .map(({ name, values }) => ({ name, value: quantile(values, 0.5) }))
    .filter(({ value }) => Number.isFinite(value))
    .map(({ name, value }) => `${name} ${formatNumber(value)}`);
  const above = threshold ? ` The line: ${threshold.label}, ${formatNumber(threshold.value)}.` : "";
  return histogram({
    title: "How far queries are covered",
    caption: `${score[0].toUpperCase()}${score.slice(1)}; medians: ${medians.length > 0 ? medians.join(", ") : "none"}.${above}`,
    x: { label: score, scale: log ? "log" : "linear" },
    groups,
    guides: threshold ? [{ axis: "x", value: threshold.value, label: threshold.label }] : [],
  });
}

export interface RocFigure {
  /** "MNIST against notMNIST". */
  readonly of: string;
  readonly curves: readonly {
    readonly name: string;
    /** From 0 to 1, as long as each other. */
    readonly falsePositives: ArrayLike<number>;
    readonly truePositives: ArrayLike<number>;
    readonly auroc: number;
    readonly low?: number;
    readonly high?: number;
  }[];
}

/** Receiver operating characteristics, each with its area; 0.5 is chance. */
export function rocFigure({ of, curves }: RocFigure): Figure {
  const area = ({ auroc, low, high }: RocFigure["curves"][number]): string => {
    const interval = low === undefined || high === undefined ? "" : ` [${formatNumber(low)}, ${formatNumber(high)}]`;
    return `${formatNumber(auroc)}${interval}`;
  };
  const chance = { name: "chance", x: [0, 1], y: [0, 1], reference: true };
  return lines({
    title: `Telling foreign queries apart: ${of}`,
    caption: `Area under each curve: ${curves.map((one) => `${one.name} ${area(one)}`).join(", ")}. Chance is 0.5.`,
    x: { label: "share of covered queries called foreign", domain: [0, 1] },
    y: { label: "share of foreign queries called foreign", domain: [0, 1] },
    series: [
      ...curves.map(({ name, falsePositives, truePositives }) => ({ name, x: falsePositives, y: truePositives })),
      chance,
    ],
    height: 300,
  });
}

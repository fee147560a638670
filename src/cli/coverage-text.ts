// What `pathkernel coverage` prints: queries from the least covered on, or two sets and how well each score tells them apart.

import type { Separation } from "../diagnose/coverage-scores.ts";
import type { TrainingSpan } from "../diagnose/training-span.ts";
import { columns, grouped, interval, NONE, percent } from "./format.ts";

/** A query with what is said of it. */
export interface CoveredQuery {
  readonly query: string;
  readonly covered: number;
  /** |P_perp g|^2. */
  readonly energyOutside: number;
  /** The largest cosine with a training example's feature, and whose it is. */
  readonly similarity: number;
  readonly nearest: string | undefined;
  readonly nearestLabel: string | undefined;
  /** The class that is nearest on average. */
  readonly nearestClass: string | undefined;
  readonly predicted: string | undefined;
  readonly label: string | undefined;
}

/** A set of queries in a few numbers. */
export interface CoveredSet {
  readonly name: string;
  readonly queries: number;
  readonly median: number;
  /** 5 % are covered less. */
  readonly fivePercent: number;
  /** Part that is covered less than 5 % of held-out training examples are; absent where none are held out. */
  readonly below: number | undefined;
}

/** What 5 % of training examples that are not in the span are covered less than. */
export interface HeldOut {
  readonly examples: number;
  readonly fivePercent: number;
}

export function spanText(
  span: TrainingSpan,
  { step, held }: { readonly step: number; readonly held: HeldOut | undefined },
): string {
  const weak =
    span.weak === "ridge"
      ? `ridge ${Number((span.meanEnergy > 0 ? span.ridge / span.meanEnergy : 0).toPrecision(3))} of the mean |g|²`
      : `${grouped(span.rank as number)} directions above the tolerance`;
  const usual = held
    ? `5 % of ${grouped(held.examples)} training examples that are not in it are covered less than ${percent(held.fivePercent)}`
    : "no training example is left to say what is usual";
  return [
    `span of ${grouped(span.features)} training examples, ${span.kernel}, before step ${step}, ${weak}`,
    usual,
  ].join("\n");
}

const WORDS = "Not covered is not wrong: training moved little of what these outputs depend on.";

/** The `top` least covered queries. */
export function listText(rows: readonly CoveredQuery[], top: number): string {
  const head = ["query", "covered", "cosine", "nearest", "class", "predicted", "label"];
  const shown = rows
    .slice(0, top)
    .map((row) => [
      row.query,
      percent(row.covered),
      row.similarity.toFixed(3),
      row.nearest === undefined
        ? NONE
        : `${row.nearest}${row.nearestLabel === undefined ? "" : ` (${row.nearestLabel})`}`,
      row.nearestClass ?? NONE,
      row.predicted ?? NONE,
      row.label ?? NONE,
    ]);
  const rest = rows.length > top ? `\n${grouped(rows.length - top)} more are covered better (--top, --json)` : "";
  return `${columns([head, ...shown], [3, 4, 5, 6]).join("\n")}${rest}\n${WORDS}`;
}

export function setsText(sets: readonly CoveredSet[]): string {
  const head = ["set", "queries", "median", "5 % below", "below train's 5 %"];
  const rows = sets.map(({ name, queries, median, fivePercent, below }) => [
    name,
    grouped(queries),
    percent(median),
    percent(fivePercent),
    percent(below),
  ]);
  return columns([head, ...rows]).join("\n");
}

/** AUROC with its interval, and the false positive rate, of each score. */
export function separationText(separations: readonly Separation[]): string {
  const head = ["score", "AUROC", "95 %", "FPR at 95 % TPR"];
  const rows = separations.map(({ score, auroc, low, high, falsePositiveRate }) => [
    score,
    auroc.toFixed(3),
    interval(low, high),
    percent(falsePositiveRate),
  ]);
  const best = separations.reduce((a, b) => (b.auroc > a.auroc ? b : a));
  const said =
    best.score === "coverage"
      ? "Coverage tells them apart best of these."
      : `Of these ${best.score} tells them apart best, not coverage.`;
  return `${columns([head, ...rows]).join("\n")}\n${said} Intervals are DeLong's, of these queries under this model.\n${WORDS}`;
}

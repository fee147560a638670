// How good what a machine says is, and how like another's: errors with intervals, agreement, correlation.

import { pearson } from "../numeric/correlation.ts";
import type { ComparedPart, Said } from "./comparison-data.ts";

export interface Scores {
  /** Of classes the fraction named wrongly; of a regression the root of the mean square. */
  readonly error: number;
  /** Wilson's interval of 95 % of a fraction over the examples, the machine as it is; none of a regression. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /** Fraction of examples of which the network names the same class; none of a regression. */
  readonly agreement: number | undefined;
  /** Pearson's of the scores of both; none where either does not vary. */
  readonly correlation: number | undefined;
}

const Z = 1.959963984540054;

/** Wilson's score interval of a fraction of `count` trials (Wilson 1927). */
export function wilson(fraction: number, count: number): readonly [low: number, high: number] {
  const middle = fraction + Z ** 2 / (2 * count);
  const half = Z * Math.sqrt((fraction * (1 - fraction)) / count + Z ** 2 / (4 * count ** 2));
  const whole = 1 + Z ** 2 / count;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}

/** Pearson's correlation; undefined where either does not vary, or they are not as many. */
export function correlationOf(a: Float64Array, b: Float64Array): number | undefined {
  return a.length === b.length ? pearson(a, b) : undefined;
}

const shareOf = (count: number, holds: (i: number) => boolean): number =>
  Array.from({ length: count }, (_, i) => Number(holds(i))).reduce((total, value) => total + value, 0) / count;

export function errorOf(said: Said, { labels, targets }: ComparedPart): number {
  if (labels.length > 0) return shareOf(labels.length, (i) => said.classes[i] !== labels[i]);
  const { data } = said.scores;
  return Math.sqrt(data.reduce((total, value, at) => total + (value - targets.data[at]) ** 2, 0) / data.length);
}

export function scoresOf(said: Said, network: Said, part: ComparedPart): Scores {
  const { labels } = part;
  const error = errorOf(said, part);
  return {
    error,
    interval: labels.length > 0 ? wilson(error, labels.length) : undefined,
    agreement: labels.length > 0 ? shareOf(labels.length, (i) => said.classes[i] === network.classes[i]) : undefined,
    correlation: correlationOf(said.scores.data, network.scores.data),
  };
}

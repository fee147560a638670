// How well a score tells two labelled sets apart: ROC curve, its area with intervals (DeLong et al. 1988), error at a fixed sensitivity.

import { randomFrom } from "../numeric/random.ts";

/** Scores of the two sets: the larger, the more a point is held to be inside. */
export interface LabelledScores {
  /** In the distribution; the positives. */
  readonly inside: ArrayLike<number>;
  /** Outside; the negatives. */
  readonly outside: ArrayLike<number>;
}

/** The standard normal's 97.5 % quantile. */
const NORMAL_95 = 1.959963984540054;

function requireScores(where: string, { inside, outside }: LabelledScores): void {
  for (const [name, scores] of Object.entries({ inside, outside })) {
    if (scores.length === 0) throw new RangeError(`${where}: ${name} must hold a score, got none`);
    const bad = Array.prototype.findIndex.call(scores, Number.isNaN);
    if (bad >= 0) throw new RangeError(`${where}: ${name} must be numbers, got NaN at index ${bad}`);
  }
}

/** Ranks from 1 in ascending order; equal values get the mean of theirs. */
function midranks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, k) => k).sort((a, b) =>
    values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0,
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) ranks[order[k]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/**
 * Of each score, the part of the other set that it is on the right side of, ties counting half: DeLong's placements. The mean of either
 * is the area.
 */
function placements({ inside, outside }: LabelledScores): {
  readonly inside: Float64Array;
  readonly outside: Float64Array;
} {
  const [m, n] = [inside.length, outside.length];
  const all = new Float64Array(m + n);
  all.set(inside);
  all.set(outside, m);
  const [together, own, others] = [midranks(all), midranks(inside), midranks(outside)];
  return {
    inside: own.map((rank, i) => (together[i] - rank) / n),
    outside: others.map((rank, j) => 1 - (together[m + j] - rank) / m),
  };
}

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

function varianceOf(values: Float64Array): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

/**
 * The area under the ROC curve: P(s_in > s_out) + P(s_in = s_out) / 2 over all pairs, exactly (Mann and Whitney's U over their number).
 *
 * Cost: O(n log n). RangeError for a set without scores, or NaN.
 */
export function auroc(scores: LabelledScores): number {
  requireScores("auroc", scores);
  return mean(placements(scores).inside);
}

export interface AurocInterval {
  readonly auroc: number;
  /** 95 %, within [0, 1]. */
  readonly low: number;
  readonly high: number;
}

/**
 * The area with DeLong's 95 % interval: the variance is that of the placements of both sets, over their sizes. It speaks of these two
 * samples under one model, not of other seeds. It has no width where the sets do not overlap, and is NaN where one set has one score.
 *
 * @see DeLong, DeLong and Clarke-Pearson 1988; midranks as Sun and Xu 2014
 */
export function delongInterval(scores: LabelledScores): AurocInterval {
  requireScores("delongInterval", scores);
  const { inside, outside } = placements(scores);
  const area = mean(inside);
  const half = NORMAL_95 * Math.sqrt(varianceOf(inside) / inside.length + varianceOf(outside) / outside.length);
  return { auroc: area, low: Math.max(0, area - half), high: Math.min(1, area + half) };
}

export interface BootstrapOptions {
  readonly seed: number;
  /** Default 1000. */
  readonly resamples?: number;
}

/** The area with the 2.5 % and 97.5 % quantiles of its resamples, each set drawn with replacement from itself. Cost: that many areas. */
export function bootstrapInterval(scores: LabelledScores, { seed, resamples = 1000 }: BootstrapOptions): AurocInterval {
  const where = "bootstrapInterval";
  requireScores(where, scores);
  if (!(Number.isSafeInteger(resamples) && resamples >= 40))
    throw new RangeError(`${where}: resamples must be a whole number >= 40, got ${resamples}`);
  const random = randomFrom(seed, "bootstrap");
  const drawn = (from: ArrayLike<number>): Float64Array =>
    Float64Array.from({ length: from.length }, () => from[random.integer(from.length)]);
  const areas = Float64Array.from({ length: resamples }, () =>
    mean(placements({ inside: drawn(scores.inside), outside: drawn(scores.outside) }).inside),
  ).sort();
  const quantile = (q: number): number => areas[Math.round(q * (resamples - 1))];
  return { auroc: mean(placements(scores).inside), low: quantile(0.025), high: quantile(0.975) };
}

/** The ROC curve, from (0, 0) on: what is held to be inside where that is said of all scores >= threshold. */
export interface RocCurve {
  /** Descending; the first is Infinity. */
  readonly thresholds: Float64Array;
  /** Parts of `inside` that are held to be inside. */
  readonly truePositives: Float64Array;
  /** Parts of `outside` that are. */
  readonly falsePositives: Float64Array;
}

/** All points of the ROC curve, one for each different score. RangeError for a set without scores, or NaN. */
export function rocCurve(scores: LabelledScores): RocCurve {
  requireScores("rocCurve", scores);
  const { inside, outside } = scores;
  const descending = (values: ArrayLike<number>): Float64Array => Float64Array.from(values).sort().reverse();
  const [within, without] = [descending(inside), descending(outside)];
  const distinct = [...new Set([...within, ...without])].sort((a, b) => b - a);
  const thresholds = Float64Array.of(Number.POSITIVE_INFINITY, ...distinct);
  const [truePositives, falsePositives] = [within, without].map((sorted) => {
    let k = 0;
    return thresholds.map((threshold) => {
      while (k < sorted.length && sorted[k] >= threshold) k++;
      return k / sorted.length;
    });
  });
  return { thresholds, truePositives, falsePositives };
}

/**
 * The part of `outside` that passes for inside at the highest threshold that at least `sensitivity` of `inside` pass. Default 0.95: the
 * literature's FPR at 95 % TPR.
 */
export function falsePositiveRate(scores: LabelledScores, sensitivity = 0.95): number {
  requireScores("falsePositiveRate", scores);
  if (!(sensitivity > 0 && sensitivity <= 1))
    throw new RangeError(`falsePositiveRate: sensitivity must lie in (0, 1], got ${sensitivity}`);
  const { inside, outside } = scores;
  const sorted = Float64Array.from(inside).sort();
  // A rounding of sensitivity * n upwards must not ask for one more.
  const needed = Math.ceil(sensitivity * sorted.length - 1e-9);
  const threshold = sorted[sorted.length - needed];
  let passed = 0;
  for (let j = 0; j < outside.length; j++) if (outside[j] >= threshold) passed++;
  return passed / outside.length;
}

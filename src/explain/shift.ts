// How far chords move contributions from those along the steps' own lines (theory 1.8), measured on a sample.

import { sum } from "../numeric/sum.ts";
import type { StepRange } from "../train/trajectory.ts";
import type { ExplainedPart } from "./assemble.ts";
import type { Explanation, Shift } from "./types.ts";

/** The sample: some rows, on all of the run or on some of its chords. */
export interface ShiftSample {
  readonly rows: readonly number[];
  /** Undefined: all. */
  readonly chords: readonly StepRange[] | undefined;
  /** Averages along a line and of one row that it takes, over those of the explanation. */
  readonly cost: number;
}

export interface ShiftSampleOptions {
  readonly rows: number;
  readonly steps: number;
  readonly chord: number;
  /** What it may cost, relative to the explanation along chords. */
  readonly share: number;
}

/** `count` of 0 .. total - 1, each in the middle of its part. */
const spread = (count: number, total: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));

/**
 * Which rows and chords are explained along steps as well. As many rows as the share pays for on the whole run; where it does not pay for one,
 * as many chords of one row, which are then explained twice, at least one where that costs no more than the explanation. Undefined where
 * not even that fits.
 */
export function shiftSample({ rows, steps, chord, share }: ShiftSampleOptions): ShiftSample | undefined {
  const chords = Math.ceil(steps / chord);
  const own = rows * chords;
  const whole = Math.min(rows, Math.floor((share * own) / Math.max(1, steps)));
  if (whole >= 1) return { rows: spread(whole, rows), chords: undefined, cost: (whole * steps) / own };
  const each = Math.min(chord, steps) + 1;
  const affordable = Math.max(Math.floor((share * own) / each), share > 0 && each <= own ? 1 : 0);
  const count = Math.min(chords, affordable);
  if (count === 0) return undefined;
  const ranges = spread(count, chords).map((j) => ({ first: j * chord, end: Math.min(steps, (j + 1) * chord) }));
  return { rows: spread(1, rows), chords: ranges, cost: (count * each) / own };
}

/** Explains rows again: along steps or chords, on all steps or some. */
export type ExplainAgain = (part: {
  readonly rows: readonly number[];
  readonly chord: number;
  readonly range?: StepRange;
}) => Promise<ExplainedPart>;

/**
 * The shift of an explanation along chords, on the sample that `share` pays for; undefined where it pays for none. On a part of the chords, what is
 * compared are the contributions that their steps make to the change along them: what a momentum carries from one chord into another is not in it.
 */
export async function measureShift(
  explanation: Explanation,
  share: number,
  again: ExplainAgain,
): Promise<Shift | undefined> {
  const { rows: labels, steps, chord, examples } = explanation;
  const sample = shiftSample({ rows: labels.length, steps, chord, share });
  if (!sample) return undefined;
  const { rows, chords } = sample;
  const chordwise = new Float64Array(rows.length * examples);
  const stepwise = new Float64Array(rows.length * examples);
  let nodes = 0;
  const add = (total: Float64Array, part: ExplainedPart): void => {
    for (let k = 0; k < total.length; k++) total[k] += part.contributions[k];
    nodes += part.cost.nodes;
  };
  if (chords) {
    for (const range of chords) {
      add(chordwise, await again({ rows, chord, range }));
      add(stepwise, await again({ rows, chord: 1, range }));
    }
  } else {
    rows.forEach((row, k) => {
      chordwise.set(explanation.contributions.subarray(row * examples, (row + 1) * examples), k * examples);
    });
    add(stepwise, await again({ rows, chord: 1 }));
  }
  const ofChords = Math.ceil(steps / chord);
  return {
    ...difference(chordwise, stepwise),
    queries: rows.map((row) => labels[row].query),
    chords: chords?.length ?? ofChords,
    ofChords,
    cost: nodes / Math.max(1, explanation.cost.nodes),
  };
}

/** ||a - b|| / ||b||, 0 where both are equal, and Pearson's correlation, 1 where both are constant. */
export function difference(a: Float64Array, b: Float64Array): Pick<Shift, "relative" | "correlation"> {
  const norm = (values: Float64Array): number => Math.sqrt(sum(values.map((value) => value * value)));
  const apart = norm(a.map((value, k) => value - b[k]));
  const centred = (values: Float64Array): Float64Array => {
    const mean = sum(values) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [centred(a), centred(b)];
  const spreads = norm(x) * norm(y);
  const correlation = spreads === 0 ? 1 : sum(x.map((value, k) => value * y[k])) / spreads;
  return { relative: apart === 0 ? 0 : apart / norm(b), correlation };
}

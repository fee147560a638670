// How far chords move contributions from those along the steps' own lines (theory 1.8), measured on a sample.

import { sum } from "../numeric/sum.ts";
import type { StepRange } from "../train/trajectory.ts";
import type { ExplainedPart } from "./assemble.ts";
import type { Explanation, Shift } from "./types.ts";

/** The sample: some rows, on all of the run or on some of its chords. */
export interface ShiftSample {
  readonly rows: readonly number[];
  /** How many; all of them when there is no more to be chosen. */
  readonly chords: number;
  /** Steps before a chord on which what a momentum carried out of it is followed: whole chords. */
  readonly tail: number;
  /** Averages along a line and of one row that it takes, over those of the explanation. */
  readonly cost: number;
}

export interface ShiftSampleOptions {
  readonly rows: number;
  readonly steps: number;
  readonly chord: number;
  /** What it may cost, relative to the explanation along chords. */
  readonly share: number;
  /** What is left of the optimizer's momentum after a step; 0 without one. */
  readonly memory: number;
}

/** Momentum is followed until so much of it is left. */
const FORGOTTEN = 0.01;

/** `count` of 0 .. total - 1, each in the middle of its part. */
const spread = (count: number, total: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));

type Dimensions = Omit<ShiftSampleOptions, "share">;

/** Chords before a chord on which its momentum is followed, and the averages that measuring one chord of one row takes. */
function ofOneChord({ steps, chord, memory }: Dimensions): { readonly tail: number; readonly each: number } {
  const followed = memory === 0 ? 0 : Math.ceil(Math.log(FORGOTTEN) / Math.log(memory) / chord);
  const tail = Math.min(followed, Math.ceil(steps / chord) - 1);
  // A chord is explained along itself and along its steps, those before it both times along themselves.
  return { tail, each: Math.min(chord, steps) + 1 + 2 * tail };
}

/** The share from which on something is measured: one chord of one row. */
export function leastShare(dimensions: Dimensions): number {
  const { rows, steps, chord } = dimensions;
  return ofOneChord(dimensions).each / (rows * Math.ceil(steps / chord));
}

/**
 * Which rows are explained along steps as well, and on how many chords. As many rows as the share pays for on the whole run; where it does not pay
 * for one, as many chords of one row, at least one where that costs no more than the explanation. Undefined where not even that fits.
 */
export function shiftSample(options: ShiftSampleOptions): ShiftSample | undefined {
  const { rows, steps, chord, share } = options;
  const chords = Math.ceil(steps / chord);
  const own = rows * chords;
  const whole = Math.min(rows, Math.floor((share * own) / Math.max(1, steps)));
  if (whole >= 1) return { rows: spread(whole, rows), chords, tail: 0, cost: (whole * steps) / own };
  const { tail, each } = ofOneChord(options);
  const affordable = Math.max(Math.floor((share * own) / each), share > 0 && each <= own ? 1 : 0);
  const count = Math.min(chords, affordable);
  if (count === 0) return undefined;
  return { rows: spread(1, rows), chords: count, tail: tail * chord, cost: (count * each) / own };
}

/** Explains rows again, along chords but for those whose steps are taken apart; on all steps or some. */
export type ExplainAgain = (part: {
  readonly rows: readonly number[];
  readonly chord: number;
  readonly range?: StepRange;
  readonly apart?: StepRange;
}) => Promise<ExplainedPart>;

export interface MeasureOptions extends Pick<ShiftSampleOptions, "share" | "memory"> {
  /** ||w_end - w_first|| of every line of the explanation. */
  readonly lengths: Float64Array;
}

/** The square of the way along each chord, of all its lines where jumps cut it. */
function squaresOf({ steps, chord, lineEnds }: Explanation, lengths: Float64Array): Float64Array {
  const squares = new Float64Array(Math.ceil(steps / chord));
  lineEnds.forEach((last, k) => {
    squares[Math.floor(last / chord)] += lengths[k] ** 2;
  });
  return squares;
}

/** What chords `j` move contributions of some rows by: chords less steps, (rows, N), and the nodes that it took. */
async function movedBy(
  j: number,
  { explanation, sample, again }: { explanation: Explanation; sample: ShiftSample; again: ExplainAgain },
): Promise<{ readonly moved: Float64Array; readonly nodes: number }> {
  const { steps, chord } = explanation;
  const apart = { first: j * chord, end: Math.min(steps, (j + 1) * chord) };
  const range = { first: Math.max(0, apart.first - sample.tail), end: apart.end };
  const { rows } = sample;
  const [along, stepwise] = [await again({ rows, chord, range }), await again({ rows, chord, range, apart })];
  return {
    moved: along.contributions.map((value, k) => value - stepwise.contributions[k]),
    nodes: along.cost.nodes + stepwise.cost.nodes,
  };
}

/**
 * The shift of an explanation along chords, on the sample that `share` pays for; undefined where it pays for none. Where that is a part of the
 * chords, it is the longest ones, which move contributions most, and what they do is extended to all by the length of their ways: an estimate,
 * right to a factor of five wherever docs/chords.md
 * compares it.
 */
export async function measureShift(
  explanation: Explanation,
  { share, memory, lengths }: MeasureOptions,
  again: ExplainAgain,
): Promise<Shift | undefined> {
  const { rows: labels, steps, chord, examples, cost } = explanation;
  const sample = shiftSample({ rows: labels.length, steps, chord, share, memory });
  if (!sample) return undefined;
  const { rows, chords } = sample;
  const chordwise = new Float64Array(rows.length * examples);
  rows.forEach((row, k) => {
    chordwise.set(explanation.contributions.subarray(row * examples, (row + 1) * examples), k * examples);
  });
  const ofChords = Math.ceil(steps / chord);
  const about = { queries: rows.map((row) => labels[row].query), chords, ofChords };
  if (chords === ofChords) {
    const { contributions, cost: spent } = await again({ rows, chord: 1 });
    return { ...difference(chordwise, contributions), ...about, cost: spent.nodes / Math.max(1, cost.nodes) };
  }
  const squares = squaresOf(explanation, lengths);
  const longest = Array.from(squares.keys())
    .sort((a, b) => squares[b] - squares[a])
    .slice(0, chords);
  const total = new Float64Array(chordwise.length);
  let nodes = 0;
  for (const j of longest) {
    const { moved, nodes: spent } = await movedBy(j, { explanation, sample, again });
    for (let k = 0; k < total.length; k++) total[k] += moved[k];
    nodes += spent;
  }
  const reach = Math.sqrt(sum(squares) / sum(longest.map((j) => squares[j])));
  const stepwise = chordwise.map((value, k) => value - reach * total[k]);
  return { ...difference(chordwise, stepwise), ...about, cost: nodes / Math.max(1, cost.nodes) };
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

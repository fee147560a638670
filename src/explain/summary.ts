// What an explanation says at a glance: pull by label, strongest examples, and how much of the pushing cancels.

import type { Dataset } from "../data/types.ts";
import { VectorAccumulator } from "../numeric/sum.ts";
import type { Explanation } from "./types.ts";

/** The contributions of all examples with one label, added up. */
export interface LabelPull {
  /** The class's name; for a regression a range of targets: "0.1 to 0.7". */
  readonly label: string;
  /** What the label is: a class, a range of targets, several of them put together, or everything there is. */
  readonly kind: "class" | "range" | "others" | "all";
  /** Signed, in units of the readout. */
  readonly pull: number;
  /** Examples with this label whose contribution is not zero: those that never were in a batch do not count. */
  readonly count: number;
}

/** One example's signed share of the output, in units of the readout. */
export interface ExampleContribution {
  /** Index in the training split. */
  readonly example: number;
  readonly contribution: number;
}

interface Groups {
  readonly names: readonly Pick<LabelPull, "label" | "kind">[];
  /** Group of each training example: (N). */
  readonly of: Int32Array;
}

/** The contributions of one row: (N), a view. RangeError when there is no such row. */
export function contributionsOf(explanation: Explanation, row: number): Float64Array {
  const { contributions, examples, rows } = explanation;
  if (!Number.isInteger(row) || row < 0 || row >= rows.length) {
    throw new RangeError(`contributionsOf: row must be an integer in 0..${rows.length - 1}, got ${row}`);
  }
  return contributions.subarray(row * examples, (row + 1) * examples);
}

/**
 * Pull by label, from the strongest toward the readout to the strongest away from it; labels without examples are left out.
 *
 * A classification is grouped by class, a regression with one output by the quarters of its targets; examples with several labels or
 * targets are not grouped at all.
 * The pulls add up to `explanation.net[row]`. RangeError when the data set is not the one that was trained on.
 */
export function byLabel(explanation: Explanation, row: number, dataset: Dataset): LabelPull[] {
  const contributions = contributionsOf(explanation, row);
  const groups = groupsOf(dataset);
  if (groups.of.length !== contributions.length) {
    throw new RangeError(
      `byLabel: dataset must hold the ${contributions.length} examples of the explanation, got ${groups.of.length}`,
    );
  }
  const pulls = new VectorAccumulator(groups.names.length);
  const counts = new Int32Array(groups.names.length);
  const members = new Int32Array(groups.names.length);
  contributions.forEach((contribution, i) => {
    pulls.add(groups.of[i], contribution);
    members[groups.of[i]] += 1;
    if (contribution !== 0) counts[groups.of[i]] += 1;
  });
  const totals = pulls.values();
  return groups.names
    .map((name, g) => ({ ...name, pull: totals[g], count: counts[g] }))
    .filter((_, g) => members[g] > 0)
    .sort((a, b) => b.pull - a.pull);
}

/** The `limit` strongest labels in the order given, and the rest as one; `others` is undefined when there is no rest. */
export function condense(
  pulls: readonly LabelPull[],
  limit: number,
): { readonly strongest: LabelPull[]; readonly others: LabelPull | undefined } {
  // One label alone needs no "1 other label".
  if (pulls.length <= limit + 1) return { strongest: [...pulls], others: undefined };
  const kept = new Set([...pulls].sort((a, b) => Math.abs(b.pull) - Math.abs(a.pull)).slice(0, limit));
  const rest = pulls.filter((pull) => !kept.has(pull));
  const total = new VectorAccumulator(1);
  for (const { pull } of rest) total.add(0, pull);
  const count = rest.reduce((sum, group) => sum + group.count, 0);
  const label = `${rest.length} other ${rest[0].kind === "range" ? "ranges" : "labels"}`;
  return {
    strongest: pulls.filter((pull) => kept.has(pull)),
    others: { label, kind: "others", pull: total.values()[0], count },
  };
}

/** The k largest positive and the k largest negative contributions, strongest first; of equal ones the first example. */
export function strongest(
  explanation: Explanation,
  row: number,
  k: number,
): { readonly proponents: ExampleContribution[]; readonly opponents: ExampleContribution[] } {
  const all = Array.from(contributionsOf(explanation, row), (contribution, example) => ({ example, contribution }));
  const pick = (sign: 1 | -1): ExampleContribution[] =>
    all
      .filter(({ contribution }) => sign * contribution > 0)
      .sort((a, b) => sign * (b.contribution - a.contribution))
      .slice(0, k);
  return { proponents: pick(1), opponents: pick(-1) };
}

/** gross / |net| >= 1: 1 when nothing cancels, Infinity when everything does; 1 when there is nothing to cancel. */
export function cancellation(explanation: Explanation, row: number): number {
  contributionsOf(explanation, row);
  const [gross, net] = [explanation.gross[row], Math.abs(explanation.net[row])];
  return gross === 0 ? 1 : Math.max(1, gross / net);
}

/** The smallest number of examples whose |contributions| make up 80 % of gross; 0 when nothing contributed. */
export function examplesFor80(explanation: Explanation, row: number): number {
  const sizes = contributionsOf(explanation, row).map(Math.abs).sort().reverse();
  // The total is taken in the order of the loop, so that rounding cannot keep the loop from reaching it.
  const goal = 0.8 * sizes.reduce((sum, size) => sum + size, 0);
  let [count, reached] = [0, 0];
  while (reached < goal && count < sizes.length) reached += sizes[count++];
  return count;
}

function groupsOf({ task, classes, train }: Dataset): Groups {
  const { data, shape } = train.y;
  // An example whose positions have labels has no one label.
  const apart = data.length === shape[0];
  if (data instanceof BigInt64Array && apart) {
    const of = Int32Array.from(data, Number);
    const highest = of.reduce((max, label) => Math.max(max, label), classes.length - 1);
    const names = Array.from({ length: highest + 1 }, (_, k) => classes[k] ?? String(k));
    return { names: names.map((label) => ({ label, kind: "class" })), of };
  }
  if (task === "classification" || data instanceof BigInt64Array || !apart) {
    return { names: [{ label: "all examples", kind: "all" }], of: new Int32Array(shape[0]) };
  }
  return quartersOf(data);
}

/** Four groups of about equal size, equal targets in one group. */
function quartersOf(targets: Float32Array | Float64Array): Groups {
  const sorted = Float64Array.from(targets).sort();
  const cuts = [1, 2, 3].map((quarter) => sorted[Math.ceil((quarter * sorted.length) / 4) - 1]);
  const of = Int32Array.from(targets, (target) => cuts.filter((cut) => target > cut).length);
  const names = [0, 1, 2, 3].map((group) => {
    const members = sorted.filter((target) => cuts.filter((cut) => target > cut).length === group);
    const ends = [members[0], members[members.length - 1]].map((end) => String(Number((end ?? 0).toPrecision(3))));
    const label = ends[0] === ends[1] ? ends[0] : `${ends[0]} to ${ends[1]}`;
    return { label, kind: "range" as const };
  });
  return { names, of };
}

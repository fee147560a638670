// Contributions added up by any division of the training examples: labels, slices that the caller names, clusters.

import { VectorAccumulator } from "../numeric/sum.ts";
import { contributionsOf } from "./summary.ts";
import type { Explanation } from "./types.ts";

/** Every training example in one group. */
export interface Grouping {
  readonly names: readonly string[];
  /** Group of each training example: (N). */
  readonly of: Int32Array;
}

/** Some training examples under a name. */
export interface Slice {
  readonly name: string;
  /** Indices in the training split. */
  readonly examples: Iterable<number>;
}

export interface GroupPull {
  readonly group: string;
  /** Members, whether they contributed or not. */
  readonly members: number;
  /** Members whose contribution is not zero. */
  readonly count: number;
  /** Signed, in units of the readout. */
  readonly pull: number;
  /** Sum of the sizes of the members' contributions. */
  readonly gross: number;
}

/** What no slice names. */
export const OTHERS = "others";

/**
 * Slices as a division of `examples` training examples; those in no slice make the group `others`.
 *
 * Errors: RangeError for an index that is not there, one in two slices, or two slices of one name.
 */
export function groupingOfSlices(examples: number, slices: readonly Slice[]): Grouping {
  const names = slices.map(({ name }) => name);
  const twice = names.find((name, k) => names.indexOf(name) !== k || name === OTHERS);
  if (twice !== undefined)
    throw new RangeError(`groupingOfSlices: slices must have names of their own, none of them ${OTHERS}, got ${twice}`);
  const of = new Int32Array(examples).fill(-1);
  slices.forEach(({ name, examples: members }, group) => {
    for (const index of members) {
      if (!(Number.isInteger(index) && index >= 0 && index < examples))
        throw new RangeError(`groupingOfSlices: ${name} must hold indices in 0..${examples - 1}, got ${index}`);
      if (of[index] >= 0 && of[index] !== group)
        throw new RangeError(
          `groupingOfSlices: slices must not share examples, got ${index} in ${names[of[index]]} and ${name}`,
        );
      of[index] = group;
    }
  });
  if (of.every((group) => group >= 0)) return { names, of };
  return { names: [...names, OTHERS], of: of.map((group) => (group < 0 ? slices.length : group)) };
}

/** One name for each training example as a division, groups in the order in which they first occur. */
export function groupingOfNames(namesOfExamples: readonly string[]): Grouping {
  const places = new Map<string, number>();
  const of = Int32Array.from(namesOfExamples, (name) => {
    if (!places.has(name)) places.set(name, places.size);
    return places.get(name) as number;
  });
  return { names: [...places.keys()], of };
}

/**
 * The pull of each group, from the strongest toward the readout to the strongest away from it; groups without members are left out.
 *
 * The pulls add up to `explanation.net[row]`, and the gross ones to `explanation.gross[row]`, each to a rounding: sums are compensated.
 * Errors: RangeError where the grouping is not of the explanation's examples.
 */
export function byGroup(explanation: Explanation, row: number, { names, of }: Grouping): GroupPull[] {
  const contributions = contributionsOf(explanation, row);
  if (of.length !== contributions.length)
    throw new RangeError(
      `byGroup: grouping must be of the ${contributions.length} examples of the explanation, got ${of.length}`,
    );
  const bad = of.find((group) => !(group >= 0 && group < names.length));
  if (bad !== undefined) throw new RangeError(`byGroup: grouping must name groups 0..${names.length - 1}, got ${bad}`);
  const [pulls, sizes] = [new VectorAccumulator(names.length), new VectorAccumulator(names.length)];
  const [counts, members] = [new Int32Array(names.length), new Int32Array(names.length)];
  contributions.forEach((contribution, i) => {
    const group = of[i];
    pulls.add(group, contribution);
    sizes.add(group, Math.abs(contribution));
    members[group]++;
    if (contribution !== 0) counts[group]++;
  });
  return names
    .map((group, g) => ({
      group,
      members: members[g],
      count: counts[g],
      pull: pulls.valueAt(g),
      gross: sizes.valueAt(g),
    }))
    .filter((one) => one.members > 0)
    .sort((a, b) => b.pull - a.pull);
}

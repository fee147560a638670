// What is said of an explanation's path: along what Jacobians were averaged, and how far that moved contributions.

import type { Explanation, Shift } from "../explain/types.ts";
import { grouped } from "./format.ts";

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** "moved by 0.58 % from those of the steps' own lines (correlation 0.9999), measured on test:7, all chords, at 0.24 of the cost". */
export function shiftText({ relative, correlation, queries, chords, ofChords, cost }: Shift): string {
  const [first] = queries;
  const rows = queries.length === 1 ? first : `${first} and ${queries.length - 1} more`;
  const sample = chords === ofChords ? "" : `, ${grouped(chords)} of ${grouped(ofChords)} chords`;
  const moved = `moved by ${percent(relative)} from those of the steps' own lines (correlation ${correlation.toFixed(4)})`;
  return `${moved}, measured on ${rows}${sample}, at ${Number(cost.toPrecision(2))} of the cost`;
}

/** One line for chords and superpositions; undefined for the steps' own lines. */
export function pathText({ path, chord, lineEnds, rows, steps, shift }: Explanation): string | undefined {
  if (path === "steps") return undefined;
  const lines =
    path === "superposition"
      ? `superposition, one chord over all ${grouped(steps)} steps`
      : `${grouped(lineEnds.length)} chord${lineEnds.length === 1 ? "" : "s"} of at most ${grouped(chord)} steps`;
  if (shift) return `path: ${lines}; contributions ${shiftText(shift)}`;
  const apart = "are not those of the steps' own lines; by how much was not measured";
  if (path === "superposition") return `path: ${lines}; contributions ${apart}`;
  // What the smallest sample costs, a chord of one row: see `shiftSample`.
  const share = (Math.min(chord, steps) + 1) / (rows.length * Math.ceil(steps / chord));
  return `path: ${lines}; contributions ${apart} (--shift ${Math.ceil(10 * share) / 10} would pay for it)`;
}

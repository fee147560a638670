// What is said of an explanation's path: along what Jacobians were averaged, and how far that moved contributions.

import { leastShare } from "../explain/shift.ts";
import type { Explanation, Shift } from "../explain/types.ts";
import { finePercent, grouped } from "./format.ts";

/** "moved by 0.58 % from those of the steps' own lines (correlation 0.9999), measured on test:7 at 0.24 of the cost". */
export function shiftText({ relative, correlation, queries, chords, ofChords, cost }: Shift): string {
  const [first] = queries;
  const rows = queries.length === 1 ? first : `${first} and ${queries.length - 1} more`;
  const whole = chords === ofChords;
  const sample = whole
    ? `measured on ${rows}`
    : `estimated from the ${grouped(chords)} longest of ${grouped(ofChords)} chords on ${rows}`;
  const moved = `moved by ${whole ? "" : "about "}${finePercent(relative)} from those of the steps' own lines (correlation ${correlation.toFixed(4)})`;
  return `${moved}, ${sample} at ${Number(cost.toPrecision(2))} of the cost`;
}

/** "3 chords of at most 10 steps"; undefined for the steps' own lines. */
export function linesText({ path, chord, lineEnds, steps }: Explanation): string | undefined {
  if (path === "steps") return undefined;
  if (path === "superposition") return `superposition, one chord over all ${grouped(steps)} steps`;
  return `${grouped(lineEnds.length)} chord${lineEnds.length === 1 ? "" : "s"} of at most ${grouped(chord)} steps`;
}

/** One line for chords and superpositions; undefined for the steps' own lines. `memory`: what an optimizer's momentum keeps in a step. */
export function pathText(explanation: Explanation, memory: number): string | undefined {
  const { path, chord, rows, steps, shift } = explanation;
  const lines = linesText(explanation);
  if (lines === undefined) return undefined;
  if (shift) return `path: ${lines}; contributions ${shiftText(shift)}`;
  const apart = "are not those of the steps' own lines; by how much was not measured";
  if (path === "superposition") return `path: ${lines}; contributions ${apart}`;
  const share = leastShare({ rows: rows.length, steps, chord, memory });
  return `path: ${lines}; contributions ${apart} (--shift ${Math.ceil(10 * share) / 10} would pay for it)`;
}

// Puts the parts of an explanation together: sums over examples, terms that are there, and the closure.

import { Accumulator, sum } from "../numeric/sum.ts";
import type { Run } from "../run/types.ts";
import type { Task } from "../train/task.ts";
import type { PreparedRows } from "./prepare.ts";
import { termNames } from "./terms.ts";
import type { Explanation, QuadratureCost, Term } from "./types.ts";

/** What some rows got; rows of several parts follow one another. */
export interface ExplainedPart {
  /** (R, N). */
  readonly contributions: Float64Array;
  /** (R, S). */
  readonly residualByStep: Float64Array;
  /** By the names of the task's terms, (R) each. */
  readonly terms: Readonly<Record<string, Float64Array>>;
  readonly lineEnds: Int32Array;
  readonly cost: QuadratureCost;
}

export interface Assembly {
  readonly task: Task;
  readonly run: Run;
  readonly prepared: PreparedRows;
  readonly parts: readonly ExplainedPart[];
  readonly rule: string;
  readonly tolerance: number;
  /** Steps that a line replaces. */
  readonly chord: number;
  readonly path?: Explanation["path"];
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  if (arrays.length === 1) return arrays[0];
  const result = new Float64Array(arrays.reduce((size, { length }) => size + length, 0));
  let offset = 0;
  for (const array of arrays) {
    result.set(array, offset);
    offset += array.length;
  }
  return result;
}

export function assemble({ task, run, prepared, parts, rule, tolerance, chord, path }: Assembly): Explanation {
  const { rows, output, prior, scale } = prepared;
  const examples = task.dataset.train.x.shape[0];
  const steps = run.batches.length;
  const contributions = joined(parts.map((part) => part.contributions));
  const residualByStep = joined(parts.map((part) => part.residualByStep));
  const terms: Term[] = termNames(task)
    .map((name) => ({ name, values: joined(parts.map((part) => part.terms[name])) }))
    .filter((term) => term.values.some((value) => value !== 0));
  const rowsOfMatrix = (matrix: Float64Array, width: number): Float64Array[] =>
    Array.from(output, (_, r) => matrix.subarray(r * width, (r + 1) * width));
  const net = Float64Array.from(rowsOfMatrix(contributions, examples), sum);
  const gross = Float64Array.from(rowsOfMatrix(contributions, examples), (row) => sum(row.map(Math.abs)));
  const residual = Float64Array.from(rowsOfMatrix(residualByStep, steps), sum);
  const closure = output.map((value, r) => {
    const left = new Accumulator();
    for (const part of [value, -prior[r], -net[r], -residual[r], ...terms.map((term) => -term.values[r])])
      left.add(part);
    return left.value;
  });
  const cost = { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 };
  for (const part of parts) for (const key of Object.keys(cost) as (keyof typeof cost)[]) cost[key] += part.cost[key];
  return {
    rows: rows.labels,
    examples,
    steps,
    output,
    prior,
    contributions,
    terms,
    residual,
    residualByStep,
    closure,
    gross,
    net,
    rule,
    path: path ?? (chord > 1 ? "chords" : "steps"),
    chord,
    lineEnds: parts[0].lineEnds,
    shift: undefined,
    tolerance,
    scale,
    cost,
  };
}

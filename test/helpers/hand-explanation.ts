// Explanations whose numbers a test says.

import type { Explanation } from "../../src/explain/types.ts";

/** Rows of contributions, and zeros for all else. */
export function explanationOf(...rows: readonly (readonly number[])[]): Explanation {
  const zeros = (): Float64Array => new Float64Array(rows.length);
  const sumOf = (row: readonly number[]): number => row.reduce((total, value) => total + value, 0);
  return {
    rows: rows.map((_, q) => ({ query: `test:${q}`, readout: "margin:0-1" })),
    examples: rows[0].length,
    steps: 0,
    output: zeros(),
    prior: zeros(),
    contributions: Float64Array.from(rows.flat()),
    terms: [],
    residual: zeros(),
    residualByStep: new Float64Array(0),
    closure: zeros(),
    gross: Float64Array.from(rows, (row) => sumOf(row.map(Math.abs))),
    net: Float64Array.from(rows, sumOf),
    rule: "auto",
    path: "steps",
    chord: 1,
    lineEnds: new Int32Array(0),
    shift: undefined,
    tolerance: 1e-4,
    scale: 1,
    cost: { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 },
  };
}

import { describe, expect, it } from "vitest";
import type { Explanation } from "../../src/explain/types.ts";
import { CLOSURE_LIMITS, verdictOf } from "../../src/explain/verdict.ts";

/** Two rows that hold, with some parts replaced. */
function explanation(changed: Partial<Record<keyof Explanation, unknown>> = {}): Explanation {
  const of = (...values: number[]) => Float64Array.from(values);
  return {
    rows: [
      { query: "test:0", readout: "output:0" },
      { query: "test:1", readout: "output:0" },
    ],
    examples: 1,
    steps: 1,
    output: of(2, -1),
    prior: of(0, 1),
    contributions: of(2, -2),
    terms: [],
    residual: of(1e-7, -2e-7),
    residualByStep: of(1e-7, -2e-7),
    closure: of(1e-14, -4e-14),
    gross: of(10, 20),
    net: of(2, -2),
    rule: "auto",
    path: "steps",
    chord: 1,
    lineEnds: Int32Array.of(0),
    shift: undefined,
    tolerance: 1e-6,
    scale: 2,
    cost: { probes: 0, nodes: 0, atNoiseFloor: 0, unresolved: 0 },
    ...(changed as object),
  };
}

const of = (...values: number[]) => Float64Array.from(values);

describe("verdictOf(explanation, dtype)", () => {
  it("measures the residual against scale, and the closure of each row against its gross", () => {
    const verdict = verdictOf(explanation(), "float64");
    expect(verdict.passed).toBe(true);
    expect(verdict.residual).toEqual({ max: 2e-7, relative: 1e-7, limit: 1e-6, holds: true });
    expect(verdict.closure).toMatchObject({ max: 4e-14, limit: 1e-12, holds: true });
    expect(verdict.closure.relative).toBeAllclose(2e-15, { rtol: 1e-12 });
  });

  it("fails on a residual above the tolerance", () => {
    const verdict = verdictOf(explanation({ residual: of(2.1e-6, 0) }), "float64");
    expect(verdict).toMatchObject({ passed: false, residual: { holds: false }, closure: { holds: true } });
    expect(verdictOf(explanation({ residual: of(2e-6, 0) }), "float64").passed).toBe(true);
  });

  it("fails on a closure above rounding, in the dtype of the run", () => {
    const open = explanation({ closure: of(0, 1e-9) });
    expect(verdictOf(open, "float64")).toMatchObject({
      passed: false,
      residual: { holds: true },
      closure: { holds: false },
    });
    expect(verdictOf(open, "float32").passed).toBe(true);
    expect(CLOSURE_LIMITS).toEqual({ float64: 1e-12, float32: 1e-5 });
  });

  it("takes the size of the outputs where next to nothing was pushed", () => {
    const still = { gross: of(0, 0), output: of(3, 0), prior: of(3, -4), closure: of(2e-12, 3e-12) };
    const { closure } = verdictOf(explanation(still), "float64");
    expect(closure).toMatchObject({ max: 3e-12, holds: true });
    expect(closure.relative).toBeAllclose(0.75e-12, { rtol: 1e-12 });
  });

  it.each([Number.NaN, Infinity, -Infinity])("fails on %s anywhere, in any order of rows", (bad) => {
    for (const values of [of(bad, 0), of(0, bad), of(bad, 1e-20)]) {
      expect(verdictOf(explanation({ residual: values }), "float64").residual.holds).toBe(false);
      expect(verdictOf(explanation({ closure: values }), "float64").closure.holds).toBe(false);
    }
  });

  it("fails on a closure where nothing was there to be closed", () => {
    const nothing = { gross: of(0, 0), output: of(0, 0), prior: of(0, 0), closure: of(1e-300, 0) };
    expect(verdictOf(explanation(nothing), "float64").closure).toMatchObject({ relative: Infinity, holds: false });
    expect(verdictOf(explanation({ ...nothing, closure: of(0, 0) }), "float64").passed).toBe(true);
  });
});

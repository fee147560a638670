// What is Pareto-optimal, and that the figure shows every method.

import { describe, expect, it } from "vitest";
import { isPareto, type Measured } from "../../bench/chord-methods.ts";
import { paretoFigure } from "../../bench/pareto-figure.ts";

const method = (name: string, kind: Measured["kind"], gradients: number, error: number): Measured => ({
  method: name,
  kind,
  gradients,
  error,
  slopes: 0,
  ms: 1,
  residual: 0,
  correlation: 1,
});

const methods = [
  method("left", "steps", 100, 0.01),
  method("exact", "steps", 400, 0),
  method("ten", "chords", 10, 0.02),
  method("wasteful", "chords", 40, 0.02),
  method("all", "superposition", 1, 0.2),
  method("checkpoints", "TracIn-CP", 10, 0.3),
];

describe("isPareto(one, all)", () => {
  it("holds where nothing as cheap is nearer and nothing as near is cheaper", () => {
    expect(methods.filter((one) => isPareto(one, methods)).map((one) => one.method)).toEqual([
      "left",
      "exact",
      "ten",
      "all",
    ]);
    // Equals do not push each other out.
    expect(isPareto(methods[0], [methods[0], { ...methods[0], method: "again" }])).toBe(true);
  });
});

describe("paretoFigure(data)", () => {
  it("has a named mark for every method, and names the best from cheap to dear", () => {
    const svg = paretoFigure({ title: "T", methods }).svg();
    for (const { method: name } of methods) expect(svg).toContain(`<title>${name}</title>`);
    expect(svg).toContain("all; ten; left; exact.");
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

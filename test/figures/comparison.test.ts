// The figure of compared machines: a row for each that there is, with its interval in percent; none for what could not be had.

import { describe, expect, it } from "vitest";
import { comparisonFigure } from "../../src/figures/comparison.ts";
import type { MachineComparison } from "../../src/machines/compare.ts";

const comparison: MachineComparison = {
  ...{ kind: "classification", train: 300, trainAll: 1437, test: 200, seed: 0 },
  results: [
    { name: "network", machine: "network", error: 0.115, interval: [0.078, 0.167], agreement: 1, correlation: 1 },
    { name: "linearised", machine: "linearised", failure: "training diverged" },
    { name: "K_T svm", machine: "tangent", solver: "svm", step: 230, error: 0.08, interval: [0.05, 0.126] },
  ],
};

describe("comparisonFigure", () => {
  it("has a row for each machine that there is, in percent", () => {
    const { table, caption, svg } = comparisonFigure(comparison);
    const cells = table.rows.map((row) => row.map((cell) => (typeof cell === "string" ? cell : cell.value)));
    expect(cells.map(([name]) => name)).toEqual(["network", "K_T svm"]);
    expect(cells[1].filter((cell) => typeof cell === "number")).toBeAllclose([8, 5, 12.6], { rtol: 1e-12, atol: 0 });
    expect(caption).toBe(
      "200 test examples; the network was trained on 1,437, machines over kernels on 300 of them. Bars are 95 % intervals over test examples.",
    );
    expect(svg()).toContain("test error, %");
    expect(svg()).not.toContain("linearised");
  });

  it("of a regression has errors without intervals, in the targets' units", () => {
    const results = [{ name: "network", machine: "network", error: 0.4 }] as const;
    const { table, caption, svg } = comparisonFigure({ ...comparison, kind: "regression", train: 1437, results });
    expect(table.rows[0].filter((cell) => typeof cell !== "string").map((cell) => cell.value)).toContain(0.4);
    expect(caption).toBe("200 test examples; the network was trained on 1,437.");
    expect(svg()).toContain("root mean square error");
  });
});

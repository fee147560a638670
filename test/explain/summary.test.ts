// What summaries say of small explanations whose numbers are known by hand.

import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/types.ts";
import {
  byLabel,
  cancellation,
  condense,
  contributionsOf,
  examplesFor80,
  type LabelPull,
  strongest,
} from "../../src/explain/summary.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { explanationOf } from "../helpers/hand-explanation.ts";

function classified(labels: readonly number[], classes: readonly string[] = ["cat", "dog", "owl"]): Dataset {
  const split = { x: reals([labels.length, 1], labels), y: integers([labels.length], labels) };
  return { source: "hand", task: "classification", classes, inputShape: [1], train: split, test: split, sha256: "" };
}

function regression(targets: readonly number[], outputs = 1): Dataset {
  const n = targets.length / outputs;
  const split = { x: reals([n, 1], new Array(n).fill(0)), y: reals([n, outputs], targets) };
  return { source: "hand", task: "regression", classes: [], inputShape: [1], train: split, test: split, sha256: "" };
}

const pull = (label: string, value: number, count = 1): LabelPull => ({ label, kind: "class", pull: value, count });

describe("byLabel(explanation, row, dataset)", () => {
  it("adds up each row by class, the strongest pull toward the readout first", () => {
    const explanation = explanationOf([1, 2, -4, 0.5], [0, 0, 0, 8]);
    const dataset = classified([0, 1, 0, 1]);
    // Row 0: cat 1 - 4, dog 2 + 0.5. Nobody is an owl.
    expect(byLabel(explanation, 0, dataset)).toEqual([pull("dog", 2.5, 2), pull("cat", -3, 2)]);
    expect(byLabel(explanation, 1, dataset)).toEqual([pull("dog", 8, 1), pull("cat", 0, 0)]);
  });

  it("loses nothing to cancellation within a class", () => {
    // In plain float64 sums 1e17 + 1 - 1e17 is 0.
    expect(byLabel(explanationOf([1e17, 1, -1e17]), 0, classified([2, 2, 2]))).toEqual([pull("owl", 1, 3)]);
  });

  it("names a class that has no name by its number", () => {
    expect(byLabel(explanationOf([1, 2]), 0, classified([0, 1], [])).map(({ label }) => label)).toEqual(["1", "0"]);
  });

  it("groups a regression by quarters of its targets, equal targets together", () => {
    // Sorted: 1 1 | 1 2 | 3 4 | 5 9; the first cut falls on 1, so all three ones are in the first group.
    const explanation = explanationOf([10, 1, 10, 100, 1000, 10, 1000, 100]);
    const groups = byLabel(explanation, 0, regression([1, 2, 1, 3, 5, 1, 9, 4]));
    expect(groups.map(({ label, pull: sum, count }) => [label, sum, count])).toEqual([
      ["5 to 9", 2000, 2],
      ["3 to 4", 200, 2],
      ["1", 30, 3],
      ["2", 1, 1],
    ]);
    expect(groups.every(({ kind }) => kind === "range")).toBe(true);
  });

  it("keeps a regression with several outputs in one group", () => {
    const [all, ...none] = byLabel(explanationOf([1, 2]), 0, regression([1, 2, 3, 4], 2));
    expect([all, none]).toEqual([{ label: "all examples", kind: "all", pull: 3, count: 2 }, []]);
  });

  it("refuses a data set of another size and a row that is not there", () => {
    const explanation = explanationOf([1, 2]);
    const message = "byLabel: dataset must hold the 2 examples of the explanation, got 3";
    expect(() => byLabel(explanation, 0, classified([0, 1, 2]))).toThrow(new RangeError(message));
    expect(() => byLabel(explanation, 1, classified([0, 1]))).toThrow("row must be an integer in 0..0, got 1");
    expect(() => contributionsOf(explanation, 0.5)).toThrow(RangeError);
  });
});

describe("condense(pulls, limit)", () => {
  it("keeps the strongest whatever their sign, in order, and adds up the rest", () => {
    const { strongest: kept, others } = condense([pull("a", 5), pull("b", 1, 3), pull("c", -1, 4), pull("d", -9)], 2);
    expect(kept.map(({ label }) => label)).toEqual(["a", "d"]);
    expect(others).toEqual({ label: "2 other labels", kind: "others", pull: 0, count: 7 });
  });

  it("never makes a rest of one label", () => {
    const pulls = [pull("a", 5), pull("b", 1), pull("c", -1)];
    expect(condense(pulls, 2)).toEqual({ strongest: pulls, others: undefined });
  });
});

describe("strongest(explanation, row, k)", () => {
  it("gives k examples on each side, strongest first, the first of equal ones first", () => {
    const explanation = explanationOf([0.5, -3, 2, 0, 2, -1]);
    const { proponents, opponents } = strongest(explanation, 0, 2);
    expect(proponents).toEqual([
      { example: 2, contribution: 2 },
      { example: 4, contribution: 2 },
    ]);
    expect(opponents).toEqual([
      { example: 1, contribution: -3 },
      { example: 5, contribution: -1 },
    ]);
  });

  it("does not fill a side with examples of the other sign, nor with zeros", () => {
    expect(strongest(explanationOf([1, 0, 2]), 0, 5).opponents).toEqual([]);
    expect(strongest(explanationOf([1, 0, 2]), 0, 5).proponents).toHaveLength(2);
  });
});

describe("cancellation(explanation, row)", () => {
  it("is gross over |net|, at least 1", () => {
    expect(cancellation(explanationOf([3, -1]), 0)).toBe(2);
    expect(cancellation(explanationOf([-3, -1]), 0)).toBe(1);
  });

  it("is infinite where everything cancels and 1 where there is nothing", () => {
    expect(cancellation(explanationOf([3, -3]), 0)).toBe(Infinity);
    expect(cancellation(explanationOf([0, 0]), 0)).toBe(1);
  });
});

describe("examplesFor80(explanation, row)", () => {
  it("is the smallest number of examples that make up 80 % of gross", () => {
    // Gross 10: 5 + 3 = 8.
    expect(examplesFor80(explanationOf([1, -5, 3, -1]), 0)).toBe(2);
    // Gross 11: 5 + 3 = 8 < 8.8.
    expect(examplesFor80(explanationOf([1, -5, 3, -1, 1]), 0)).toBe(3);
  });

  it("is 0 where nothing contributed, and at most all examples whatever rounding does", () => {
    expect(examplesFor80(explanationOf([0, 0]), 0)).toBe(0);
    expect(examplesFor80(explanationOf(new Array(1000).fill(0.1)), 0)).toBeLessThanOrEqual(801);
  });
});

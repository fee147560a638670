import { describe, expect, it } from "vitest";
import { byGroup, groupingOfNames, groupingOfSlices } from "../../src/explain/grouping.ts";
import { byLabel } from "../../src/explain/summary.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { sum } from "../../src/numeric/sum.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { explanationOf } from "../helpers/hand-explanation.ts";

describe("byGroup(explanation, row, grouping)", () => {
  const explanation = explanationOf([1, -2, 0, 4, 0.5], [0, 0, 0, 0, 0]);

  it("adds up slices and what is in none of them", () => {
    const grouping = groupingOfSlices(5, [
      { name: "early", examples: [0, 1] },
      { name: "late", examples: [2, 4] },
    ]);
    expect(byGroup(explanation, 0, grouping)).toEqual([
      { group: "others", members: 1, count: 1, pull: 4, gross: 4 },
      { group: "late", members: 2, count: 1, pull: 0.5, gross: 0.5 },
      { group: "early", members: 2, count: 2, pull: -1, gross: 3 },
    ]);
    expect(byGroup(explanation, 1, grouping).map(({ count, pull }) => [count, pull])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(groupingOfSlices(2, [{ name: "all", examples: [0, 1, 1] }]).names).toEqual(["all"]);
  });

  it("adds up names of examples, and labels as byLabel does", () => {
    expect(
      byGroup(explanation, 0, groupingOfNames(["b", "a", "b", "a", "c"])).map(({ group, pull }) => [group, pull]),
    ).toEqual([
      ["a", 2],
      ["b", 1],
      ["c", 0.5],
    ]);
    const split = { x: reals([5, 1], [0, 0, 0, 0, 0]), y: integers([5], [1, 0, 1, 0, 2]) };
    const dataset = {
      source: "hand",
      task: "classification",
      classes: ["a", "b", "c"],
      inputShape: [1],
      train: split,
      test: split,
      sha256: "",
    } as const;
    const own = byGroup(explanation, 0, groupingOfNames(["b", "a", "b", "a", "c"]));
    expect(byLabel(explanation, 0, dataset).map(({ label, pull, count }) => [label, pull, count])).toEqual(
      own.map(({ group, pull, count }) => [group, pull, count]),
    );
  });

  it("adds up to net and gross to a rounding, where numbers of many sizes cancel", () => {
    const random = randomFrom(3, "groups");
    const row = Array.from({ length: 4000 }, (_, i) => random.normal() * 10 ** ((i % 13) - 6));
    const many = {
      ...explanationOf(row),
      net: Float64Array.of(sum(row)),
      gross: Float64Array.of(sum(row.map(Math.abs))),
    };
    const groups = byGroup(many, 0, groupingOfNames(row.map((_, i) => String(i % 37))));
    expect(Math.abs(sum(groups.map(({ pull }) => pull)) - many.net[0])).toBeLessThanOrEqual(2 ** -52 * many.gross[0]);
    expect(sum(groups.map(({ gross }) => gross))).toBeAllclose(many.gross[0], { rtol: 1e-15 });
  });

  it("refuses slices that share examples or names, and groupings of other examples", () => {
    const slices =
      (...all: [string, number[]][]) =>
      () =>
        groupingOfSlices(
          3,
          all.map(([name, examples]) => ({ name, examples })),
        );
    expect(slices(["a", [0, 1]], ["b", [1]])).toThrow("slices must not share examples, got 1 in a and b");
    expect(slices(["a", [0]], ["a", [1]])).toThrow("slices must have names of their own, none of them others, got a");
    expect(slices(["others", [0]])).toThrow("got others");
    expect(slices(["a", [3]])).toThrow("groupingOfSlices: a must hold indices in 0..2, got 3");
    expect(() => byGroup(explanation, 0, groupingOfNames(["a"]))).toThrow(
      "grouping must be of the 5 examples of the explanation, got 1",
    );
    expect(() => byGroup(explanation, 0, { names: ["a"], of: new Int32Array(5).fill(1) })).toThrow(
      "grouping must name groups 0..0, got 1",
    );
  });
});

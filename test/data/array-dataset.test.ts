// Data sets of arrays in memory: labels or numbers, with or without a test part, and what does not fit.

import { expect, it } from "vitest";
import { arrayDataset } from "../../src/data/array-dataset.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";

const x = reals([3, 2], [1, 2, 3, 4, 5, 6]);

it("class labels make a classification with the classes that occur, numbers a regression", () => {
  const labelled = arrayDataset({ train: { x, y: integers([3], [0, 2, 0]) } });
  expect(labelled).toMatchObject({ task: "classification", classes: ["0", "1", "2"], inputShape: [2] });
  expect(labelled.test.x.shape).toEqual([0, 2]);
  const numbers = arrayDataset({ train: { x, y: reals([3, 1], [1, 2, 3]) }, test: { x, y: reals([3, 1], [0, 0, 0]) } });
  expect(numbers).toMatchObject({ task: "regression", classes: [] });
  expect(numbers.test.y.shape).toEqual([3, 1]);
  const named = arrayDataset({ train: { x, y: integers([3], [0, 1, 0]) }, classes: ["inside", "outside"] });
  expect(named.classes).toEqual(["inside", "outside"]);
});

it("refuses examples without targets, and data that do not fit their shapes", () => {
  expect(() => arrayDataset({ train: { x, y: reals([2, 1], [1, 2]) } })).toThrow("must have a target, got 3 and 2");
  const short = { ...x, data: x.data.subarray(1) };
  expect(() => arrayDataset({ train: { x: short, y: reals([3, 1], [1, 2, 3]) } })).toThrow("must fit shapes [3,2]");
});

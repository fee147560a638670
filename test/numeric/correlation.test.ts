// Correlations against numbers from scipy 1.10 (stats.pearsonr, stats.spearmanr, stats.rankdata).

import { expect, it } from "vitest";
import { pearson, ranksOf, spearman } from "../../src/numeric/correlation.ts";

const a = [3, 1, 4, 1, 5, 9, 2, 6];
const b = [2.5, 0.1, 7, 1, 8, 2, 8, 1];

it("Pearson's and Spearman's are those of scipy, ties sharing their ranks", () => {
  expect(pearson(a, b)).toBeCloseTo(0.029261076199744968, 12);
  expect(spearman(a, b)).toBeCloseTo(0.24848941215232334, 12);
  expect([...ranksOf(a)]).toEqual([4, 1.5, 5, 1.5, 6, 8, 3, 7]);
});

it("are undefined without variation or with fewer than three pairs, and refuse lists of different lengths", () => {
  expect(pearson([1, 2], [2, 3])).toBeUndefined();
  expect(spearman([1, 1, 1], [1, 2, 3])).toBeUndefined();
  expect(() => pearson([1, 2, 3], [1, 2])).toThrow("as many numbers, got 3 and 2");
});

// Silhouettes and trustworthiness against scikit-learn, and in cases that are known.

import { describe, expect, it } from "vitest";
import { silhouette } from "../../src/diagnose/silhouette.ts";
import { trustworthiness } from "../../src/diagnose/trustworthiness.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { euclideanDistances } from "../../src/machines/nearest.ts";
import { readFixture } from "../helpers/fixtures.ts";
import { matrixOf, normalMatrix } from "../helpers/matrices.ts";

const fixture = readFixture("pictures");
const [distances, picture, silhouettes] = ["distances", "picture", "silhouettes"].map((key) => fixture.real(key));
const labels = Int32Array.from(fixture.arrays.labels.data as BigInt64Array, Number);
const exact = { atol: 1e-12, rtol: 0 };

describe("silhouette", () => {
  it("has scikit-learn's numbers, 0 for the only point of its class, and their means", () => {
    const { values, mean, byClass } = silhouette(distances, labels);
    expect(values).toBeAllclose(silhouettes, exact);
    expect(values.at(-1)).toBe(0);
    expect(mean).toBeAllclose(silhouettes.data.reduce((a, b) => a + b) / labels.length, exact);
    expect(byClass.map(({ label, count }) => [label, count])).toEqual([
      [0, 9],
      [1, 7],
      [3, 5],
      [4, 1],
    ]);
    expect(byClass[1].mean).toBeAllclose(silhouettes.data.slice(9, 16).reduce((a, b) => a + b) / 7, exact);
  });

  it("is 1 - inside / outside for two pairs, and negative where labels are mixed up", () => {
    const line = matrixOf(4, 4, (i, j) => Math.abs([0, 1, 10, 11][i] - [0, 1, 10, 11][j]));
    expect(silhouette(line, [0, 0, 1, 1]).values).toBeAllclose([9.5 / 10.5, 8.5 / 9.5, 8.5 / 9.5, 9.5 / 10.5], exact);
    expect(Math.max(...silhouette(line, [0, 1, 0, 1]).values)).toBeLessThan(0);
  });

  it("refuses distances that are none", () => {
    const of = (value: number) => () =>
      silhouette(
        matrixOf(2, 2, (i, j) => (i === j ? 0 : value)),
        [0, 1],
      );
    expect(of(-1)).toThrow(new RangeError("silhouette: distances must be at least 0, got -1"));
    expect(of(Number.NaN)).toThrow(InvalidDataError);
    expect(() =>
      silhouette(
        matrixOf(2, 3, () => 0),
        [0, 1],
      ),
    ).toThrow(RangeError);
  });
});

describe("trustworthiness", () => {
  it("has scikit-learn's numbers", () => {
    const { ks, trustworthiness: expected } = fixture.description;
    expect(ks.map((k) => trustworthiness(distances, picture, k))).toBeAllclose(expected, exact);
  });

  it("is 1 of a picture that keeps distances, and about a half of one that has nothing to do with them", () => {
    expect(trustworthiness(distances, distances, 5)).toBe(1);
    const apart = (seed: number) => euclideanDistances(normalMatrix(60, 2, seed), normalMatrix(60, 2, seed));
    expect(Math.abs(trustworthiness(apart(1), apart(2), 5) - 0.5)).toBeLessThan(0.1);
  });

  it("refuses a k beyond half of the points, and a picture of others", () => {
    expect(() => trustworthiness(distances, picture, 11)).toThrow(
      new RangeError("trustworthiness: k must be a whole number from 1 to below half of 22 points, got 11"),
    );
    const other = matrixOf(3, 3, () => 0);
    expect(() => trustworthiness(distances, other, 1)).toThrow(
      new RangeError("trustworthiness: picture must be of 22 points, got 3"),
    );
  });
});

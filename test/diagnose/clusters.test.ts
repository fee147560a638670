import { expect, test } from "vitest";
import { clusters } from "../../src/diagnose/clusters.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { readFixture } from "../helpers/fixtures.ts";

const { real, description } = readFixture("neighbours");

test("clusters of three clouds are the clouds, with scikit-learn's inertia, the same for the same seed", () => {
  const found = clusters(real("blobs"), { k: 3, seed: 1 });
  expect(found.inertia).toBeAllclose(description.inertia, { rtol: 1e-12 });
  for (let cloud = 0; cloud < 3; cloud++) expect(new Set(found.of.slice(30 * cloud, 30 * cloud + 30)).size).toBe(1);
  expect(new Set(found.of).size).toBe(3);
  expect(found.names).toEqual(["cluster 1", "cluster 2", "cluster 3"]);
  expect(clusters(real("blobs"), { k: 3, seed: 1 })).toEqual(found);
});

test("of any points each cluster's centre is their mean, and no point is nearer to another", () => {
  const { of, centres } = clusters(real("points"), { k: 5, seed: 2 });
  const { data } = real("points");
  const distance = (i: number, c: number) =>
    [0, 1, 2].reduce((total, j) => total + (data[3 * i + j] - centres[3 * c + j]) ** 2, 0);
  for (let c = 0; c < 5; c++) {
    const members = [...of.keys()].filter((i) => of[i] === c);
    for (let j = 0; j < 3; j++)
      expect(centres[3 * c + j]).toBeAllclose(
        members.reduce((total, i) => total + data[3 * i + j], 0) / members.length,
        { rtol: 1e-10 },
      );
    for (const i of members)
      for (let other = 0; other < 5; other++) expect(distance(i, c)).toBeLessThanOrEqual(distance(i, other) + 1e-12);
  }
});

test("of fewer different points than clusters there are as many as points; one point is one cluster", () => {
  const twice = clusters(reals([4, 1], [1, 2, 1, 2]), { k: 3 });
  expect([twice.names.length, twice.inertia, twice.of[0] === twice.of[2]]).toEqual([2, 0, true]);
  expect(clusters(reals([3, 2], [7, 7, 7, 7, 7, 7]), { k: 2 }).names).toEqual(["cluster 1"]);
  expect(clusters(reals([1, 1], [4]), { k: 1 })).toMatchObject({ names: ["cluster 1"], inertia: 0 });
  expect(() => clusters(reals([1, 1], [4]), { k: 2 })).toThrow(
    "clusters: k must be a whole number from 1 to the 1 points, got 2",
  );
  expect(() => clusters(reals([0, 1], []), { k: 1 })).toThrow(
    "clusters: k must be a whole number from 1 to the 0 points, got 1",
  );
  expect(() => clusters(reals([1, 1], [4]), { k: 1, maxRounds: 0 })).toThrow(
    "maxRounds must be a whole number >= 1, got 0",
  );
});

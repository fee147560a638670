// The baselines by hand.

import { expect, it } from "vitest";
import { maxProbability, nearness } from "../../src/diagnose/ood-baselines.ts";
import { reals } from "../../src/numeric/tensor.ts";

it("maxProbability is softmax's largest, without overflow", () => {
  const third = Math.log(3);
  expect(maxProbability([0, third, 1000, 1000 + third], 2)).toBeAllclose([3 / 4, 3 / 4], { atol: 1e-12, rtol: 0 });
  expect(maxProbability([5, 5, 5, 5], 4)).toEqual(Float64Array.of(1 / 4));
  expect(maxProbability([], 3)).toEqual(new Float64Array(0));
  expect(() => maxProbability([1, 2, 3], 2)).toThrow(
    new RangeError("maxProbability: logits must be rows of two classes or more, got 3 numbers of 2"),
  );
});

it("nearness is minus the distance to the nearest, by length or by angle", async () => {
  const train = reals([2, 2], [3, 4, 1, 0]);
  const queries = reals([3, 2], [0, 0, 6, 8, 1, 0]);
  expect(await nearness(queries, train)).toEqual(Float64Array.of(-1, -5, -0));
  expect(await nearness(queries, train, "cosine")).toBeAllclose([-1, 0, 0], { atol: 1e-15, rtol: 0 });
  await expect(nearness(queries, train, "kernel" as never)).rejects.toThrow(
    new RangeError("nearness: measure must be one of euclidean, cosine, got kernel"),
  );
});

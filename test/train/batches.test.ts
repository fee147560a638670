import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../../src/numeric/random.ts";
import { integers, reals, tensor } from "../../src/numeric/tensor.ts";
import {
  accumulatedBatches,
  type BatchPlan,
  countSteps,
  fullBatches,
  givenBatches,
  meanBatch,
  shuffledBatches,
  weightedBatches,
} from "../../src/train/batches.ts";
import { errorOf } from "../helpers/errors.ts";

const shuffled = (plan: BatchPlan, seed = 0) => [...shuffledBatches(plan, randomFrom(seed, "batches"))];
const indicesOf = (batches: Iterable<{ indices: Int32Array }>) => Array.from(batches, ({ indices }) => [...indices]);
const plans = fc.record({
  examples: fc.integer({ min: 1, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 50 }),
  epochs: fc.integer({ min: 1, max: 4 }),
});

describe("meanBatch(indices)", () => {
  it("counts each occurrence 1 / |B|", () => {
    expect(meanBatch(Int32Array.of(4, 4, 1, 0))).toEqual({
      indices: Int32Array.of(4, 4, 1, 0),
      weights: Float64Array.of(0.25, 0.25, 0.25, 0.25),
    });
  });
});

describe("shuffledBatches(plan, random)", () => {
  it("has every example once in each epoch, in full batches and a last partial one", () => {
    fc.assert(
      fc.property(plans, ({ examples, batchSize, epochs }) => {
        const batches = shuffled({ examples, batchSize, epochs });
        const perEpoch = Math.ceil(examples / batchSize);
        expect(batches).toHaveLength(perEpoch * epochs);
        expect(countSteps({ examples, batchSize, epochs })).toBe(perEpoch * epochs);
        for (let e = 0; e < epochs; e++) {
          const epoch = batches.slice(e * perEpoch, (e + 1) * perEpoch);
          const seen = epoch.flatMap(({ indices }) => [...indices]);
          expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: examples }, (_, i) => i));
          const sizes = epoch.map(({ indices }) => indices.length);
          expect(sizes.slice(0, -1)).toEqual(Array.from({ length: perEpoch - 1 }, () => batchSize));
          expect(sizes.at(-1)).toBe(examples - (perEpoch - 1) * batchSize);
          for (const { indices, weights } of epoch)
            expect(weights).toEqual(new Float64Array(indices.length).fill(1 / indices.length));
        }
      }),
      { seed: 1 },
    );
  });

  it("depends on the seed alone, with another order in each epoch", () => {
    const plan = { examples: 30, batchSize: 30, epochs: 2 };
    const [first, second] = indicesOf(shuffled(plan));
    expect(indicesOf(shuffled(plan))).toEqual([first, second]);
    expect(second).not.toEqual(first);
    expect(indicesOf(shuffled(plan, 1))[0]).not.toEqual(first);
  });

  it("stops in the middle of an epoch where a number of steps says so; steps go before epochs", () => {
    const plan = { examples: 10, batchSize: 4, epochs: 3 };
    const batches = indicesOf(shuffled(plan));
    expect(batches).toHaveLength(9);
    expect(indicesOf(shuffled({ ...plan, steps: 5 }))).toEqual(batches.slice(0, 5));
    expect(countSteps({ ...plan, steps: 5 })).toBe(5);
  });

  it("makes one epoch where nothing is said", () => {
    expect(countSteps({ examples: 10, batchSize: 4 })).toBe(3);
  });

  it.each([
    [{ examples: 10, batchSize: 0 }, "batchSize must be a positive integer, got 0"],
    [{ examples: 10, batchSize: 2.5 }, "batchSize must be a positive integer, got 2.5"],
    [{ examples: 0, batchSize: 4 }, "examples must be a positive integer, got 0"],
    [{ examples: 10, batchSize: 4, epochs: -1 }, "epochs must be a positive integer, got -1"],
    [{ examples: 10, batchSize: 4, steps: Number.NaN }, "steps must be a positive integer, got NaN"],
  ])("refuses %j", async (plan, message) => {
    expect(await errorOf(() => countSteps(plan))).toBe(`RangeError: batches: ${message}`);
    expect(await errorOf(() => shuffled(plan))).toBe(`RangeError: batches: ${message}`);
  });
});

describe("fullBatches(examples, steps)", () => {
  it("is all examples in order, at every step", () => {
    const batches = [...fullBatches(4, 3)];
    expect(batches).toHaveLength(3);
    for (const batch of batches) expect(batch).toEqual(meanBatch(Int32Array.of(0, 1, 2, 3)));
    expect([...fullBatches(4, 0)]).toEqual([]);
  });
});

describe("givenBatches(source, examples, name)", () => {
  it("takes rows of indices as they are, also the same example twice, in any integer dtype", () => {
    const wanted = [meanBatch(Int32Array.of(0, 3, 3)), meanBatch(Int32Array.of(1, 2, 0))];
    expect(givenBatches(integers([2, 3], [0, 3, 3, 1, 2, 0]), 4, "b.npy")).toEqual(wanted);
    expect(givenBatches(tensor("int32", [2, 3], Int32Array.of(0, 3, 3, 1, 2, 0)), 4, "b.npy")).toEqual(wanted);
    expect(givenBatches(tensor("uint8", [2, 3], Uint8Array.of(0, 3, 3, 1, 2, 0)), 4, "b.npy")).toEqual(wanted);
  });

  it.each([4, -1, 2 ** 32 + 1])("refuses the index %i of 4 examples, with its step", async (index) => {
    expect(await errorOf(() => givenBatches(integers([3, 2], [0, 1, 2, 3, index, 0]), 4, "b.npy"))).toBe(
      `InvalidDataError: b.npy: training indices must lie in 0..3, got ${index} at step 2`,
    );
  });

  it.each([
    [reals([1, 2], [0, 1]), "float64 of shape [1,2]"],
    [tensor("float32", [1, 1], Float32Array.of(0)), "float32 of shape [1,1]"],
    [integers([2], [0, 1]), "int64 of shape [2]"],
    [integers([1, 1, 1], [0]), "int64 of shape [1,1,1]"],
  ])("refuses what is no integer matrix", async (source, got) => {
    expect(await errorOf(() => givenBatches(source, 4, "b.npy"))).toBe(
      `InvalidDataError: b.npy must be an integer array [steps, batch], got ${got}`,
    );
  });

  it.each([[[0, 4]], [[4, 0]]])("refuses the empty shape %j", async (shape) => {
    expect(await errorOf(() => givenBatches(integers(shape, []), 4, "b.npy"))).toBe(
      `InvalidDataError: b.npy must have a step, and an example in each, got shape [${shape}]`,
    );
  });
});

describe("accumulatedBatches(batches, count)", () => {
  it("makes one batch of every count, which counts their mean, and leaves out those that fill none", () => {
    const single = [
      { indices: Int32Array.of(0, 1), weights: Float64Array.of(0.5, 0.5) },
      { indices: Int32Array.of(1), weights: Float64Array.of(1) },
      { indices: Int32Array.of(2), weights: Float64Array.of(1) },
    ];
    expect([...accumulatedBatches(single, 2)]).toEqual([
      { indices: Int32Array.of(0, 1, 1), weights: Float64Array.of(0.25, 0.25, 0.5) },
    ]);
    expect([...accumulatedBatches(single, 1)]).toEqual(single);
  });

  it("weighs batches of one size as a mean over all of them does, to the last bit", () => {
    const thirds = [0, 1, 2].map((k) => meanBatch(Int32Array.of(3 * k, 3 * k + 1, 3 * k + 2)));
    expect([...accumulatedBatches(thirds, 3)]).toEqual([meanBatch(Int32Array.from({ length: 9 }, (_, i) => i))]);
  });
});

describe("weightedBatches(batches, weights)", () => {
  it("multiplies the weight of each occurrence by that of its example, and keeps a batch that is repeated one", () => {
    const batch = meanBatch(Int32Array.of(2, 0));
    const [first, second] = weightedBatches([batch, batch], Float64Array.of(1, 5, 3));
    expect(first).toEqual({ indices: batch.indices, weights: Float64Array.of(1.5, 0.5) });
    expect(second).toBe(first);
  });
});

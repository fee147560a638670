import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/types.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import { mse } from "../../src/losses/mse.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { reducedWeights } from "../../src/train/loss-weights.ts";

const labels = integers([3, 4], [0, 1, 2, 0, 1, -100, -100, 0, -100, -100, -100, -100]);
const withTargets = (y: Dataset["train"]["y"]) => ({ train: { x: reals([3, 1], [0, 0, 0]), y } }) as unknown as Dataset;

describe("reducedWeights(task, indices, reduction)", () => {
  const positions = { loss: crossEntropy, outputShape: [4, 3], dataset: withTargets(labels) };
  const plain = { loss: mse, outputShape: [2, 3], dataset: withTargets(reals([3, 2, 3], new Array(18).fill(0))) };

  it("weighs an example by its positions that count: 4, 2 and 0 of them", () => {
    expect(reducedWeights(positions, Int32Array.of(0, 1, 2), "mean")).toEqual(Float64Array.of(4 / 6, 2 / 6, 0));
    expect(reducedWeights(positions, Int32Array.of(1, 0), "sum")).toEqual(Float64Array.of(2, 4));
    expect(reducedWeights(positions, Int32Array.of(2), "mean")).toEqual(Float64Array.of(0));
  });

  it("weighs all examples alike where every output counts: 1/B, or the number of outputs for a sum", () => {
    expect(reducedWeights(plain, Int32Array.of(0, 2), "mean")).toEqual(Float64Array.of(0.5, 0.5));
    expect(reducedWeights(plain, Int32Array.of(0), "sum")).toEqual(Float64Array.of(6));
  });

  it("counts an example with a single label once", () => {
    const single = { loss: crossEntropy, outputShape: [3], dataset: withTargets(integers([3], [0, 1, 2])) };
    expect(reducedWeights(single, Int32Array.of(0, 1, 2, 2), "mean")).toEqual(Float64Array.of(0.25, 0.25, 0.25, 0.25));
  });
});

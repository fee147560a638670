// Invariance of a kernel under a change of its points: features with known angles, what cancels, degenerate kernels.

import { describe, expect, it } from "vitest";
import { kernelInvariance } from "../../src/diagnose/invariance.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { diagnosticConformance } from "../conformance/diagnostic.ts";

/** The kernel of features, one list a point. */
function kernelOf(features: readonly (readonly number[])[]) {
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, k) => sum + value * b[k], 0);
  return reals(
    [features.length, features.length],
    features.flatMap((a) => features.map((b) => product(a, b))),
  );
}

const at = (degrees: number): number[] => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];

describe("kernelInvariance", () => {
  it("is 1 where a change is not seen, whatever it does to lengths", () => {
    const points = [at(0), at(90), at(200)];
    const longer = points.map((own) => own.map((value) => 3 * value));
    expect(kernelInvariance(kernelOf([...points, ...longer])).invariance).toBeCloseTo(1, 14);
  });

  it("is 0 where a change leads as far as to the other points, and below where it leads farther", () => {
    expect(kernelInvariance(kernelOf([at(0), at(60), at(60), at(0)])).invariance).toBeCloseTo(0, 14);
    const { invariance, changed, others } = kernelInvariance(kernelOf([at(0), at(60), at(180), at(240)]));
    expect(changed).toBeCloseTo(-1, 14);
    expect(others).toBeCloseTo(0.5, 14);
    expect(invariance).toBeCloseTo(1 - 2 / 0.5, 13);
  });

  it("does not change with a constant that normalised features share", () => {
    const features = [at(0), at(100), at(10), at(95)];
    const shared = features.map((own) => [...own, 2]);
    expect(kernelInvariance(kernelOf(shared)).invariance).toBeCloseTo(
      kernelInvariance(kernelOf(features)).invariance as number,
      13,
    );
    expect(kernelInvariance(kernelOf(shared)).changed).toBeGreaterThan(
      kernelInvariance(kernelOf(features)).changed as number,
    );
  });

  it("leaves out points without features, and refuses points without changed selves", () => {
    const zero = [0, 0];
    expect(kernelInvariance(kernelOf([at(0), zero, at(60), at(0), zero, at(60)])).invariance).toBeCloseTo(1, 14);
    expect(() => kernelInvariance(kernelOf([at(0), at(1), at(2)]))).toThrow(
      "kernelInvariance: kernel must be of points and as many changed ones, got 3 rows",
    );
  });
});

const some = expect.any(Number);
diagnosticConformance(
  "kernelInvariance",
  ({ kernel }) => {
    const [n] = kernel.shape;
    const twice = new Float64Array(4 * n * n);
    for (let i = 0; i < 2 * n; i++)
      for (let j = 0; j < 2 * n; j++) twice[i * 2 * n + j] = kernel.data[(i % n) * n + (j % n)];
    return kernelInvariance(reals([2 * n, 2 * n], twice));
  },
  {
    "one class": { changed: some, others: some },
    "one example a class": { changed: some, others: some },
    "duplicate points": { changed: some, others: some },
    "zero kernel": { invariance: undefined, changed: undefined, others: undefined },
    "constant model": { invariance: undefined, changed: 1, others: 1 },
    "n = 1": { invariance: undefined, changed: 1, others: undefined },
    "n = 0": /^kernelInvariance: kernel must be of an example or more, got \[0,0\]$/,
  },
);

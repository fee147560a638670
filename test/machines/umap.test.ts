// UMAP keeps neighbourhoods that no plane keeps, is a function of distances and generator alone, and answers degenerate input.

import { describe, expect, it } from "vitest";
import { neighbourLists } from "../../src/diagnose/neighbour-lists.ts";
import { trustworthiness } from "../../src/diagnose/trustworthiness.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { dotProduct } from "../../src/kernels/input-kernels.ts";
import { inputMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { kernelPca } from "../../src/machines/kernel-pca.ts";
import { euclideanDistances } from "../../src/machines/nearest.ts";
import { umapOfDistances, umapOfKernel } from "../../src/machines/umap.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { randomFrom } from "../../src/numeric/random.ts";
import { matrixOf, normalMatrix } from "../helpers/matrices.ts";

const CLASSES = 8;
const EACH = 10;
const N = CLASSES * EACH;
const labels = Array.from({ length: N }, (_, i) => i % CLASSES);
const noise = normalMatrix(N, CLASSES, 3);
/** Clusters around the corners of a simplex: no plane shows all of them apart. */
const corners = matrixOf(N, CLASSES, (i, c) => (c === labels[i] ? 1 : 0) + 0.1 * noise.data[i * CLASSES + c]);
const distances = euclideanDistances(corners, corners);
const kernel = inputMachineKernel(corners, dotProduct(), "features");
const random = (seed = 1) => randomFrom(seed, "umap");
const plan = { neighbours: 8, epochs: 100 };

const distancesIn = (points: Matrix): Matrix => euclideanDistances(points, points);
const purityIn = (points: Matrix): number => {
  const self = labels.map((_, i) => i);
  const found = neighbourLists([{ metric: "picture", distances: distancesIn(points) }], {
    k: 5,
    labels: { examples: labels, queries: labels },
    self,
    correlate: false,
  });
  return found.reduce((total, { lists }) => total + (lists[0].purity ?? 0), 0) / N;
};

describe("umapOfDistances and umapOfKernel", () => {
  it("show clusters apart that two principal components do not, and can be trusted more", async () => {
    const { points, neighbours, epochs } = await umapOfKernel(kernel, { ...plan, normalised: false, random: random() });
    const { projections } = await kernelPca(kernel, { components: 2 });
    expect([points.shape, neighbours, epochs]).toEqual([[N, 2], 8, 100]);
    expect(purityIn(points)).toBe(1);
    expect(purityIn(projections)).toBeLessThan(0.9);
    const trust = (picture: Matrix) => trustworthiness(distances, distancesIn(picture), 5);
    expect(trust(points)).toBeGreaterThan(0.9);
    expect(trust(points)).toBeGreaterThan(trust(projections) + 0.05);
  });

  it("finds them from a random start, too", async () => {
    const { points } = await umapOfDistances(distances, { ...plan, epochs: 150, random: random() });
    expect(purityIn(points)).toBe(1);
  });

  it("is the same picture for the same generator, and another for another", async () => {
    const draw = async (seed: number) =>
      (await umapOfKernel(kernel, { ...plan, epochs: 20, random: random(seed) })).points.data;
    const once = await draw(1);
    expect(await draw(1)).toEqual(once);
    expect(await draw(2)).not.toEqual(once);
  });

  it("of a normalised kernel does not see how long features are, and else it does", async () => {
    const longer = matrixOf(N, CLASSES, (i, c) => 2 ** (i % 3) * corners.data[i * CLASSES + c]);
    const other = inputMachineKernel(longer, dotProduct(), "features");
    const draw = async (own: typeof kernel, normalised: boolean) =>
      (await umapOfKernel(own, { ...plan, epochs: 20, normalised, random: random() })).points.data;
    expect(await draw(other, true)).toEqual(await draw(kernel, true));
    expect(await draw(other, false)).not.toEqual(await draw(kernel, false));
  });

  it("begins where it is told, on a square of 20 by 20", async () => {
    const start = matrixOf(N, 2, (i, c) => (c === 0 ? i : -i));
    const { points } = await umapOfDistances(distances, { ...plan, epochs: 1, start, random: random() });
    const { points: drawn } = await umapOfDistances(distances, { ...plan, epochs: 1, random: random() });
    // One epoch moves a point by some steps of at most 4 on an axis; the places still go with the start.
    const last = points.data.slice(-2);
    expect(Math.abs(last[0] - 10)).toBeLessThan(9);
    expect(Math.abs(last[1] + 10)).toBeLessThan(9);
    expect(points.data).not.toEqual(drawn.data);
  });

  it("draws on as many axes as are asked for, and tells how far it is", async () => {
    const seen: number[] = [];
    const { points } = await umapOfDistances(distances, {
      ...plan,
      components: 3,
      epochs: 25,
      random: random(),
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(points.shape).toEqual([N, 3]);
    expect(seen).toEqual([0.4, 0.8, 1]);
  });

  it("stops when told, with the signal's reason", async () => {
    const stop = new AbortController();
    const drawn = umapOfDistances(distances, {
      random: random(),
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await expect(drawn).rejects.toThrow("enough");
  });
});

describe("degenerate input", () => {
  const finite = ({ data }: Matrix) => data.every(Number.isFinite);

  it("one point is drawn in the middle, two points and fewer than a neighbourhood are drawn", async () => {
    const few = async (n: number) =>
      (await umapOfDistances(distancesIn(normalMatrix(n, 2)), { epochs: 20, random: random() })).points;
    expect((await few(1)).data).toEqual(Float64Array.of(0, 0));
    for (const n of [2, 3, 7]) {
      const points = await few(n);
      expect(points.shape).toEqual([n, 2]);
      expect(finite(points)).toBe(true);
    }
  });

  it("points that are there twice, all the same, or without features are drawn with finite numbers", async () => {
    for (const f of [
      (i: number, c: number) => corners.data[(i % 10) * CLASSES + c],
      (_: number, c: number) => c + 1,
      () => 0,
    ]) {
      const own = inputMachineKernel(matrixOf(20, CLASSES, f), dotProduct(), "features");
      const { points } = await umapOfKernel(own, { epochs: 20, random: random() });
      expect(finite(points)).toBe(true);
    }
  });

  it("refuses no points, options that do not fit and NaN, in words", async () => {
    const refused = (options: object, own = distances) => umapOfDistances(own, { random: random(), ...options });
    const none = { dtype: "float64", shape: [0, 0], data: new Float64Array() } as const;
    await expect(refused({}, none)).rejects.toThrow(new RangeError("umap: points must be at least one, got 0"));
    for (const [options, message] of [
      [{ neighbours: 1 }, "umap: neighbours must be a whole number >= 2, got 1"],
      [{ components: 0 }, "umap: components must be a whole number >= 1, got 0"],
      [{ epochs: 2.5 }, "umap: epochs must be a whole number >= 1, got 2.5"],
      [{ minDistance: 2 }, "umap: minDistance must lie in [0, 1], got 2"],
      [{ start: matrixOf(3, 2, () => 0) }, `umap: start must have a row for each of ${N} points, got 3`],
    ] as const)
      await expect(refused(options)).rejects.toThrow(new RangeError(message));
    const broken = matrixOf(4, 4, (i, j) => (i === 2 && j === 2 ? Number.NaN : 1));
    await expect(refused({}, broken)).rejects.toThrow(InvalidDataError);
    const negative = inputMachineKernel(corners, () => -1, "odd kernel");
    await expect(umapOfKernel(negative, { random: random() })).rejects.toThrow(
      new RangeError("umap: K(x, x) of the odd kernel must be >= 0, got -1"),
    );
  });
});

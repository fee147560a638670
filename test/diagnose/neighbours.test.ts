// Lists, purity and correlations against scikit-learn and scipy; what the lists do with ties, labels and the query itself by hand.

import { describe, expect, it } from "vitest";
import { neighbourLists } from "../../src/diagnose/neighbour-lists.ts";
import { neighbours, planNeighbours } from "../../src/diagnose/neighbours.ts";
import { neighboursAlong } from "../../src/diagnose/neighbours-along.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { dotProduct, gaussian } from "../../src/kernels/input-kernels.ts";
import { inputMachineKernel, type MachineKernel, tangentMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { spearman } from "../../src/numeric/correlation.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { stateAt } from "../../src/train/trajectory.ts";
import { diagnosticConformance } from "../conformance/diagnostic.ts";
import { readFixture } from "../helpers/fixtures.ts";
import { smallTask } from "../helpers/tasks.ts";

const { real, arrays, description } = readFixture("neighbours");
const numbersOf = (key: string) => Array.from(arrays[key].data, Number);

/** The product of features, over points that are the inputs. */
function featureKernel(features: Matrix, points: Matrix, featuresOf: (x: Tensor) => Matrix): MachineKernel {
  const own = inputMachineKernel(features, dotProduct(), "product of features");
  return {
    name: own.name,
    points,
    matrix: own.matrix,
    between: (x) => own.between(featuresOf(x)),
    diagonal: (x) => own.diagonal(featuresOf(x)),
  };
}

const fixtureKernel = featureKernel(real("features"), real("points"), ({ shape: [n], data }) => {
  const known = [
    [real("points"), real("features")],
    [real("queries"), real("queryFeatures")],
  ] as const;
  const rows = Array.from({ length: n }, (_, i) => {
    for (const [inputs, features] of known) {
      const at = Array.from({ length: inputs.shape[0] }, (_, r) => r).find((r) => inputs.data[r * 3] === data[i * 3]);
      if (at !== undefined) return [...features.data.subarray(at * 4, (at + 1) * 4)];
    }
    throw new Error("features must be known");
  });
  return reals([n, 4], rows.flat());
});

describe("neighbours(kernel, queries)", () => {
  const labels = { examples: numbersOf("labels"), queries: numbersOf("queryLabels") };
  const call = { k: description.k, labels };

  it("finds scikit-learn's neighbours, distances and purities by every metric", async () => {
    const { queries, metrics, means } = await neighbours(fixtureKernel, real("queries"), call);
    expect(metrics).toEqual(["kernel", "cosine", "euclidean"]);
    for (const [m, metric] of metrics.entries()) {
      const lists = queries.map((query) => query.lists[m]);
      expect(lists.flatMap(({ examples }) => [...examples])).toEqual(numbersOf(`${metric}.indices`));
      const distances = Float64Array.from(lists.flatMap((list) => [...list.distances]));
      expect(distances).toBeAllclose(real(`${metric}.distances`).data, { rtol: 1e-10, atol: 1e-12 });
      const purities = lists.map(({ purity }) => purity as number);
      expect(Float64Array.from(purities)).toBeAllclose(real(`${metric}.purity`).data, { rtol: 1e-12 });
      expect(means?.lists[m].purity).toBeAllclose(purities.reduce((a, b) => a + b) / 5, { rtol: 1e-12 });
      expect(lists.every(({ tied }) => tied === 0)).toBe(true);
    }
    const [kernel, cosine] = queries[0].lists.map(({ examples }) => new Set(examples));
    const shared = [...kernel].filter((example) => cosine.has(example)).length;
    expect(queries[0].pairs[0]).toMatchObject({
      metrics: ["kernel", "cosine"],
      shared,
      overlap: shared / 7,
      jaccard: shared / (14 - shared),
    });
  });

  it("takes queries in parts within the memory budget, to the same lists", async () => {
    const whole = await neighbours(fixtureKernel, real("queries"), call);
    const parts: number[] = [];
    const onProgress = ({ total }: { total: number }) => void parts.push(total);
    const few = await neighbours(fixtureKernel, real("queries"), { ...call, memoryBudget: 1, onProgress });
    expect(few).toEqual(whole);
    expect(parts).toEqual([5, 5, 5, 5, 5]);
    // 100 queries among 60,000: 8 bytes x 60,000 x (3 metrics + 2) a row.
    expect(planNeighbours({ queries: 1000, examples: 60_000, metrics: 3 })).toMatchObject({ rows: 108, parts: 10 });
    expect(planNeighbours({ queries: 1000, examples: 60_000, metrics: 3 }).bytes).toBeLessThanOrEqual(2 ** 28);
  });

  it("puts the largest kernel value first by the metric raw, and never a query among its own neighbours", async () => {
    const self = [3, 0];
    const queries = reals([2, 3], [...real("points").data.subarray(9, 12), ...real("points").data.subarray(0, 3)]);
    const found = await neighbours(fixtureKernel, queries, { k: 39, self, metrics: ["raw", "euclidean"] });
    const products = await fixtureKernel.between(queries);
    for (const [q, { lists, pairs }] of found.queries.entries()) {
      for (const { examples } of lists)
        expect([...examples].sort((a, b) => a - b)).toEqual([...Array(40).keys()].filter((i) => i !== self[q]));
      const values = [...lists[0].distances].map((value) => -value);
      expect(values).toEqual([...values].sort((a, b) => b - a));
      expect(values[0]).toBe(products.data[q * 40 + lists[0].examples[0]]);
      expect(pairs[0]).toMatchObject({ shared: 39, overlap: 1, jaccard: 1 });
      // Of all examples but the query itself.
      const others = lists.map((list) =>
        [...Array(40).keys()].filter((i) => i !== self[q]).map((i) => list.distances[list.examples.indexOf(i)]),
      );
      expect(pairs[0].spearman).toBeAllclose(spearman(others[0], others[1]) as number, { rtol: 1e-12 });
    }
    const refused = neighbours(fixtureKernel, queries, { k: 40, self });
    await expect(refused).rejects.toThrow(
      "neighbours: k must be a whole number from 1 to the 39 other training examples, got 40",
    );
    expect((await neighbours(fixtureKernel, queries, { self })).k).toBe(39);
  });

  it("refuses what does not fit, and numbers that are none", async () => {
    const queries = real("queries");
    const refusal = (options: Parameters<typeof neighbours>[2], x: Tensor = queries) =>
      expect(neighbours(fixtureKernel, x, options)).rejects;
    await refusal({ k: 0 }).toThrow("neighbours: k must be a whole number from 1 to the 40 training examples, got 0");
    await refusal({ metrics: [] }).toThrow("metrics must be of kernel, cosine, raw, euclidean, got none");
    await refusal({ metrics: ["raw", "raw"] }).toThrow("metrics must differ, got raw, raw");
    await refusal({ labels: { examples: [1] } }).toThrow("labels must be of the 40 examples, got 1");
    await refusal({ k: 1, self: [1] }).toThrow("self must hold an index for each of 5 queries, got 1");
    await refusal({}, reals([1, 2], [0, 0])).toThrow("queries must have shape [Q,3] as the points, got [1,2]");
    const broken = { ...fixtureKernel, diagonal: async () => Float64Array.of(Number.NaN) };
    await expect(neighbours(broken, queries)).rejects.toThrow(InvalidDataError);
    await expect(neighbours(fixtureKernel, queries, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  });
});

describe("neighbourLists(metrics)", () => {
  const one = (metric: string, ...row: number[]) => ({ metric, distances: reals([1, row.length], row) });

  it("counts the examples that index alone has left out, and calls the lowest of equal labels the commonest", () => {
    const labels = { examples: [5, 2, 5, 2, 0], queries: [5] };
    const [{ lists }] = neighbourLists([one("a", 1, 1, 0, 1, 1)], { k: 2, labels });
    expect(lists[0]).toMatchObject({ purity: 1, majority: { label: 5, share: 1 }, tied: 3 });
    expect([...lists[0].examples]).toEqual([2, 0]);
    const [even] = neighbourLists([one("a", 1, 2, 3, 4, 5)], { k: 4, labels: { ...labels, queries: [-1] } });
    expect(even.lists[0]).toMatchObject({ purity: undefined, majority: { label: 2, share: 0.5 }, tied: 0 });
  });

  it("correlates the distances to all examples as scipy does, ties and all", () => {
    for (const name of ["tied", "loose"] as const) {
      const { data } = real(name);
      const [{ pairs }] = neighbourLists([one("a", ...data.subarray(0, 60)), one("b", ...data.subarray(60))], { k: 1 });
      expect(pairs[0].spearman).toBeAllclose(description.spearman[name], { rtol: 1e-12 });
      expect(pairs[0].kendall).toBeAllclose(description.kendall[name], { rtol: 1e-12 });
    }
    const [{ pairs }] = neighbourLists([one("a", 1, 2, 3), one("b", 1, 1, 1)], { k: 1 });
    expect(pairs[0]).toMatchObject({ spearman: undefined, kendall: undefined, shared: 1 });
  });
});

describe("neighboursAlong(task, run)", () => {
  it("gives the neighbours in the kernel of each step, which training moves", async () => {
    const small = await smallTask({ loss: "cross-entropy", dtype: "float64", steps: 12, examples: 20, seed: 4 });
    const { task } = small;
    const run = await trainInMemory(task, small);
    const { x, y } = task.dataset.train;
    const labels = { examples: Array.from(y.data, Number), queries: Array.from(y.data, Number) };
    const options = { k: 5, labels, self: [...Array(20).keys()] };
    const along = await neighboursAlong(task, run, x, { ...options, steps: [0, 12] });
    expect(along.map(({ step }) => step)).toEqual([0, 12]);
    for (const { step, neighbours: found } of along) {
      const { params } = await stateAt(task, run, step);
      expect(found).toEqual(await neighbours(tangentMachineKernel(task, params, x), x, options));
    }
    const euclidean = along.map(({ neighbours: { queries } }) => queries.map(({ lists }) => lists[2]));
    expect(euclidean[1]).toEqual(euclidean[0]);
    expect(along[1].neighbours.queries).not.toEqual(along[0].neighbours.queries);
    await expect(neighboursAlong(task, run, x, { steps: [13] })).rejects.toThrow("step must lie in 0..12, got 13");
  });
});

const ask = async ({ inputs, features, labels }: { inputs: Matrix; features: Matrix; labels: Int32Array }) => {
  const kernel = featureKernel(features, inputs, () => features);
  const { queries } = await neighbours(kernel, inputs, { labels: { examples: labels, queries: labels } });
  const { lists, pairs } = queries[0];
  const [byKernel, byCosine] = lists;
  return {
    purity: byKernel.purity,
    tied: byKernel.tied,
    nearest: byKernel.distances[0],
    cosine: byCosine.distances[0],
    spearman: pairs[0].spearman,
    queries,
  };
};

const some = expect.any(Number);
diagnosticConformance("neighbours (k of all)", ask, {
  "one class": { purity: 1, tied: 0, nearest: 0, cosine: 0, spearman: some },
  "one example a class": { purity: 1 / 6, tied: 0, nearest: 0, cosine: 0, spearman: some },
  "duplicate points": { purity: 4 / 6, tied: 0, nearest: 0, cosine: 0, spearman: some },
  // Nothing is nearer than anything else; an angle to nothing is none.
  "zero kernel": { tied: 0, nearest: 0, cosine: 1, spearman: undefined },
  "constant model": { tied: 0, nearest: 0, cosine: 0, spearman: undefined },
  "n = 1": { purity: 1, tied: 0, nearest: 0, cosine: 0, spearman: undefined },
  "n = 0": /^neighbours: the kernel must have a point or more, got none$/,
});

it("neighbours of a kernel that tells nothing apart say that index decided", async () => {
  const kernel = inputMachineKernel(reals([4, 1], [1, 2, 3, 4]), gaussian(0), "constant");
  const { queries, means } = await neighbours(kernel, reals([1, 1], [2]), { k: 2 });
  expect(queries[0].lists.map(({ tied }) => tied)).toEqual([2, 2, 1]);
  expect(means?.lists[0]).toEqual({ metric: "kernel", purity: undefined, majority: undefined });
  expect((await neighbours(kernel, reals([0, 1], []), { k: 2 })).means).toBeUndefined();
});

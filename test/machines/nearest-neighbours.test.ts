// Nearest neighbours against a plain sort, in every measure, as classifier and regressor.

import { describe, expect, it } from "vitest";
import { InvalidDataError } from "../../src/errors.ts";
import { dotProduct, gaussian } from "../../src/kernels/input-kernels.ts";
import { evaluateMachine } from "../../src/kernels/kernel-machine.ts";
import { inputMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { type distanceMeasures, kernelDistances, nearest } from "../../src/machines/nearest.ts";
import { nearestNeighbours } from "../../src/machines/nearest-neighbours.ts";
import { winners } from "../../src/machines/targets.ts";
import { integers, reals, type Tensor } from "../../src/numeric/tensor.ts";
import { machineConformance } from "../conformance/machine.ts";
import { normalMatrix } from "../helpers/matrices.ts";

/** What the definition says, without a kernel or machine: a sort of all distances. */
async function bySort(
  distanceOf: (q: number, i: number) => number,
  k: number,
  rows: readonly (readonly number[])[],
  q: number,
) {
  const order = rows.map((_, i) => i).sort((i, j) => distanceOf(q, i) - distanceOf(q, j) || i - j);
  return rows[0].map((_, c) => order.slice(0, k).reduce((total, i) => total + rows[i][c] / k, 0));
}

const squared = (a: Tensor, i: number, b: Tensor, j: number) =>
  (Number(a.data[2 * i]) - Number(b.data[2 * j])) ** 2 + (Number(a.data[2 * i + 1]) - Number(b.data[2 * j + 1])) ** 2;

for (const learns of ["labels", "values"] as const)
  machineConformance({
    name: `nearest neighbours of ${learns}`,
    learns: learns === "labels" ? "none" : "values",
    onePoint: "answer",
    zeroKernel: "answer",
    solve: async (kernel, { labels, values }) => {
      const k = Math.min(3, kernel.points.shape[0]);
      const targets = learns === "labels" ? integers([labels.length], labels) : values;
      const machine = await nearestNeighbours(kernel, targets, { k });
      const { classes } = machine;
      const rows =
        learns === "labels"
          ? labels.map((label) => classes.map((own) => Number(own === label)))
          : labels.map((_, i) => [values.data[2 * i], values.data[2 * i + 1]]);
      return {
        machine,
        // The Gaussian falls with the distance of the inputs.
        predict: async (queries) =>
          (
            await Promise.all(
              Array.from({ length: queries.shape[0] }, (_, q) =>
                bySort((own, i) => squared(queries, own, kernel.points, i), k, rows, q),
              ),
            )
          ).flat(),
      };
    },
  });

describe("nearest(distances, k)", () => {
  it("gives the nearest first, ties to the lower index", () => {
    const { indices, distances } = nearest(reals([2, 5], [3, 1, 2, 1, 0, 7, 7, 7, 7, 7]), 3);
    expect([...indices.data]).toEqual([4, 1, 3, 0, 1, 2]);
    expect([...distances.data]).toEqual([0, 1, 1, 7, 7, 7]);
  });

  it("is a sort, for every k", () => {
    const distances = normalMatrix(4, 30);
    for (const k of [1, 2, 29, 30]) {
      const { indices } = nearest(distances, k);
      for (let q = 0; q < 4; q++) {
        const row = distances.data.subarray(30 * q, 30 * (q + 1));
        const order = [...row.keys()].sort((i, j) => row[i] - row[j]);
        expect([...indices.data.subarray(k * q, k * (q + 1))]).toEqual(order.slice(0, k));
      }
    }
  });

  it("takes infinite distances last, and refuses NaN and k that do not fit", () => {
    const inf = Number.POSITIVE_INFINITY;
    expect([...nearest(reals([1, 3], [inf, 1, inf]), 3).indices.data]).toEqual([1, 0, 2]);
    expect(() => nearest(reals([1, 2], [0, Number.NaN]), 1)).toThrow(
      new InvalidDataError("nearest: distances must be numbers, got NaN in row 0, column 1"),
    );
    expect(() => nearest(reals([1, 2], [0, 1]), 3)).toThrow(
      new RangeError("nearest: k must be a whole number from 1 to the 2 points, got 3"),
    );
  });
});

describe("nearestNeighbours(kernel, targets, options)", () => {
  const points = reals([4, 2], [1, 0, 4, 1, -1, 0.1, 0, 2]);
  const kernel = inputMachineKernel(points, dotProduct(), "dot product");
  const query = reals([1, 2], [2, 0.4]);
  const at = async (measure: (typeof distanceMeasures)[number], k: number) => [
    ...(await (await nearestNeighbours(kernel, integers([4], [0, 1, 2, 3]), { k, measure })).neighbours(query)).indices
      .data,
  ];

  it("of dot products is Euclid's by distance, and the smallest angle by cosine", async () => {
    // Distances of (2, .4): 1.08, 2.09, 3.01, 2.56; slopes .2 against 0, .25, (behind), upright.
    expect(await at("euclidean", 4)).toEqual([0, 1, 3, 2]);
    expect(await at("kernel", 4)).toEqual([0, 1, 3, 2]);
    expect(await at("cosine", 4)).toEqual([1, 0, 3, 2]);
  });

  it("has the shares of the classes as outputs, and their winner, the lower of equal ones", async () => {
    const machine = await nearestNeighbours(kernel, integers([4], [7, 5, 5, 7]), { k: 3 });
    const { output } = await evaluateMachine(machine, query);
    expect(machine.classes).toEqual([5, 7]);
    expect(output).toBeAllclose([1 / 3, 2 / 3]);
    expect([...winners(output, machine.classes)]).toEqual([7]);
    expect([...winners(reals([1, 2], [0.5, 0.5]), machine.classes)]).toEqual([5]);
  });

  it("takes equal points for equally near, whatever rounding leaves of their distance", () => {
    const value = 0.1 + 0.2;
    expect([...kernelDistances(reals([1, 2], [value, value * (1 - 2 ** -52)]), [0.3], [value, 0.3]).data]).toEqual([
      0, 0,
    ]);
    expect([...kernelDistances(reals([1, 1], [0]), [0], [1], "cosine").data]).toEqual([1]);
  });

  it("refuses what does not fit", async () => {
    const refused = (targets: Tensor, options = {}) => expect(nearestNeighbours(kernel, targets, options)).rejects;
    await refused(integers([3], [0, 1, 2])).toThrow(
      new RangeError("nearestNeighbours: labels must have shape [4], got [3]"),
    );
    await refused(integers([4], [0, 1, 2, 1]), { k: 5 }).toThrow(
      new RangeError("nearestNeighbours: k must be a whole number from 1 to the 4 points, got 5"),
    );
    await refused(integers([4], [0, 1, 2, 1]), { measure: "angle" }).toThrow(
      new RangeError("distancesTo: measure must be one of kernel, cosine, euclidean, got angle"),
    );
    const machine = await nearestNeighbours(
      inputMachineKernel(points, gaussian(1), "RBF"),
      integers([4], [0, 1, 2, 1]),
      {
        measure: "euclidean",
      },
    );
    await expect(evaluateMachine(machine, reals([1, 3], [0, 0, 0]))).rejects.toThrow(
      new RangeError("euclideanDistances: queries must have 2 numbers as the points have, got 3"),
    );
  });
});

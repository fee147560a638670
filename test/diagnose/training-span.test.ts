// Coverage against least squares on the tangent matrix itself, and on points whose span is known.

import { describe, expect, it } from "vitest";
import { spanForms, tangentSpanKernel } from "../../src/diagnose/span-kernel.ts";
import { tangentMatrix } from "../../src/diagnose/tangent-matrix.ts";
import { DEFAULT_SPAN_RIDGE, trainingSpan } from "../../src/diagnose/training-span.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { dotProduct } from "../../src/kernels/input-kernels.ts";
import { inputMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals, type Tensor } from "../../src/numeric/tensor.ts";
import { predict } from "../../src/train/accuracy.ts";
import { C, close, smallKernel } from "../helpers/kernels.ts";
import { multiply, transpose } from "../helpers/matrices.ts";

const algebra = await openLinearAlgebra({ member: "javascript" });
const loose = { atol: 1e-8, rtol: 0 };

/** 1 - |g - its best combination of rows|^2 / |g|^2 of each row of `queries`. */
function byLeastSquares(rows: Matrix, queries: Matrix): Float64Array {
  const [, p] = rows.shape;
  const right = transpose(queries);
  const { x } = algebra.leastSquares(transpose(rows), right);
  const fitted = multiply(transpose(rows), x);
  return Float64Array.from({ length: queries.shape[0] }, (_, q) => {
    let [left, energy] = [0, 0];
    for (let k = 0; k < p; k++) {
      const g = queries.data[q * p + k];
      left += (g - fitted.data[k * queries.shape[0] + q]) ** 2;
      energy += g * g;
    }
    return 1 - left / energy;
  });
}

/** Output 1 less output 0. */
const difference = () => [-1, 1, 0];

describe.each(spanForms)("coverage by the tangent kernel, form %s", (form) => {
  const kernelOf = ({ task, params, xs }: Awaited<ReturnType<typeof smallKernel>>) =>
    tangentSpanKernel(task, params, xs, { form, ...(form === "readout" && { readout: difference }) });
  const optionsOf = async (x: Tensor, own: Awaited<ReturnType<typeof smallKernel>>) => {
    if (form === "readout") {
      const rows = Array.from({ length: x.shape[0] }, difference);
      return { form: "readout", readouts: reals([x.shape[0], C], rows.flat()) } as const;
    }
    if (form !== "predicted") return { form: form === "trace" ? "trace" : "blocks" } as const;
    const y = await predict(own.task, own.params, { x });
    const rows = Float64Array.from(y, (value, k) => {
      const row = y.subarray(k - (k % C), k - (k % C) + C);
      return value === Math.max(...row) ? 1 : 0;
    });
    return { form: "readout", readouts: reals([x.shape[0], C], rows) } as const;
  };

  it("is what least squares on the tangent matrix leave nothing of", async () => {
    const own = await smallKernel();
    const { task, params, xs, xs2 } = own;
    const kernel = kernelOf(own);
    const span = await trainingSpan(kernel, { tolerance: 1e-13, algebra });
    const found = await span.coverage(xs2);
    const rows = await tangentMatrix(task, params, xs, await optionsOf(xs, own));
    const queries = await tangentMatrix(task, params, xs2, await optionsOf(xs2, own));
    const expected = byLeastSquares(rows, queries);
    expect(found.covered).toBeAllclose(expected, loose);
    expect(Math.min(...expected)).toBeLessThan(0.999);
    const squares = multiply(queries, transpose(queries));
    const energy = Float64Array.from({ length: queries.shape[0] }, (_, q) => squares.data[q * (queries.shape[0] + 1)]);
    expect(found.energy).toBeAllclose(energy, close(energy));
    expect([span.features, span.rowsEach, span.rank]).toEqual([
      rows.shape[0],
      form === "outputs" ? C : 1,
      rows.shape[0],
    ]);
    // What was trained on lies in its own span.
    expect((await span.coverage(xs)).covered).toBeAllclose(new Float64Array(rows.shape[0]).fill(1), loose);
  });

  it("with a ridge is the Gaussian process's share, from below, and comes to the projection", async () => {
    const own = await smallKernel();
    const { xs2 } = own;
    const kernel = kernelOf(own);
    const projected = await (await trainingSpan(kernel, { tolerance: 1e-13, algebra })).coverage(xs2);
    let before = new Float64Array(projected.covered.length);
    for (const ridge of [1, 1e-2, 1e-4, 1e-10]) {
      const span = await trainingSpan(kernel, { ridge, algebra });
      const { covered } = await span.coverage(xs2);
      expect(span.weak).toBe("ridge");
      for (const [q, value] of covered.entries()) expect(value).toBeGreaterThan(before[q]);
      before = Float64Array.from(covered);
      // k^T (K + ridge I)^-1 k by elimination.
      const matrix = await kernel.matrix();
      const [n] = matrix.shape;
      const diagonal = Array.from({ length: n }, (_, i) => matrix.data[i * (n + 1)]);
      const added = (ridge * diagonal.reduce((a, b) => a + b)) / n;
      expect(span.ridge).toBeAllclose(added, { atol: 0, rtol: 1e-12 });
      for (let i = 0; i < n; i++) matrix.data[i * (n + 1)] += added;
      const between = await kernel.between(xs2);
      const solved = multiply(between, algebra.solve(matrix, transpose(between)));
      const expected = covered.map((_, q) => solved.data[q * (covered.length + 1)] / projected.energy[q]);
      expect(covered).toBeAllclose(expected, loose);
    }
    expect(before).toBeAllclose(projected.covered, { atol: 1e-4, rtol: 0 });
  });
});

it("a float32 kernel covers as a float64 one does, with the default ridge", async () => {
  const [double, single] = [await smallKernel(), await smallKernel({ dtype: "float32" })];
  const of = async ({ task, params, xs, xs2 }: typeof double) =>
    (await trainingSpan(tangentSpanKernel(task, params, xs), { algebra })).coverage(xs2);
  const [expected, found] = [await of(double), await of(single)];
  expect(found.covered).toBeAllclose(expected.covered, { atol: 1e-3, rtol: 0 });
  expect(found.nearest).toEqual(expected.nearest);
});

/** Features are the points themselves. */
const spanOf = (points: Tensor, options = {}) =>
  trainingSpan(inputMachineKernel(points, dotProduct(), "dot product"), { algebra, ...options });

describe("coverage by points of a plane", () => {
  const points = reals([3, 3], [2, 0, 0, 0, 1, 0, 1, 1, 0]);

  it("has the share in the plane, the nearest point by angle, and the class that is nearest on average", async () => {
    const span = await spanOf(points, { tolerance: 1e-12, labels: [4, 7, 7] });
    const found = await span.coverage(reals([3, 3], [3, 0, 4, 0, 0, 5, 0, 2, 0]));
    expect([span.kernel, span.features, span.rank, span.ridge]).toEqual(["dot product", 3, 2, 0]);
    expect(found.covered).toBeAllclose([9 / 25, 0, 1], loose);
    expect(found.energy).toEqual(Float64Array.of(25, 25, 4));
    expect(found.similarity).toBeAllclose([3 / 5, 0, 1], loose);
    expect(found.nearest).toEqual(Int32Array.of(0, 0, 1));
    expect(found.nearestClass).toEqual(Int32Array.of(4, 4, 7));
  });

  it("a ridge counts a direction by its eigenvalue over that and the ridge", async () => {
    // One feature (2, 0, 0): mean diagonal 4.
    const span = await spanOf(reals([1, 3], [2, 0, 0]), { ridge: 0.5 });
    expect((await span.coverage(reals([1, 3], [1, 0, 0]))).covered).toBeAllclose([4 / 6], loose);
    expect(span.ridge).toBe(2);
  });

  it("many queries are asked about in tiles, with the same answers", async () => {
    const span = await spanOf(points, { labels: [0, 1, 1] });
    const many = reals(
      [1100, 3],
      Float64Array.from({ length: 3300 }, (_, k) => Math.sin(k)),
    );
    const all = await span.coverage(many);
    const one = await span.coverage(reals([1, 3], many.data.slice(3 * 1050, 3 * 1051)));
    expect([all.covered[1050], all.similarity[1050], all.nearest[1050], all.nearestClass?.[1050]]).toEqual([
      one.covered[0],
      one.similarity[0],
      one.nearest[0],
      one.nearestClass?.[0],
    ]);
    expect(all.covered.length).toBe(1100);
    expect(await span.coverage(reals([0, 3], []))).toMatchObject({ covered: new Float64Array(0) });
  });

  it("a query whose feature is 0 lies in any span and is near to nothing", async () => {
    const found = await (await spanOf(points, { labels: [0, 1, 1] })).coverage(reals([1, 3], [0, 0, 0]));
    expect([found.covered[0], found.similarity[0], found.nearest[0], found.nearestClass?.[0]]).toEqual([1, 0, -1, -1]);
  });

  it.each([{}, { tolerance: 1e-12 }])("features of zeros span nothing: %o", async (options) => {
    const span = await spanOf(reals([2, 3], new Float64Array(6)), { ...options, labels: [0, 1] });
    const found = await span.coverage(reals([2, 3], [1, 0, 0, 0, 0, 0]));
    expect(found.covered).toEqual(Float64Array.of(0, 1));
    expect(found.nearest).toEqual(Int32Array.of(-1, -1));
    expect(found.nearestClass).toEqual(Int32Array.of(-1, -1));
    expect(span.ridge).toBe(0);
  });

  it("refuses what does not fit", async () => {
    const cases = [
      [{ ridge: 1, tolerance: 0 }, "ridge or tolerance must be left out, got 1 and 0"],
      [{ ridge: 0 }, "ridge must be a finite number > 0, got 0"],
      [{ tolerance: 1 }, "tolerance must lie in [0, 1), got 1"],
      [{ labels: [1] }, "labels must be 3 as the points are, got 1"],
    ] as const;
    for (const [options, must] of cases)
      await expect(spanOf(points, options)).rejects.toThrow(new RangeError(`trainingSpan: ${must}`));
    await expect(spanOf(reals([0, 3], []))).rejects.toThrow(
      new RangeError("trainingSpan: there must be a training example, got none"),
    );
    const span = await spanOf(points);
    await expect(span.coverage(reals([1, 3], [Number.NaN, 0, 0]))).rejects.toThrow(InvalidDataError);
    await expect(spanOf(reals([1, 3], [Number.NaN, 0, 0]))).rejects.toThrow(InvalidDataError);
    const { task, params, xs } = await smallKernel();
    expect(() => tangentSpanKernel(task, params, xs, { form: "loss" as never })).toThrow(
      new RangeError("tangentSpanKernel: form must be one of trace, predicted, readout, outputs, got loss"),
    );
  });

  it("refuses a readout of another form or length", async () => {
    const { task, params, xs } = await smallKernel();
    expect(() => tangentSpanKernel(task, params, xs, { form: "readout" })).toThrow(
      new RangeError(
        "tangentSpanKernel: readout must be given for the form readout, and for no other, got form readout",
      ),
    );
    const short = tangentSpanKernel(task, params, xs, { form: "readout", readout: () => [1] });
    await expect(short.matrix()).rejects.toThrow(
      new RangeError("tangentSpanKernel: readout must give 3 numbers, got 1"),
    );
  });

  it("has a default ridge that is written down", () => {
    expect(DEFAULT_SPAN_RIDGE).toBe(1e-2);
  });
});

// Eigenvalues of kernels by either method, against the matrix that another algorithm gives, and against what theory says of them.

import { describe, expect, it } from "vitest";
import { matrixForms } from "../../src/kernels/gram-matrix.ts";
import { type KernelSpectrumOptions, kernelSpectrum } from "../../src/kernels/spectrum.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import type { Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { formOptions, kernelMatrix, matrixSubjects, matrixWays as ways } from "../helpers/kernel-matrix.ts";
import { C, close, smallKernel } from "../helpers/kernels.ts";
import { diagonal, identity, multiply, transpose } from "../helpers/matrices.ts";

const N = 5;

/** K V^T = V^T diag(values), V V^T = I. */
function expectEigenpairs(matrix: Matrix, values: Float64Array, vectors: Matrix, limit: number): void {
  const scale = { atol: limit * values[0], rtol: 0 };
  expect(multiply(vectors, matrix).data).toBeAllclose(multiply(diagonal(values), vectors).data, scale);
  const gram = multiply(vectors, transpose(vectors)).data;
  expect(gram).toBeAllclose(identity(values.length).data, { atol: limit, rtol: 0 });
}

describe.each(matrixSubjects)("kernelSpectrum of %s", (_, make) => {
  it.each(matrixForms)(
    "has the eigenvalues and vectors of K to 1e-9, all of them or the largest, by both methods: %s",
    async (form) => {
      const own = await make();
      const options = formOptions(form, own);
      const matrix = await kernelMatrix(own, options);
      const [order] = matrix.shape;
      const run = (more: KernelSpectrumOptions) =>
        kernelSpectrum(own.task, own.params, own.xs, { ...options, ...more });
      const all = await run({});
      expect(all).toMatchObject({
        vectors: undefined,
        bounds: undefined,
        products: 0,
        plan: { method: "dense", order },
      });
      const trace = Array.from({ length: order }, (_x, i) => matrix.data[i * order + i]).reduce((a, b) => a + b);
      expect(all.values.reduce((a, b) => a + b)).toBeCloseTo(trace, 9);
      const whole = await run({ vectors: true });
      expect(whole.values).toBeAllclose(all.values, close(all.values));
      for (const [way, largest] of [...ways.map((own) => [own, 3] as const), [ways[1], order] as const]) {
        const { values, vectors, bounds, products, plan } = await run({ largest, ...way });
        expect(values).toBeAllclose(all.values.slice(0, largest), close(all.values, 1e-9));
        expect(vectors?.shape).toEqual(form === "blocks" ? [largest, N, C] : [largest, N]);
        expectEigenpairs(matrix, values, { dtype: "float64", shape: [largest, order], data: vectors!.data }, 1e-9);
        expect(plan).toMatchObject({ ...way, bytes: { matrix: way.method === "dense" ? 8 * order ** 2 : 0 } });
        if (way.method === "iterative") {
          expect(products).toBeGreaterThanOrEqual(largest);
          expect(Math.max(...bounds!)).toBeLessThanOrEqual(1e-9 * values[0]);
        }
      }
      expectEigenpairs(
        matrix,
        whole.values,
        { dtype: "float64", shape: [order, order], data: whole.vectors!.data },
        1e-12,
      );
    },
  );
});

describe("kernelSpectrum", () => {
  it("has each eigenvalue of a linear last layer C times: K = (h h'^T + 1) times the identity", async () => {
    const { task, params, xs } = await smallKernel({ trainable: ["layers.2.weight", "layers.2.bias"] });
    for (const way of ways) {
      const { values } = await kernelSpectrum(task, params, xs, { form: "blocks", ...way, largest: 9 });
      const trace = await kernelSpectrum(task, params, xs, { form: "trace", ...way, largest: 3 });
      const repeated = [...trace.values].flatMap((value) => [value / C, value / C, value / C]);
      expect(values).toBeAllclose(repeated, close(repeated, 1e-9));
    }
  });

  it("has as many eigenvalues above rounding as there are parameters", async () => {
    // Seven parameters, fifteen rows.
    const { task, params, xs } = await smallKernel({ trainable: ["layers.0.bias"] });
    expect(task.layout.size).toBe(7);
    const { values } = await kernelSpectrum(task, params, xs, { form: "blocks" });
    expect(values[6]).toBeGreaterThan(1e-9 * values[0]);
    expect(Math.max(...values.slice(7).map(Math.abs))).toBeLessThan(1e-14 * values[0]);
  });

  it("gives the same by JavaScript and by whatever is there", async () => {
    const { task, params, xs } = await smallKernel();
    const algebra = await openLinearAlgebra({ member: "javascript" });
    const javascript = await kernelSpectrum(task, params, xs, { algebra });
    const found = await kernelSpectrum(task, params, xs);
    expect(found.values).toBeAllclose(javascript.values, close(javascript.values));
  });

  it("in float32 is that in float64 to 1e-4 of the largest, by both methods", async () => {
    const [single, double] = [await smallKernel({ dtype: "float32" }), await smallKernel()];
    const exact = (await kernelSpectrum(double.task, Float64Array.from(single.params), double.xs)).values;
    for (const way of ways) {
      const { values } = await kernelSpectrum(single.task, single.params, single.xs, {
        ...way,
        largest: 4,
        vectors: false,
      });
      expect(values).toBeAllclose(exact.slice(0, 4), close(exact, 1e-4));
    }
  });

  it("tells of products, and stops with the signal's reason", async () => {
    const { task, params, xs } = await smallKernel();
    const told: string[] = [];
    const controller = new AbortController();
    const stop = kernelSpectrum(task, params, xs, {
      method: "iterative",
      largest: 2,
      signal: controller.signal,
      onProgress: ({ stage, done, total, note }) => {
        told.push(`${stage} ${done}/${total}, ${note}`);
        if (done === 2) controller.abort(new Error("enough"));
      },
    });
    await expect(stop).rejects.toThrow("enough");
    expect(told).toEqual(["kernel products 1/1000, 0 of 2 eigenvalues", "kernel products 2/1000, 0 of 2 eigenvalues"]);
  });

  it.each([
    ["largest must be a whole number from 1 to 5, got 6", { largest: 6 }],
    ["largest must be a whole number from 1 to 15, got 0", { form: "blocks", largest: 0 }],
    [
      "largest must be given for method iterative, which finds the largest eigenvalues, got none",
      { method: "iterative" },
    ],
  ] as const)("refuses with one line: %s", async (message, options) => {
    const { task, params, xs } = await smallKernel();
    await expect(kernelSpectrum(task, params, xs, options)).rejects.toThrow(
      new RangeError(`kernelSpectrum: ${message}`),
    );
  });
});

// (K + ridge I) alpha = b by either method, against the matrix that another algorithm gives.

import { describe, expect, it } from "vitest";
import { NumericalError } from "../../src/errors.ts";
import { matrixForms } from "../../src/kernels/gram-matrix.ts";
import { type KernelSolveOptions, kernelSolve } from "../../src/kernels/solve.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { reals, sizeOf, tensor } from "../../src/numeric/tensor.ts";
import { formOptions, kernelMatrix, matrixSubjects, matrixWays as ways } from "../helpers/kernel-matrix.ts";
import { C, close, smallKernel } from "../helpers/kernels.ts";
import { matrixOf, multiply, normalMatrix } from "../helpers/matrices.ts";

const N = 5;
const RIDGE = 0.1;

describe.each(matrixSubjects)("kernelSolve of %s", (_, make) => {
  it.each(matrixForms)(
    "gives (K + ridge I) alpha = b to 1e-10 by both methods, for one and several right sides: %s",
    async (form) => {
      const own = await make();
      const options = formOptions(form, own);
      const weights = form === "trace" ? Float64Array.from(own.params, (_w, k) => 1 + (k % 3)) : undefined;
      const matrix = await kernelMatrix(own, options, weights);
      const [order] = matrix.shape;
      const shifted = matrixOf(order, order, (i, j) => matrix.data[i * order + j] + (i === j ? RIDGE : 0));
      const lead = form === "blocks" ? [N, C] : [N];
      for (const k of [1, 2]) {
        const flat = normalMatrix(order, k, 7);
        const b = tensor("float64", k === 1 ? lead : [...lead, k], flat.data);
        for (const way of ways) {
          const all = { ...options, ridge: RIDGE, ...way, ...(weights && { weights }) };
          const { alpha, residuals, converged, jitter, products, plan } = await kernelSolve(
            own.task,
            own.params,
            own.xs,
            b,
            all,
          );
          expect(alpha.shape).toEqual(b.shape);
          const image = multiply(shifted, { ...flat, data: alpha.data });
          expect(image.data).toBeAllclose(flat.data, close(flat.data, 1e-9));
          expect(residuals).toHaveLength(k);
          expect(Math.max(...residuals)).toBeLessThanOrEqual(1e-10);
          expect({ converged, jitter }).toEqual({ converged: true, jitter: 0 });
          expect(plan).toMatchObject(way);
          expect(plan.bytes.matrix).toBe(way.method === "dense" ? 8 * order ** 2 : 0);
          if (way.method === "dense") expect(products).toBe(0);
          else expect(products).toBeGreaterThan(k);
        }
      }
    },
  );
});

describe("kernelSolve", () => {
  it("gives the same by JavaScript and by whatever is there", async () => {
    const { task, params, xs } = await smallKernel();
    const b = normalMatrix(N, 2);
    const run = async (options: KernelSolveOptions) =>
      (await kernelSolve(task, params, xs, b, { ridge: RIDGE, ...options })).alpha;
    const javascript = await run({ algebra: await openLinearAlgebra({ member: "javascript" }) });
    expect((await run({})).data).toBeAllclose(javascript.data, close(javascript.data));
  });

  it("in float32 is that in float64 to 1e-4 by both methods, and says what residual it has", async () => {
    const [single, double] = [await smallKernel({ dtype: "float32" }), await smallKernel()];
    const b = normalMatrix(N, 1, 3);
    const params = Float64Array.from(single.params);
    const exact = (await kernelSolve(double.task, params, double.xs, b, { ridge: RIDGE })).alpha.data;
    for (const way of ways) {
      const { alpha, residuals, converged } = await kernelSolve(single.task, single.params, single.xs, b, {
        ridge: RIDGE,
        ...way,
      });
      expect(alpha.data).toBeAllclose(exact, close(exact, 1e-4));
      expect(residuals[0]).toBeLessThanOrEqual(1e-5);
      expect(converged).toBe(true);
    }
  });

  it("needs few products with a preconditioner: one, of the inverse", async () => {
    const own = await smallKernel();
    const matrix = await kernelMatrix(own, { form: "trace" });
    const shifted = matrixOf(N, N, (i, j) => matrix.data[i * N + j] + (i === j ? RIDGE : 0));
    const inverse = (await openLinearAlgebra()).cholesky(shifted);
    const preconditioner = (r: Float64Array) => inverse.solve(reals([N], r)).data;
    const options = { ridge: RIDGE, method: "iterative", preconditioner } as const;
    const { products, residuals } = await kernelSolve(own.task, own.params, own.xs, normalMatrix(N, 1, 4), options);
    expect(products).toBe(2);
    expect(residuals[0]).toBeLessThan(1e-12);
  });

  it("says where products were not enough", async () => {
    const { task, params, xs } = await smallKernel();
    const options = { ridge: 1e-6, method: "iterative", maxProducts: 3 } as const;
    const { residuals, converged, products } = await kernelSolve(task, params, xs, normalMatrix(N, 1), options);
    expect({ converged, products }).toEqual({ converged: false, products: 3 });
    expect(residuals[0]).toBeGreaterThan(1e-10);
  });

  it("refuses a kernel that is not positive definite, and adds no more than it is told to", async () => {
    // The same example five times: rank 1, with rounding of either sign beside it.
    const { task, params, xs } = await smallKernel();
    const size = xs.data.length / N;
    const same = reals(
      xs.shape,
      Array.from({ length: N * size }, (_, at) => Number(xs.data[at % size])),
    );
    const b = tensor("float64", [N], Float64Array.of(1, 1, 1, 1, 1));
    const negative = { weights: new Float64Array(task.layout.size).fill(-1) };
    await expect(kernelSolve(task, params, same, b, negative)).rejects.toThrow(NumericalError);
    const iterative = kernelSolve(task, params, same, b, { ...negative, method: "iterative" });
    await expect(iterative).rejects.toThrow(/^conjugateGradients: matrix must be positive definite, got v\^T A v = -/);
    const { jitter, residuals } = await kernelSolve(task, params, same, b, { maxJitter: 1e-8 });
    expect(jitter).toBeLessThan(1e-7);
    // b is in the range: what was added is what is left.
    expect(residuals[0]).toBeLessThan(1e-7);
  });

  it("tells of tiles or products, and stops with the signal's reason", async () => {
    const { task, params, xs } = await smallKernel();
    const b = normalMatrix(N, 2);
    for (const [method, expected] of [
      ["dense", ["kernel 1/6", "kernel 2/6"]],
      ["iterative", ["kernel products, right side 1 of 2 1/2000", "kernel products, right side 1 of 2 2/2000"]],
    ] as const) {
      const told: string[] = [];
      const controller = new AbortController();
      const stop = kernelSolve(task, params, xs, b, {
        method,
        ridge: RIDGE,
        tile: 2,
        signal: controller.signal,
        onProgress: ({ stage, done, total }) => {
          told.push(`${stage} ${done}/${total}`);
          if (told.length === 2) controller.abort(new Error("enough"));
        },
      });
      await expect(stop).rejects.toThrow("enough");
      expect(told).toEqual(expected);
    }
  });

  it("answers for no examples, and for no right side", async () => {
    const { task, params, xs } = await smallKernel();
    const none = { ...xs, shape: [0, ...xs.shape.slice(1)], data: xs.data.slice(0, 0) } as typeof xs;
    expect((await kernelSolve(task, params, none, normalMatrix(0, 1))).alpha.shape).toEqual([0, 1]);
    expect((await kernelSolve(task, params, xs, normalMatrix(N, 0), { ridge: RIDGE })).residuals).toHaveLength(0);
  });

  it.each([
    ["form must be one of trace, readout, blocks, got diagonal", [N, 1], { form: "diagonal" as never }],
    ["method must be one of auto, dense, iterative, got direct", [N, 1], { method: "direct" as never }],
    ["products must be one of auto, passes, tiles, got rows", [N, 1], { products: "rows" as never }],
    ["ridge must be a finite number >= 0, got -1", [N, 1], { ridge: -1 }],
    ["b must have shape [5] or [5,k], got [4]", [4], {}],
    ["b must have shape [5] or [5,k], got [5,3,1]", [N, C, 1], {}],
    ["b must have shape [5,3] or [5,3,k], got [5,2]", [N, 2], { form: "blocks" }],
    ["readouts must be given for the form readout, and for no other, got form readout", [N], { form: "readout" }],
    ["readouts must have shape [5,3], got [5,2]", [N], { form: "readout", readouts: normalMatrix(N, 2) }],
    ["memoryBudget must be a number of bytes, got NaN", [N], { memoryBudget: Number.NaN }],
    ["tolerance must be a number > 0, got 0", [N], { tolerance: 0 }],
    ["maxProducts must be a number > 0, got -2", [N], { maxProducts: -2 }],
  ] as const)("refuses with one line: %s", async (message, shape, options) => {
    const { task, params, xs } = await smallKernel();
    const b = tensor("float64", shape, new Float64Array(sizeOf(shape)));
    await expect(kernelSolve(task, params, xs, b, options)).rejects.toThrow(new RangeError(`kernelSolve: ${message}`));
  });
});

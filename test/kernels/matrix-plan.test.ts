// How a solve or a spectrum will be computed: one matrix within the budget, or none.

import { describe, expect, it } from "vitest";
import { planKernelSolve } from "../../src/kernels/solve.ts";
import { type KernelSpectrumOptions, planKernelSpectrum } from "../../src/kernels/spectrum.ts";
import { zeros } from "../../src/numeric/tensor.ts";
import { C, smallKernel } from "../helpers/kernels.ts";

const N = 1000;
const xs = zeros("float64", [N, 2]);
const MATRIX = 8 * N ** 2;
const { task } = await smallKernel();

describe("planKernelSolve(model, xs, columns, options)", () => {
  it("takes one matrix where it fits the budget, and none where it does not", () => {
    const dense = planKernelSolve(task, xs, 3, { memoryBudget: 2 * MATRIX });
    expect(dense).toMatchObject({ method: "dense", order: N, bytes: { matrix: MATRIX } });
    expect(dense.reason).toMatch(/^the matrix of 1000 rows takes 8.\d* MB of 16.0 MB$/);
    const { bytes, kernel } = dense;
    expect(bytes.matrix + Math.max(bytes.work, bytes.kernel)).toBeLessThanOrEqual(2 * MATRIX);
    expect(kernel).toMatchObject({ shape: [N, N], symmetric: true });
    const iterative = planKernelSolve(task, xs, 3, { memoryBudget: MATRIX });
    expect(iterative).toMatchObject({ method: "iterative", order: N, bytes: { matrix: 0 } });
    expect(iterative.bytes.work + iterative.kernelBudget).toBe(MATRIX);
    expect(iterative.bytes.work + iterative.bytes.kernel).toBeLessThanOrEqual(MATRIX);
  });

  it("makes products of what costs fewer FLOPs: tiles of few examples, passes over many", () => {
    const plan = (n: number, more = {}) =>
      planKernelSolve(task, zeros("float64", [n, 2]), 1, { method: "iterative", memoryBudget: 2 ** 20, ...more });
    const [few, many] = [plan(4), plan(4000)];
    expect(few).toMatchObject({ products: "tiles", kernel: { shape: [4, 4] } });
    expect(many).toMatchObject({ products: "passes", kernel: undefined });
    expect(many.reason).toMatch(/^asked for; passes of a product take \S+ GFLOP, tiles \S+ GFLOP$/);
    expect(plan(4000, { products: "tiles" })).toMatchObject({ products: "tiles", kernel: { shape: [4000, 4000] } });
    expect(plan(4, { products: "passes" }).products).toBe("passes");
    // Vectors alone take more than this.
    expect(plan(4000, { memoryBudget: 0 }).reason).toMatch(/tiles more than the budget$/);
  });

  it("counts the rows of blocks for every output", () => {
    const budget = { form: "blocks", memoryBudget: 10 * MATRIX } as const;
    expect(planKernelSolve(task, xs, 1, budget)).toMatchObject({ order: C * N, bytes: { matrix: C ** 2 * MATRIX } });
    const less = planKernelSolve(task, xs, 1, { ...budget, memoryBudget: C ** 2 * MATRIX });
    expect(less).toMatchObject({ method: "iterative", order: C * N });
  });

  it("does as asked, and says what budget would do where it cannot", () => {
    const asked = planKernelSolve(task, xs, 1, { method: "iterative" });
    expect(asked).toMatchObject({ method: "iterative", reason: expect.stringMatching(/^asked for; /) });
    const refused = () => planKernelSolve(task, xs, 1, { method: "dense", memoryBudget: MATRIX });
    expect(refused).toThrow(/^kernelSolve: memoryBudget must be at least \d+ bytes for method dense, got 8000000$/);
    const [, least] = /at least (\d+)/.exec(String(catchError(refused))) as RegExpExecArray;
    const enough = planKernelSolve(task, xs, 1, { method: "dense", memoryBudget: Number(least) });
    expect(enough.bytes.matrix + Math.max(enough.bytes.work, enough.bytes.kernel)).toBeLessThanOrEqual(Number(least));
  });
});

describe("planKernelSpectrum(model, xs, options)", () => {
  const plan = (options: KernelSpectrumOptions) => planKernelSpectrum(task, xs, options);

  it("needs the matrix for all eigenvalues, and not for the largest", () => {
    expect(plan({}).method).toBe("dense");
    expect(plan({ largest: 10 }).method).toBe("dense");
    expect(() => plan({ memoryBudget: MATRIX })).toThrow(
      /^kernelSpectrum: memoryBudget must be at least \d+ bytes for all eigenvalues, or largest be given, got 8000000$/,
    );
    const { method, bytes } = plan({ largest: 10, memoryBudget: MATRIX });
    // Ten that are found are the result; twice as many and twenty are the basis.
    expect({ method, matrix: bytes.matrix, work: bytes.work }).toEqual({
      method: "iterative",
      matrix: 0,
      work: 8 * N * 44,
    });
  });

  it("is the same for the same problem and budget", () => {
    const options = { form: "blocks", largest: 4, memoryBudget: 2 ** 28 } as const;
    expect(plan(options)).toEqual(plan(options));
  });
});

function catchError(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

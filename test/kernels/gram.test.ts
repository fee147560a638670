// What must hold of every Gram matrix of a tangent kernel, whatever computes it.

import { describe, expect, it } from "vitest";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { algorithmNames } from "../../src/kernels/types.ts";
import { type RealArray, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { C, close, largest, smallestPivot, smallKernel } from "../helpers/kernels.ts";

/** Blocks (n, n, C, C) as one matrix (n C, n C). */
function flattened(blocks: RealArray, n: number): Float64Array {
  return Float64Array.from({ length: n * n * C * C }, (_, at) => {
    const [row, column] = [Math.floor(at / (n * C)), at % (n * C)];
    const [i, j] = [Math.floor(row / C), Math.floor(column / C)];
    return blocks[(i * n + j) * C * C + (row % C) * C + (column % C)];
  });
}

describe.each(algorithmNames)("every Gram matrix by %s", (algorithm) => {
  it.each([
    ["tanh", "float64", undefined],
    ["relu", "float64", 2],
    ["cnn", "float64", 2],
    ["tanh", "float32", 2],
  ] as const)("is symmetric and positive semidefinite to rounding: %s, %s, tile %s", async (model, dtype, tile) => {
    const { task, kernel } = await smallKernel({ model, dtype });
    const xs = takeRows(task.dataset.train.x, [0, 1, 2, 3, 4, 0]); // The first one twice: the matrix is singular.
    const options = { algorithm, ...(tile !== undefined && { tile }) };
    const epsilon = dtype === "float64" ? 1e-13 : 1e-5;
    const weights = Float64Array.from({ length: task.layout.size }, (_, k) => k % 3);
    const blocks = flattened(await kernel({ ...options, form: "blocks" }, xs), 6);
    const matrices = [
      [await kernel(options, xs), 6],
      [await kernel({ ...options, weights }, xs), 6],
      [await kernel({ ...options, normalize: true }, xs), 6],
      [blocks, 6 * C],
    ] as const;
    for (const [matrix, n] of matrices) {
      const scale = largest(matrix);
      const transposed = matrix.map((_, at) => matrix[(at % n) * n + Math.floor(at / n)]);
      expect(matrix).toBeAllclose(transposed, { atol: epsilon * scale, rtol: 0 });
      expect(smallestPivot(matrix, n, n * epsilon * scale)).toBeGreaterThan(0);
    }
  });

  it("moves with its examples, and is 1 on the diagonal when normalised", async () => {
    const { task, kernel, xs } = await smallKernel();
    const order = [3, 0, 4, 1, 2];
    const [plain, moved] = [await kernel({ algorithm }), await kernel({ algorithm }, takeRows(xs, order))];
    const expected = plain.map((_, at) => plain[order[Math.floor(at / 5)] * 5 + order[at % 5]]);
    expect(moved).toBeAllclose(expected, close(expected));
    const diagonal = await kernel({ algorithm, normalize: true, form: "diagonal" });
    for (let n = 0; n < 5; n++) for (let c = 0; c < C; c++) expect(diagonal[(n * 5 + n) * C + c]).toBeCloseTo(1, 12);
    expect(largest(diagonal)).toBeLessThanOrEqual(1 + 1e-12);
    expect(task.layout.size).toBeGreaterThan(50);
  });

  it("is linear in its weights, and ones change nothing", async () => {
    const { task, kernel } = await smallKernel();
    const { size } = task.layout;
    const [a, b] = [1, 2].map((seed) => Float64Array.from({ length: size }, (_, k) => Math.sin(seed * k)));
    const plain = await kernel({ algorithm });
    expect(await kernel({ algorithm, weights: new Float64Array(size).fill(1) })).toBeAllclose(plain, close(plain));
    const [ofA, ofB] = [await kernel({ algorithm, weights: a }), await kernel({ algorithm, weights: b })];
    const added = ofA.map((value, k) => 2 * value + ofB[k]);
    expect(await kernel({ algorithm, weights: a.map((value, k) => 2 * value + b[k]) })).toBeAllclose(
      added,
      close(added),
    );
  });

  it("at two times is the transpose of the one with the times exchanged", async () => {
    const { task, params, xs, xs2 } = await smallKernel();
    const later = params.map((value, k) => value + 0.2 * Math.cos(k));
    const at = async (first: RealArray, second: RealArray, [x, y]: readonly Tensor[]): Promise<RealArray> =>
      (await tangentKernel(task, first, x, y, { algorithm, params2: second })).kernel.data as RealArray;
    const [there, back] = [await at(params, later, [xs, xs2]), await at(later, params, [xs2, xs])];
    expect(there).toBeAllclose(
      there.map((_, k) => back[(k % 3) * 5 + Math.floor(k / 3)]),
      close(there),
    );
  });
});

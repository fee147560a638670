// Kernels as machines take them: tangent kernels, functions of inputs, matrices that exist already, rows from files and functions.

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FileError, InvalidDataError } from "../../src/errors.ts";
import { gaussian } from "../../src/kernels/input-kernels.ts";
import {
  eachKernelRows,
  inputMachineKernel,
  type MachineKernel,
  machineKernelProduct,
  tangentMachineKernel,
} from "../../src/kernels/machine-kernel.ts";
import { npyMachineKernel } from "../../src/kernels/npy-kernel.node.ts";
import { precomputedMachineKernel, streamedMachineKernel } from "../../src/kernels/precomputed-kernel.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { conjugateGradients } from "../../src/numeric/linear-algebra/conjugate-gradients.ts";
import { lanczos } from "../../src/numeric/linear-algebra/lanczos.ts";
import { openLinearAlgebra } from "../../src/numeric/linear-algebra/load.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { type RealArray, reals, type Tensor, toReal } from "../../src/numeric/tensor.ts";
import { normalMatrix } from "../helpers/matrices.ts";
import { smallTask } from "../helpers/tasks.ts";

const folder = mkdtempSync(join(tmpdir(), "machine-kernel-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [points, queries] = [normalMatrix(7, 3), normalMatrix(4, 3, 2)];
const direct = inputMachineKernel(points, gaussian(0.3), "RBF");
const [matrix, ofQueries] = [await direct.matrix(), await direct.between(queries)];
const queryDiagonal = await direct.diagonal(queries);
const numbers = (...rows: number[]) => reals([rows.length, 1], rows);

function fileOf(name: string, tensor: Tensor): string {
  const path = join(folder, name);
  writeFileSync(path, encodeNpy(tensor));
  return path;
}

const K = fileOf("k.npy", matrix);
const stored: readonly (readonly [string, MachineKernel])[] = [
  ["a matrix", precomputedMachineKernel(matrix, { queries: ofQueries, queryDiagonal })],
  [
    "rows of a function",
    streamedMachineKernel({
      points: 7,
      queries: 4,
      queryDiagonal,
      row: async (r) => (r < 7 ? matrix.data.slice(7 * r, 7 * r + 7) : ofQueries.data.slice(7 * (r - 7), 7 * (r - 6))),
    }),
  ],
  ["files", npyMachineKernel(K, { queries: fileOf("q.npy", ofQueries), queryDiagonal })],
];

describe.each(stored)("a kernel of %s", (_, kernel) => {
  it("is the kernel that its numbers came from, points and queries by the numbers of their rows", async () => {
    expect(kernel.points).toEqual(numbers(0, 1, 2, 3, 4, 5, 6));
    expect(await kernel.matrix()).toEqual(matrix);
    expect(await kernel.between(numbers(7, 8, 9, 10))).toEqual(ofQueries);
    expect((await kernel.between(numbers(5))).data).toEqual(matrix.data.slice(35, 42));
    expect(await kernel.diagonal(numbers(8, 2))).toEqual(Float64Array.of(queryDiagonal[1], matrix.data[16]));
  });

  it("gives a matrix of the caller's own", async () => {
    (await kernel.matrix()).data.fill(0);
    expect(await kernel.matrix()).toEqual(matrix);
  });

  it("refuses rows that are not there", async () => {
    for (const wrong of [numbers(11), numbers(-1), numbers(0.5), reals([1, 2], [0, 1])])
      await expect(kernel.between(wrong)).rejects.toThrow(
        /^the .* must be numbers of rows \(Q, 1\) from 0 to 10, got \S+ \[\d,\d\]$/,
      );
  });

  it("stops with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(kernel.matrix({ signal })).rejects.toThrow("enough");
  });
});

describe("kernels of inputs and tangents", () => {
  it("inputMachineKernel is its function on all pairs", async () => {
    const row = (of: Tensor, i: number) => (of.data as RealArray).subarray(3 * i, 3 * i + 3);
    const all = (of: Tensor) =>
      Array.from({ length: of.shape[0] * 7 }, (_, at) =>
        gaussian(0.3)(row(of, Math.floor(at / 7)), row(points, at % 7)),
      );
    expect([...matrix.data]).toEqual(all(points));
    expect([...ofQueries.data]).toEqual(all(queries));
    expect([...queryDiagonal]).toEqual([1, 1, 1, 1]);
  });

  it("tangentMachineKernel is the trace of the tangent kernel", async () => {
    const { task, params } = await smallTask({ examples: 5, queries: 3, hidden: [4] });
    const { train, test } = task.dataset;
    const kernel = tangentMachineKernel(task, params, train.x);
    const trace = async (x: Tensor, y?: Tensor) =>
      (await tangentKernel(task, params, x, y, { form: "trace" })).kernel.data;
    expect((await kernel.matrix()).data).toBeAllclose((await trace(train.x)) as RealArray, { rtol: 1e-12, atol: 0 });
    expect((await kernel.between(test.x)).data).toBeAllclose((await trace(test.x, train.x)) as RealArray, {
      rtol: 1e-12,
      atol: 1e-12,
    });
    const own = (await trace(test.x)) as RealArray;
    expect(await kernel.diagonal(test.x)).toBeAllclose([own[0], own[4], own[8]], { rtol: 1e-12, atol: 0 });
  });

  it("eachKernelRows gives the matrix block by block", async () => {
    const found: [number, number][] = [];
    const rows = new Float64Array(49);
    await eachKernelRows(
      direct,
      (block, start) => {
        found.push([start, block.shape[0]]);
        rows.set(block.data, 7 * start);
      },
      { rows: 3 },
    );
    expect(found).toEqual([
      [0, 3],
      [3, 3],
      [6, 1],
    ]);
    expect(rows).toEqual(matrix.data);
    await expect(eachKernelRows(direct, () => {}, { rows: 0 })).rejects.toThrow(
      new RangeError("eachKernelRows: rows must be a whole number >= 1, got 0"),
    );
  });
});

describe("machineKernelProduct(kernel)", () => {
  it("lets iterations solve and find eigenvalues where only rows of a file are in memory", async () => {
    const algebra = await openLinearAlgebra();
    const ridged = reals(
      [7, 7],
      matrix.data.map((value, at) => value + (at % 8 === 0 ? 0.1 : 0)),
    );
    const product = machineKernelProduct(npyMachineKernel(fileOf("ridged.npy", ridged)), { rows: 2 });
    const b = normalMatrix(7, 1, 9);
    const { x, converged } = await conjugateGradients(product, b.data);
    expect(converged).toBe(true);
    expect(x).toBeAllclose(algebra.cholesky(ridged).solve(b).data, { atol: 1e-8, rtol: 0 });
    const { values } = await lanczos(product, 7, 3);
    expect(values).toBeAllclose(algebra.eigenvalues(ridged).slice(0, 3), { atol: 1e-9, rtol: 0 });
  });
});

describe("what is refused", () => {
  it("matrices and rows that are no kernel", async () => {
    expect(() => precomputedMachineKernel(ofQueries)).toThrow(
      new RangeError("precomputedMachineKernel: matrix must be square, got [4,7]"),
    );
    expect(() => precomputedMachineKernel(normalMatrix(3, 3))).toThrow(InvalidDataError);
    expect(() => precomputedMachineKernel(matrix, { queries: normalMatrix(2, 6) })).toThrow(
      new RangeError("precomputedMachineKernel: queries must have shape [M,7], got [2,6]"),
    );
    const rows = (row: () => RealArray) => streamedMachineKernel({ points: 2, row }).matrix();
    await expect(rows(() => new Float64Array(3))).rejects.toThrow(
      new RangeError("the streamed kernel: row 0 must have 2 numbers, got 3"),
    );
    await expect(rows(() => Float64Array.of(1, Number.NaN))).rejects.toThrow(
      new InvalidDataError("the streamed kernel: numbers must be finite, got NaN in row 0, column 1"),
    );
    await expect(rows(() => Float64Array.of(1, 2))).rejects.toThrow(/^the streamed kernel: matrix must be symmetric/);
    expect(() => streamedMachineKernel({ points: -1, row: () => new Float64Array(0) })).toThrow(
      new RangeError("streamedMachineKernel: points must be a whole number >= 0, got -1"),
    );
  });

  it("K(x, x) of queries that was not given", async () => {
    const kernel = precomputedMachineKernel(matrix, { queries: ofQueries });
    await expect(kernel.diagonal(numbers(7))).rejects.toThrow(
      new RangeError("the precomputed kernel: K(x, x) of queries must be given, got none (queryDiagonal)"),
    );
    expect(() =>
      precomputedMachineKernel(matrix, { queries: ofQueries, queryDiagonal: queryDiagonal.slice(1) }),
    ).toThrow(new RangeError("streamedMachineKernel: queryDiagonal must have 4 numbers, got 3"));
  });

  it("files that are missing, cut off, of another type or shape", async () => {
    expect(() => npyMachineKernel(join(folder, "none.npy"))).toThrow(FileError);
    expect(() => npyMachineKernel(fileOf("flat.npy", ofQueries))).toThrow(
      new InvalidDataError(`${join(folder, "flat.npy")}: a kernel of points must be square, got shape (4, 7)`),
    );
    expect(() => npyMachineKernel(fileOf("cube.npy", reals([1, 1, 1], [1])))).toThrow(InvalidDataError);
    expect(() => npyMachineKernel(K, { queries: fileOf("six.npy", normalMatrix(2, 6)) })).toThrow(InvalidDataError);
    const cut = fileOf("cut.npy", matrix);
    const kernel = npyMachineKernel(cut);
    truncateSync(cut, 300);
    expect(() => npyMachineKernel(cut)).toThrow(/the file must have 520 bytes, got 300$/);
    await expect(kernel.matrix()).rejects.toThrow(/row 3 must have 7 numbers, got the end of the file$/);
  });

  it("nothing of a float32 file: its numbers are those of the file", async () => {
    const rounded = toReal(matrix, "float32");
    expect((await npyMachineKernel(fileOf("f4.npy", rounded)).matrix()).data).toEqual(Float64Array.from(rounded.data));
  });
});

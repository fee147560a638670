// What every member of linear algebra must do, shown by reconstruction: the product of what it gives is what it was given.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { InvalidDataError, NumericalError } from "../../src/errors.ts";
import type { LinearAlgebra, Matrix } from "../../src/numeric/linear-algebra/types.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { largest } from "../helpers/kernels.ts";
import {
  diagonal,
  identity,
  matrixOf,
  minima,
  multiply,
  normalMatrix,
  secondDifferences,
  symmetricWith,
  transpose,
} from "../helpers/matrices.ts";

/** Rounding of a product or decomposition of such small matrices, relative to their largest entry: some 2^-52 times their order. */
const close = (expected: Matrix, limit = 1e-13) => ({ atol: limit * Math.max(1, largest(expected.data)), rtol: 0 });

const spectrum = (n: number): number[] => Array.from({ length: n }, (_, i) => 3 * 0.7 ** i);

const symmetric: readonly (readonly [string, Matrix])[] = [
  ["1 x 1", matrixOf(1, 1, () => -2.5)],
  ["2 x 2", matrixOf(2, 2, (i, j) => i + j)],
  ["with a spectrum that falls over ten orders", symmetricWith(spectrum(65))],
  ["indefinite, of odd order", symmetricWith(Array.from({ length: 33 }, (_, i) => i - 16))],
  ["of rank 3", symmetricWith([...new Array<number>(17).fill(0), 5, 2, 1])],
  ["with equal eigenvalues", symmetricWith([...new Array<number>(10).fill(1), ...new Array<number>(10).fill(2)])],
  ["diagonal", diagonal([3, -1, 2, 2, 0])],
  ["of zeros", matrixOf(6, 6, () => 0)],
  ["tridiagonal", secondDifferences(40)],
  ["huge", matrixOf(7, 7, (i, j) => 1e200 * Math.cos(i * j))],
  ["tiny", matrixOf(7, 7, (i, j) => 1e-200 * Math.cos(i * j))],
];

/**
 * So that what is allocated later is not hidden behind what is taken back meanwhile: buffers are freed beside the program, and by the beginning
 * of the next collection at the latest.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
}

const symmetricWithDominantDiagonal = (n: number): Matrix => matrixOf(n, n, (i, j) => (i === j ? n : Math.cos(i * j)));

const right = (n: number): readonly Matrix[] => [reals([n], normalMatrix(n, 1, 11).data), normalMatrix(n, 3, 12)];

/** Declares the tests of one member. */
export function linearAlgebraConformance(label: string, open: () => Promise<LinearAlgebra>): void {
  describe(label, () => {
    describe("eigenpairs(a)", () => {
      it.each(symmetric)("gives A = V^T diag(values) V with orthonormal rows V, descending: %s", async (_, a) => {
        const algebra = await open();
        const [n] = a.shape;
        const { values, vectors } = algebra.eigenpairs(a);
        expect(vectors.shape).toEqual([n, n]);
        const again = multiply(transpose(vectors), multiply(diagonal(values), vectors));
        expect(again.data).toBeAllclose(a.data, { atol: 1e-13 * largest(a.data), rtol: 0 });
        expect(multiply(vectors, transpose(vectors)).data).toBeAllclose(identity(n).data, { atol: 1e-13, rtol: 0 });
        expect(values).toEqual(values.slice().sort().reverse());
        expect(algebra.eigenvalues(a)).toBeAllclose(values, { atol: 1e-14 * largest(values), rtol: 0 });
      });

      it("has the closed forms of second differences and of minima", async () => {
        const algebra = await open();
        const n = 30;
        const sines = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos((Math.PI * (n - k)) / (n + 1)));
        expect(algebra.eigenvalues(secondDifferences(n))).toBeAllclose(sines, { atol: 1e-14, rtol: 0 });
        const inverses = Array.from(
          { length: n },
          (_, k) => 1 / (2 - 2 * Math.cos((Math.PI * (2 * k + 1)) / (2 * n + 1))),
        );
        expect(algebra.eigenvalues(minima(n))).toBeAllclose(inverses, { atol: 1e-13 * inverses[0], rtol: 0 });
      });

      it.each([0, 1, 4, 19, 20])("gives the %i largest of 20 alone, equal ones and zeros among them", async (k) => {
        const algebra = await open();
        const a = symmetricWith([7, 7, 7, 5, 3, ...new Array<number>(13).fill(0), -1, -2]);
        const { values, vectors } = algebra.eigenpairs(a, { largest: k });
        expect(values).toBeAllclose(algebra.eigenvalues(a).slice(0, k), { atol: 1e-13, rtol: 0 });
        expect(vectors.shape).toEqual([k, 20]);
        const images = multiply(vectors, a);
        expect(images.data).toBeAllclose(multiply(diagonal(values), vectors).data, { atol: 1e-13, rtol: 0 });
        expect(multiply(vectors, transpose(vectors)).data).toBeAllclose(identity(k).data, { atol: 1e-13, rtol: 0 });
      });
    });

    describe("cholesky(a)", () => {
      it.each([1, 2, 3, 32, 33, 69])("gives L L^T = A of order %i, and solves with it", async (n) => {
        const algebra = await open();
        const a = symmetricWith(Array.from({ length: n }, (_, i) => 1 + i / n));
        const { lower, jitter, attempts, solve, product } = algebra.cholesky(a);
        const l = matrixOf(n, n, (i, j) => (j <= i ? lower.data[i * n + j] : 0));
        expect(multiply(l, transpose(l)).data).toBeAllclose(a.data, close(a));
        expect({ jitter, attempts }).toEqual({ jitter: 0, attempts: 1 });
        for (const b of right(n)) {
          const x = solve(b);
          expect(x.shape).toEqual(b.shape);
          expect(multiply(a, x).data).toBeAllclose(b.data, close(b));
          expect(product(x).data).toBeAllclose(b.data, close(b));
        }
      });

      it("has the closed form of minima: all ones", async () => {
        const { lower } = (await open()).cholesky(minima(12));
        expect(matrixOf(12, 12, (i, j) => (j <= i ? lower.data[i * 12 + j] : 1)).data).toEqual(
          new Float64Array(144).fill(1),
        );
      });

      it("adds as little to the diagonal as it takes, and says so: A of rank 3", async () => {
        const algebra = await open();
        const a = symmetricWith([...new Array<number>(17).fill(-1e-13), 5, 2, 1]);
        const { lower, jitter, attempts, product } = algebra.cholesky(a);
        // The mean of the diagonal is 0.4; what is added must be above 1e-13 and is 1e-12 of it.
        expect(jitter).toBeCloseTo(0.4e-12, 20);
        expect(attempts).toBe(3);
        const l = matrixOf(20, 20, (i, j) => (j <= i ? lower.data[i * 20 + j] : 0));
        const shifted = matrixOf(20, 20, (i, j) => a.data[i * 20 + j] + (i === j ? jitter : 0));
        expect(multiply(l, transpose(l)).data).toBeAllclose(shifted.data, close(a, 1e-15));
        const x = normalMatrix(20, 2);
        expect(product(x).data).toBeAllclose(multiply(a, x).data, close(a));
      });

      it("refuses what is not positive definite, with the order of the minor that is not", async () => {
        const algebra = await open();
        const refusal =
          (a: Matrix, options = {}) =>
          () =>
            algebra.cholesky(a, options);
        expect(refusal(diagonal([1, 2, -3, 4]))).toThrow(
          new NumericalError(
            "cholesky: matrix must be positive definite, got a leading minor of order 3 that is not, with up to 1e-8 of the mean diagonal added",
            { hint: "add a larger ridge" },
          ),
        );
        expect(refusal(diagonal([1, 0]), { maxJitter: 0 })).toThrow(
          new NumericalError("cholesky: matrix must be positive definite, got a leading minor of order 2 that is not", {
            hint: "add a larger ridge",
          }),
        );
        expect(refusal(matrixOf(3, 3, () => 0))).toThrow(NumericalError);
        expect(refusal(diagonal([1]), { maxJitter: -1 })).toThrow(
          new RangeError("cholesky: maxJitter must be a number >= 0, got -1"),
        );
      });
    });

    describe("svd(a)", () => {
      it.each([
        ["1 x 1", matrixOf(1, 1, () => -3)],
        ["tall", normalMatrix(40, 7)],
        ["wide", normalMatrix(7, 40)],
        ["square", normalMatrix(23, 23)],
        ["one row", normalMatrix(1, 9)],
        ["one column", normalMatrix(9, 1)],
        ["of rank 2", multiply(normalMatrix(12, 2), normalMatrix(2, 9, 2))],
        ["of zeros", matrixOf(4, 3, () => 0)],
      ])("gives A = U diag(values) V^T with orthonormal columns and rows: %s", async (_, a) => {
        const { u, values, vt } = (await open()).svd(a);
        const [m, n] = a.shape;
        const r = Math.min(m, n);
        expect([u.shape, values.length, vt.shape]).toEqual([[m, r], r, [r, n]]);
        expect(multiply(u, multiply(diagonal(values), vt)).data).toBeAllclose(a.data, close(a));
        for (const gram of [multiply(transpose(u), u), multiply(vt, transpose(vt))])
          expect(gram.data).toBeAllclose(identity(r).data, { atol: 1e-13, rtol: 0 });
        expect(values).toEqual(values.slice().sort().reverse());
        expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
      });
    });

    describe("leastSquares(a, b)", () => {
      it.each([
        ["tall", normalMatrix(40, 7), 7],
        ["square", normalMatrix(9, 9), 9],
        ["wide", normalMatrix(5, 12), 5],
        ["tall, of rank 2", multiply(normalMatrix(30, 2), normalMatrix(2, 6, 2)), 2],
        ["wide, of rank 2", multiply(normalMatrix(6, 2), normalMatrix(2, 15, 2)), 2],
      ])("fulfils the normal equations, and is across the null space: %s", async (_, a, expected) => {
        const algebra = await open();
        for (const b of right(a.shape[0])) {
          const { x, rank, values } = algebra.leastSquares(a, b);
          expect({ shape: x.shape, rank }).toEqual({ shape: [a.shape[1], ...b.shape.slice(1)], rank: expected });
          const image = multiply(a, x);
          const residual = reals(
            image.shape,
            image.data.map((value, i) => b.data[i] - value),
          );
          expect(multiply(transpose(a), residual).data).toBeAllclose(new Float64Array(x.data.length), {
            atol: 1e-12,
            rtol: 0,
          });
          // Shortest: x = A^+ A x, the projection of x to the rows of A.
          const { vt } = algebra.svd(a);
          const rows = matrixOf(rank, a.shape[1], (i, j) => vt.data[i * a.shape[1] + j]);
          expect(multiply(transpose(rows), multiply(rows, x)).data).toBeAllclose(x.data, { atol: 1e-12, rtol: 0 });
          expect(values).toBeAllclose(algebra.svd(a).values, { atol: 1e-13, rtol: 0 });
        }
      });

      it("counts singular values above the tolerance alone", async () => {
        const algebra = await open();
        const [a, b] = [diagonal([1, 1e-3, 1e-6]), reals([3], [1, 1, 1])];
        const { x, rank } = algebra.leastSquares(a, b, { tolerance: 1e-4 });
        expect({ rank, x: [...x.data].map((value) => Math.round(value)) }).toEqual({ rank: 2, x: [1, 1000, 0] });
        expect(() => algebra.leastSquares(a, b, { tolerance: Number.NaN })).toThrow(
          new RangeError("leastSquares: tolerance must be a number >= 0, got NaN"),
        );
      });
    });

    describe("solve(a, b)", () => {
      it.each([1, 2, 20, 51])("gives A x = b for one and several right sides, of order %i", async (n) => {
        const algebra = await open();
        const a = normalMatrix(n, n, 3);
        for (const b of right(n)) {
          const x = algebra.solve(a, b);
          expect(x.shape).toEqual(b.shape);
          expect(multiply(a, x).data).toBeAllclose(b.data, close(x, 1e-12));
        }
      });

      it("exchanges rows where a diagonal entry is zero", async () => {
        const a = matrixOf(3, 3, (i, j) => [0, 2, 0, 0, 0, 3, 4, 0, 0][i * 3 + j]);
        expect((await open()).solve(a, reals([3], [2, 6, 12])).data).toEqual(Float64Array.of(3, 1, 2));
      });

      it.each([
        ["of zeros", matrixOf(2, 2, () => 0)],
        ["with a column of zeros", matrixOf(3, 3, (i, j) => (j === 1 ? 0 : i + j * j + 1))],
        ["of rank 2", multiply(normalMatrix(8, 2), normalMatrix(2, 8, 2))],
      ])("refuses a singular matrix: %s", async (_, a) => {
        const algebra = await open();
        const refused = () => algebra.solve(a, reals([a.shape[0]], new Float64Array(a.shape[0]).fill(1)));
        expect(refused).toThrow(NumericalError);
        expect(refused).toThrow(/^solve: matrix must not be singular, got pivots from \S+ down to \S+$/);
      });
    });

    it("uses what is on and below the diagonal of a matrix that is symmetric to rounding of float32", async () => {
      const algebra = await open();
      const a = minima(9);
      const nearly = matrixOf(9, 9, (i, j) => a.data[i * 9 + j] * (j > i ? 1 + 1e-7 : 1));
      const triangles = (own: Matrix) => matrixOf(9, 9, (i, j) => (j <= i ? own.data[i * 9 + j] : 0)).data;
      expect(algebra.eigenvalues(nearly)).toEqual(algebra.eigenvalues(a));
      expect(algebra.eigenpairs(nearly).vectors).toEqual(algebra.eigenpairs(a).vectors);
      expect(triangles(algebra.cholesky(nearly).lower)).toEqual(triangles(algebra.cholesky(a).lower));
    });

    it("answers for matrices without rows or columns", async () => {
      const algebra = await open();
      const none = matrixOf(0, 0, () => 0);
      expect(algebra.eigenvalues(none)).toEqual(new Float64Array(0));
      expect(algebra.eigenpairs(none).vectors.shape).toEqual([0, 0]);
      expect(algebra.cholesky(none).solve(matrixOf(0, 2, () => 0)).shape).toEqual([0, 2]);
      expect(algebra.solve(none, reals([0], [])).shape).toEqual([0]);
      const flat = algebra.svd(matrixOf(0, 3, () => 0));
      expect([flat.u.shape, flat.values.length, flat.vt.shape]).toEqual([[0, 0], 0, [0, 3]]);
      const { x, rank } = algebra.leastSquares(
        matrixOf(0, 3, () => 0),
        matrixOf(0, 2, () => 0),
      );
      expect({ shape: x.shape, data: [...x.data], rank }).toEqual({ shape: [3, 2], data: [0, 0, 0, 0, 0, 0], rank: 0 });
      expect(
        algebra.solve(
          identity(2),
          matrixOf(2, 0, () => 0),
        ).shape,
      ).toEqual([2, 0]);
    });

    it("changes nothing that it was given, unless told to overwrite it", async () => {
      const algebra = await open();
      const [a, b] = [minima(9), normalMatrix(9, 2)];
      const all = (options: { overwrite?: boolean }) => [
        algebra.eigenvalues(a, options),
        algebra.eigenpairs(a, options).values,
        algebra.cholesky(a, options).solve(b, options).data,
        algebra.svd(a, options).values,
        algebra.leastSquares(a, b, options).x.data,
        algebra.solve(a, b, options).data,
      ];
      const first = all({});
      expect([a, b]).toEqual([minima(9), normalMatrix(9, 2)]);
      expect(all({})).toEqual(first);
      // The same numbers in the caller's array: where Cholesky's factor and its solution end up.
      const given = minima(9);
      expect(algebra.cholesky(given, { overwrite: true }).lower.data).toBe(given.data);
      const side = normalMatrix(9, 2);
      expect(algebra.cholesky(a).solve(side, { overwrite: true }).data).toBe(side.data);
      expect(side.data).toEqual(first[2]);
      const values = [
        algebra.eigenvalues(minima(9), { overwrite: true }),
        algebra.svd(minima(9), { overwrite: true }).values,
      ];
      expect(values).toEqual([first[0], first[3]]);
    });

    it("allocates less than half the matrix beside it and the result, where it may overwrite it and it is symmetric", async () => {
      const algebra = await open();
      const n = 160;
      const bytes = 8 * n * n;
      const allocated = (work: (a: Matrix) => number): number => {
        const a = symmetricWithDominantDiagonal(n);
        collectGarbage();
        const before = process.memoryUsage().arrayBuffers;
        const result = work(a);
        const taken = process.memoryUsage().arrayBuffers - before - result;
        // Read after the measurement, so that the matrix is still there at it.
        return a.data.length > 0 ? taken : 0;
      };
      const works: readonly ((a: Matrix) => number)[] = [
        (a) => algebra.eigenvalues(a, { overwrite: true }).byteLength,
        (a) => algebra.eigenpairs(a, { overwrite: true, largest: 3 }).vectors.data.byteLength,
        (a) => {
          const { data } = algebra.eigenpairs(a, { overwrite: true }).vectors;
          return data === a.data ? 0 : data.byteLength;
        },
        (a) => algebra.cholesky(a, { overwrite: true }).solve(normalMatrix(n, 2)).data.byteLength,
      ];
      for (const work of works) expect(allocated(work)).toBeLessThan(bytes / 2);
      // And this sees a copy, unless the collector takes it first, which it does not five times.
      const copied = Array.from({ length: 5 }, () => allocated((a) => algebra.eigenvalues(a).byteLength));
      expect(Math.max(...copied)).toBeGreaterThanOrEqual(bytes);
    });

    describe("is refused with one line", () => {
      const nan = matrixOf(2, 2, (i, j) => (i === 1 && j === 0 ? Number.NaN : 1));
      const skew = matrixOf(3, 3, (i, j) => (i === 2 && j === 1 ? 1.5 : i * j));
      const cases: readonly (readonly [string, (own: LinearAlgebra) => unknown, Error])[] = [
        ...(["eigenvalues", "eigenpairs", "cholesky"] as const).flatMap((where) => [
          [
            `${where}: NaN`,
            (own: LinearAlgebra) => own[where](nan),
            new InvalidDataError(`${where}: matrix must be finite, got NaN in row 1, column 0`),
          ] as const,
          [
            `${where}: not symmetric`,
            (own: LinearAlgebra) => own[where](skew),
            new InvalidDataError(
              `${where}: matrix must be symmetric, got 1.5 in row 2, column 1 and 2 in row 1, column 2`,
            ),
          ] as const,
          [
            `${where}: not square`,
            (own: LinearAlgebra) => own[where](normalMatrix(2, 3)),
            new RangeError(`${where}: matrix must be square, got [2,3]`),
          ] as const,
        ]),
        [
          "svd: infinity",
          (own) => own.svd(matrixOf(1, 3, (_, j) => (j === 2 ? Number.POSITIVE_INFINITY : 0))),
          new InvalidDataError("svd: matrix must be finite, got Infinity in row 0, column 2"),
        ],
        [
          "solve: NaN on the right",
          (own) => own.solve(identity(2), nan),
          new InvalidDataError("solve: right side must be finite, got NaN in row 1, column 0"),
        ],
        [
          "solve: a right side of another length",
          (own) => own.cholesky(identity(2)).solve(reals([3], [1, 2, 3])),
          new RangeError("solve: right side must have shape [2] or [2,k], got [3]"),
        ],
        [
          "leastSquares: data that do not fit the shape",
          (own) => own.leastSquares({ ...identity(2), shape: [2, 3] }, reals([2], [1, 2])),
          new RangeError("leastSquares: matrix must have shape [rows,columns], got [2,3] of 4"),
        ],
        [
          "eigenpairs: more than there are",
          (own) => own.eigenpairs(identity(2), { largest: 3 }),
          new RangeError("eigenpairs: largest must be a whole number from 0 to 2, got 3"),
        ],
      ];
      it.each(cases)("%s", async (_, call, error) => {
        const algebra = await open();
        expect(() => call(algebra)).toThrow(error);
      });
    });
  });
}

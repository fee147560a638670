// The interface of dense linear algebra over the routines of one member: shapes and numbers checked, copies made where asked for.

import { NumericalError } from "../../errors.ts";
import { requireMatrix, requireSides, requireSquare, requireSymmetric } from "./checks.ts";
import { cholesky } from "./cholesky.ts";
import type { Eigenpairs, LeastSquares, LinearAlgebra, Matrix, Overwrite, Routines, Svd } from "./types.ts";

const EPSILON = 2 ** -52;

const matrix = (shape: readonly number[], data: Float64Array): Matrix => ({ dtype: "float64", shape, data });
const working = ({ data }: Matrix, { overwrite = false }: Overwrite): Float64Array => (overwrite ? data : data.slice());

export function denseAlgebra(routines: Routines): LinearAlgebra {
  return {
    name: routines.name,
    library: routines.library,
    eigenvalues(a, options = {}) {
      const n = requireSymmetric("eigenvalues", a);
      return n === 0 ? new Float64Array(0) : routines.eigenvalues(working(a, options), n).reverse();
    },
    eigenpairs: (a, options = {}) => eigenpairs(routines, a, options),
    cholesky: (a, options) => cholesky(routines, a, options),
    svd: (a, options = {}) => svd(routines, a, options),
    leastSquares: (a, b, options = {}) => leastSquares(routines, a, b, options),
    solve: (a, b, options = {}) => solve(routines, a, b, options),
  };
}

function eigenpairs(
  routines: Routines,
  a: Matrix,
  { largest, ...options }: Overwrite & { readonly largest?: number },
): Eigenpairs {
  const n = requireSymmetric("eigenpairs", a);
  const k = largest ?? n;
  if (!(Number.isSafeInteger(k) && k >= 0 && k <= n))
    throw new RangeError(`eigenpairs: largest must be a whole number from 0 to ${n}, got ${largest}`);
  if (k === 0) return { values: new Float64Array(0), vectors: matrix([0, n], new Float64Array(0)) };
  const { values, vectors } = routines.eigenpairs(working(a, options), n, k);
  reverseRows(vectors, k, n);
  return { values: values.reverse(), vectors: matrix([k, n], vectors) };
}

function reverseRows(data: Float64Array, rows: number, columns: number): void {
  const kept = new Float64Array(columns);
  for (let i = 0, j = rows - 1; i < j; i++, j--) {
    kept.set(data.subarray(i * columns, (i + 1) * columns));
    data.copyWithin(i * columns, j * columns, (j + 1) * columns);
    data.set(kept, j * columns);
  }
}

function svd(routines: Routines, a: Matrix, options: Overwrite, where = "svd"): Svd {
  requireMatrix(where, a);
  const [m, n] = a.shape;
  const r = Math.min(m, n);
  const empty = { u: new Float64Array(0), values: new Float64Array(0), vt: new Float64Array(0) };
  const { u, values, vt } = r === 0 ? empty : routines.svd(working(a, options), m, n);
  return { u: matrix([m, r], u), values, vt: matrix([r, n], vt) };
}

/** x = V diag(1 / values) U^T b over the singular values that count. */
function leastSquares(
  routines: Routines,
  a: Matrix,
  b: Matrix,
  { tolerance, ...options }: Overwrite & { readonly tolerance?: number },
): LeastSquares {
  const where = "leastSquares";
  requireMatrix(where, a);
  const [m, n] = a.shape;
  const k = requireSides(where, b, m);
  const least = tolerance ?? Math.max(m, n) * EPSILON;
  if (!(least >= 0)) throw new RangeError(`${where}: tolerance must be a number >= 0, got ${tolerance}`);
  const { u, values, vt } = svd(routines, a, options, where);
  const [r, rank] = [values.length, values.filter((value) => value > least * values[0]).length];
  const x = new Float64Array(n * k);
  const row = new Float64Array(k);
  for (let i = 0; i < rank; i++) {
    row.fill(0);
    for (let p = 0; p < m; p++) for (let q = 0; q < k; q++) row[q] += u.data[p * r + i] * b.data[p * k + q];
    for (let p = 0; p < n; p++) for (let q = 0; q < k; q++) x[p * k + q] += (vt.data[i * n + p] / values[i]) * row[q];
  }
  return { x: matrix([n, ...b.shape.slice(1)], x), rank, values };
}

function solve(routines: Routines, a: Matrix, b: Matrix, options: Overwrite): Matrix {
  const n = requireSquare("solve", a);
  const k = requireSides("solve", b, n);
  const x = working(b, options);
  if (n === 0) return { ...b, data: x };
  const pivots = routines.eliminate(working(a, options), n, x, k).map(Math.abs);
  const [least, most] = pivots.reduce(
    ([low, high], pivot) => [Math.min(low, pivot), Math.max(high, pivot)],
    [Number.POSITIVE_INFINITY, 0],
  );
  // Elimination of a matrix without full rank leaves rounding where a pivot should be zero.
  if (!(least > n * EPSILON * most))
    throw new NumericalError(`solve: matrix must not be singular, got pivots from ${most} down to ${least}`, {
      hint: "leastSquares gives the shortest of all solutions",
    });
  return { ...b, data: x };
}

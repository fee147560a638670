// What must hold of matrices that are handed in: shapes that fit, finite numbers, symmetry where it is asked for.

import { InvalidDataError } from "../../errors.ts";
import { findNonFinite, sizeOf } from "../tensor.ts";
import { findAsymmetry } from "./triangles.ts";
import type { Matrix } from "./types.ts";

/** Of the largest entry: kernels that were computed in float32 are symmetric to some 1e-7 of it. */
const ASYMMETRY = 1e-5;

/** RangeError unless `a` is (m, n) with numbers for it; InvalidDataError unless they are finite. */
export function requireMatrix(where: string, a: Matrix): void {
  if (a.shape.length !== 2 || a.data.length !== sizeOf(a.shape))
    throw new RangeError(`${where}: matrix must have shape [rows,columns], got [${a.shape}] of ${a.data.length}`);
  requireFinite(where, "matrix", a);
}

/** RangeError unless `b` is (rows) or (rows, k); InvalidDataError unless finite. The number of its columns. */
export function requireSides(where: string, b: Matrix, rows: number): number {
  const { shape } = b;
  const fits = (shape.length === 1 || shape.length === 2) && shape[0] === rows && b.data.length === sizeOf(shape);
  if (!fits) throw new RangeError(`${where}: right side must have shape [${rows}] or [${rows},k], got [${shape}]`);
  requireFinite(where, "right side", b);
  return shape[1] ?? 1;
}

function requireFinite(where: string, what: string, { data, dtype, shape }: Matrix): void {
  const at = findNonFinite({ data, dtype, shape });
  if (at < 0) return;
  const columns = shape[1] ?? 1;
  const place = `row ${Math.floor(at / columns)}, column ${at % columns}`;
  throw new InvalidDataError(`${where}: ${what} must be finite, got ${data[at]} in ${place}`);
}

/** The n of a square matrix. */
export function requireSquare(where: string, a: Matrix): number {
  requireMatrix(where, a);
  const [n, columns] = a.shape;
  if (n !== columns) throw new RangeError(`${where}: matrix must be square, got [${a.shape}]`);
  return n;
}

/** The n of a symmetric matrix. */
export function requireSymmetric(where: string, a: Matrix): number {
  const n = requireSquare(where, a);
  const { data } = a;
  let largest = 0;
  for (let at = 0; at < data.length; at++) largest = Math.max(largest, Math.abs(data[at]));
  const found = findAsymmetry(data, n, ASYMMETRY * largest);
  if (!found) return n;
  const [i, j] = found;
  const [below, above] = [data[i * n + j], data[j * n + i]];
  throw new InvalidDataError(
    `${where}: matrix must be symmetric, got ${below} in row ${i}, column ${j} and ${above} in row ${j}, column ${i}`,
  );
}

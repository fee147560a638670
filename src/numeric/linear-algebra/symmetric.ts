// Eigenvalues and eigenvectors of symmetric matrices in plain JavaScript, in place.

import { accumulate, tridiagonalise } from "./tridiagonal.ts";
import { diagonalise } from "./tridiagonal-eigen.ts";

/** Entries of this size and more, or their reciprocals, are scaled before they are squared. */
const EXPONENT = 300;

/** Ascending; the lower triangle of a (n, n) is lost. */
export function symmetricEigenvalues(a: Float64Array, n: number): Float64Array {
  const scale = rescale(a);
  const { d, e } = tridiagonalise(a, n);
  diagonalise({ d, e });
  return d.map((value) => value * scale).sort();
}

/** The k largest, ascending, their vectors as rows: of all n, in `a` itself. */
export function symmetricEigenpairs(
  a: Float64Array,
  n: number,
  k: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const scale = rescale(a);
  const { d, e, h } = tridiagonalise(a, n);
  accumulate(a, n, h);
  diagonalise({ d, e }, a);
  sortRows(d, a, n);
  const start = n - k;
  return { values: d.slice(start).map((value) => value * scale), vectors: k === n ? a : a.slice(start * n) };
}

/** Multiplies all entries by a power of two where they are large or small; what results must be multiplied by. */
function rescale(a: Float64Array): number {
  let largest = 0;
  for (let at = 0; at < a.length; at++) largest = Math.max(largest, Math.abs(a[at]));
  const exponent = largest === 0 ? 0 : Math.floor(Math.log2(largest));
  if (Math.abs(exponent) < EXPONENT) return 1;
  const scale = 2 ** Math.max(-1000, Math.min(1000, exponent));
  for (let at = 0; at < a.length; at++) a[at] /= scale;
  return scale;
}

/** By selection: at most n exchanges of rows. */
function sortRows(d: Float64Array, rows: Float64Array, n: number): void {
  const kept = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let least = i;
    for (let j = i + 1; j < n; j++) if (d[j] < d[least]) least = j;
    if (least === i) continue;
    [d[i], d[least]] = [d[least], d[i]];
    kept.set(rows.subarray(i * n, (i + 1) * n));
    rows.copyWithin(i * n, least * n, (least + 1) * n);
    rows.set(kept, least * n);
  }
}

// Eigenvalues of a symmetric tridiagonal matrix by implicit QL (Bowdler, Martin, Reinsch and Wilkinson 1968; the form of EISPACK's tql2).

import { NumericalError } from "../../errors.ts";

const EPSILON = 2 ** -52;
/** Two sweeps an eigenvalue are usual; LAPACK gives up after thirty. */
const SWEEPS = 60;

/**
 * d becomes the eigenvalues, in no order, e is lost; `rows` (n, n), where given, is multiplied by the transposed eigenvectors: of the Q of
 * a tridiagonalisation it makes the eigenvectors of the whole matrix, as rows. About 3 n^3 multiplications and additions with rows,
 * 30 n^2 without.
 *
 * e[i] couples i - 1 and i. Entries must be far from overflow when squared.
 */
export function diagonalise(
  { d, e }: { readonly d: Float64Array; readonly e: Float64Array },
  rows?: Float64Array,
): void {
  const n = d.length;
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  let shifted = 0;
  let size = 0;
  for (let l = 0; l < n; l++) {
    size = Math.max(size, Math.abs(d[l]) + Math.abs(e[l]));
    let m = l;
    while (Math.abs(e[m]) > EPSILON * size) m++;
    for (let sweep = 0; m > l && (sweep === 0 || Math.abs(e[l]) > EPSILON * size); sweep++) {
      if (sweep === SWEEPS) throw new NumericalError(`eigenvalues: QL must end in ${SWEEPS} sweeps, got none at ${l}`);
      shifted += shift(d, e, l);
      sweepUp({ d, e, rows }, l, m);
    }
    d[l] += shifted;
    e[l] = 0;
  }
}

/** Subtracts the eigenvalue of the 2 x 2 block at l that is nearer its first entry; that number. */
function shift(d: Float64Array, e: Float64Array, l: number): number {
  const first = d[l];
  const p = (d[l + 1] - first) / (2 * e[l]);
  const r = p < 0 ? -Math.sqrt(p * p + 1) : Math.sqrt(p * p + 1);
  d[l] = e[l] / (p + r);
  d[l + 1] = e[l] * (p + r);
  const difference = first - d[l];
  for (let i = l + 2; i < d.length; i++) d[i] -= difference;
  return difference;
}

interface Sweep {
  readonly d: Float64Array;
  readonly e: Float64Array;
  readonly rows: Float64Array | undefined;
}

/** One QL sweep over [l, m]. */
function sweepUp({ d, e, rows }: Sweep, l: number, m: number): void {
  const [after, beside] = [d[l + 1], e[l + 1]];
  let p = d[m];
  let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0];
  for (let i = m - 1; i >= l; i--) {
    [c3, c2, s2] = [c2, c, s];
    const g = c * e[i];
    const h = c * p;
    const r = Math.sqrt(p * p + e[i] * e[i]);
    e[i + 1] = s * r;
    s = e[i] / r;
    c = p / r;
    p = c * d[i] - s * g;
    d[i + 1] = h + s * (c * g + s * d[i]);
    if (rows) rotate(rows, d.length, i, c, s);
  }
  p = (-s * s2 * c3 * beside * e[l]) / after;
  e[l] = s * p;
  d[l] = c * p;
}

/** Rows i and i + 1 turned into each other. */
function rotate(rows: Float64Array, n: number, i: number, c: number, s: number): void {
  const end = (i + 1) * n;
  for (let at = i * n; at < end; at++) {
    const upper = rows[at];
    const lower = rows[at + n];
    rows[at + n] = s * upper + c * lower;
    rows[at] = c * upper - s * lower;
  }
}

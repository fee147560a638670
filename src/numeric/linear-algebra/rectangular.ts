// Products of rectangular matrices in plain JavaScript, for features: a few hundred columns, thousands of rows.

import type { Matrix } from "./types.ts";

const matrix = (shape: readonly number[], data: Float64Array): Matrix => ({ dtype: "float64", shape, data });

/** A B for (m, n) and (n, k). 2 m n k operations, along rows. */
export function times(a: Matrix, b: Matrix): Matrix {
  const [m, n] = a.shape;
  const k = b.shape[1];
  if (b.shape[0] !== n) throw new RangeError(`times: shapes must fit, got [${a.shape}] and [${b.shape}]`);
  const to = new Float64Array(m * k);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      const own = a.data[i * n + j];
      if (own === 0) continue;
      for (let c = 0, from = j * k, at = i * k; c < k; c++, from++, at++) to[at] += own * b.data[from];
    }
  return matrix([m, k], to);
}

/** A B^T for (m, n) and (k, n), two rows of each at once: four sums from four loads. */
export function timesTransposed(a: Matrix, b: Matrix): Matrix {
  const [[m, n], [k]] = [a.shape, b.shape];
  if (b.shape[1] !== n) throw new RangeError(`timesTransposed: shapes must fit, got [${a.shape}] and [${b.shape}]`);
  const to = new Float64Array(m * k);
  for (let i = 0; i < m; i += 2)
    for (let j = 0; j < k; j += 2) {
      // The last row again where their number is odd: the same sums are written twice.
      const [i2, j2] = [Math.min(i + 1, m - 1), Math.min(j + 1, k - 1)];
      const [p, q, r, s] = [i * n, i2 * n, j * n, j2 * n];
      let pr = 0;
      let ps = 0;
      let qr = 0;
      let qs = 0;
      for (let c = 0; c < n; c++) {
        const x = a.data[p + c];
        const y = a.data[q + c];
        const u = b.data[r + c];
        const v = b.data[s + c];
        pr += x * u;
        ps += x * v;
        qr += y * u;
        qs += y * v;
      }
      to[i * k + j] = pr;
      to[i * k + j2] = ps;
      to[i2 * k + j] = qr;
      to[i2 * k + j2] = qs;
    }
  return matrix([m, k], to);
}

/** A^T B for (m, n) and (m, k). */
export function transposedTimes(a: Matrix, b: Matrix): Matrix {
  const [[m, n], [rows, k]] = [a.shape, b.shape];
  if (rows !== m) throw new RangeError(`transposedTimes: shapes must fit, got [${a.shape}] and [${b.shape}]`);
  const to = new Float64Array(n * k);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      const own = a.data[i * n + j];
      for (let c = 0, from = i * k, at = j * k; c < k; c++, from++, at++) to[at] += own * b.data[from];
    }
  return matrix([n, k], to);
}

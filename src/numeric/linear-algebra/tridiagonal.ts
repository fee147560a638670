// A symmetric matrix to tridiagonal form in place, by Householder reflections (Martin, Reinsch and Wilkinson 1968), from the last row up.

/** Q A Q^T = T, the product of reflections 1 - u u^T / h, that of the last row first. */
export interface Tridiagonal {
  /** Diagonal of T (n). */
  readonly d: Float64Array;
  /** Beside the diagonal (n): e[i] couples i - 1 and i; e[0] = 0. */
  readonly e: Float64Array;
  /** The h of row i's reflection, whose u is in the first i places of that row; 0 where there was nothing to reflect. */
  readonly h: Float64Array;
}

/**
 * Reduces the lower triangle of a (n, n). 4/3 n^3 multiplications and additions.
 *
 * What a reflection changes in the rows above (- u w^T - w u^T) is done on the pass that multiplies them for the next reflection, so that
 * memory is gone through once for each: it is memory that limits.
 */
export function tridiagonalise(a: Float64Array, n: number): Tridiagonal {
  const [d, e, h, zeros] = [0, 0, 0, 0].map(() => new Float64Array(n));
  const buffers = [new Float64Array(n), new Float64Array(n)];
  let [lastU, lastW]: [Float64Array, Float64Array] = [zeros, zeros];
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    for (let j = 0; j <= i; j++) a[row + j] -= lastU[i] * lastW[j] + lastW[i] * lastU[j];
    d[i] = a[row + i];
    if (i === 0) break;
    const u = a.subarray(row, row + i);
    [e[i], h[i]] = reflect(u);
    const w = buffers[i % 2].fill(0);
    multiply(a, n, { u, w, lastU, lastW });
    if (h[i] === 0) [lastU, lastW] = [zeros, zeros];
    else {
      let product = 0;
      for (let j = 0; j < i; j++) product += u[j] * w[j];
      const half = product / (2 * h[i] * h[i]);
      for (let j = 0; j < i; j++) w[j] = w[j] / h[i] - half * u[j];
      [lastU, lastW] = [u, w];
    }
  }
  return { d, e, h };
}

/** Makes of a row the u of the reflection that leaves only its last entry; that entry, and h. */
function reflect(u: Float64Array): [entry: number, h: number] {
  const last = u.length - 1;
  const alpha = u[last];
  let rest = 0;
  for (let j = 0; j < last; j++) rest += u[j] * u[j];
  if (rest === 0) return [alpha, 0];
  const norm = Math.sqrt(alpha * alpha + rest);
  const entry = alpha > 0 ? -norm : norm;
  u[last] = alpha - entry;
  return [entry, norm * norm - alpha * entry];
}

interface Pass {
  /** As long as there are rows to go through. */
  readonly u: Float64Array;
  readonly w: Float64Array;
  readonly lastU: Float64Array;
  readonly lastW: Float64Array;
}

/** The rows above are brought up to date, and w becomes their product with u. */
function multiply(a: Float64Array, n: number, { u, w, lastU, lastW }: Pass): void {
  for (let r = 0; r < u.length; r++) {
    const row = r * n;
    const [ur, oldU, oldW] = [u[r], lastU[r], lastW[r]];
    let total = 0;
    for (let j = 0; j < r; j++) {
      const value = a[row + j] - oldU * lastW[j] - oldW * lastU[j];
      a[row + j] = value;
      total += value * u[j];
      w[j] += ur * value;
    }
    const value = a[row + r] - 2 * oldU * oldW;
    a[row + r] = value;
    w[r] += total + value * ur;
  }
}

/**
 * The reflections' product Q in place of them (n, n). Row by row: w - (w u / h) u for each reflection.
 */
export function accumulate(a: Float64Array, n: number, h: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const u = i * n;
    for (let r = 0; r < i && h[i] !== 0; r++) {
      const row = r * n;
      let product = 0;
      for (let j = 0; j < i; j++) product += a[row + j] * a[u + j];
      const part = product / h[i];
      for (let j = 0; j < i; j++) a[row + j] -= part * a[u + j];
    }
    for (let j = 0; j < i; j++) [a[u + j], a[j * n + i]] = [0, 0];
    a[u + i] = 1;
  }
}

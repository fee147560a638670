// Cholesky decomposition and triangular substitution in plain JavaScript, in place, along rows.

/** Rows that are decomposed together while the rows above them come past: they stay in a cache. */
const BLOCK = 32;

/** The lower triangle of a (n, n) becomes L. The order of the first leading minor that is not positive, or 0. */
export function factorInPlace(a: Float64Array, n: number): number {
  for (let start = 0; start < n; start += BLOCK) {
    const end = Math.min(n, start + BLOCK);
    for (let j = 0; j < start; j += 2) {
      // Blocks are even, and so is every `start`.
      for (let i = start; i + 1 < end; i += 2) pairOfRows(a, n, i, j);
      if ((end - start) % 2 === 1) for (let c = j; c < j + 2; c++) oneEntry(a, n, end - 1, c);
    }
    for (let i = start; i < end; i++) {
      for (let j = start; j < i; j++) oneEntry(a, n, i, j);
      const pivot = a[i * n + i] - rowProduct(a, i * n, i * n, i);
      if (!(pivot > 0 && pivot < Number.POSITIVE_INFINITY)) return i + 1;
      a[i * n + i] = Math.sqrt(pivot);
    }
  }
  return 0;
}

/** Product of two rows' first entries. */
function rowProduct(a: Float64Array, x: number, y: number, size: number): number {
  let total = 0;
  for (let k = 0; k < size; k++) total += a[x + k] * a[y + k];
  return total;
}

function oneEntry(a: Float64Array, n: number, i: number, j: number): void {
  a[i * n + j] = (a[i * n + j] - rowProduct(a, i * n, j * n, j)) / a[j * n + j];
}

/** Entries (i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1), for i > j + 1: four products from four loads. */
function pairOfRows(a: Float64Array, n: number, i: number, j: number): void {
  const [x, y, p, q] = [i * n, i * n + n, j * n, j * n + n];
  let xp = 0;
  let xq = 0;
  let yp = 0;
  let yq = 0;
  for (let k = 0; k < j; k++) {
    const ax = a[x + k];
    const ay = a[y + k];
    const ap = a[p + k];
    const aq = a[q + k];
    xp += ax * ap;
    xq += ax * aq;
    yp += ay * ap;
    yq += ay * aq;
  }
  const [first, beside, second] = [a[p + j], a[q + j], a[q + j + 1]];
  a[x + j] = (a[x + j] - xp) / first;
  a[y + j] = (a[y + j] - yp) / first;
  a[x + j + 1] = (a[x + j + 1] - xq - a[x + j] * beside) / second;
  a[y + j + 1] = (a[y + j + 1] - yq - a[y + j] * beside) / second;
}

/** b (n, k) becomes (L L^T)^-1 b. */
export function substituteInPlace(l: Float64Array, n: number, b: Float64Array, k: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) subtractRow(b, k, { from: j, to: i, times: l[i * n + j] });
    for (let c = 0; c < k; c++) b[i * k + c] /= l[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let c = 0; c < k; c++) b[i * k + c] /= l[i * n + i];
    for (let j = 0; j < i; j++) subtractRow(b, k, { from: i, to: j, times: l[i * n + j] });
  }
}

interface RowStep {
  readonly from: number;
  readonly to: number;
  readonly times: number;
}

function subtractRow(b: Float64Array, k: number, { from, to, times }: RowStep): void {
  for (let c = 0; c < k; c++) b[to * k + c] -= times * b[from * k + c];
}

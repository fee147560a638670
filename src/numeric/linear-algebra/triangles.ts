// The two triangles of a square matrix against each other, block by block, so that both mirror images stay in a cache.

const BLOCK = 64;

/** Calls `visit` with all pairs of blocks on and below the diagonal: rows [i, iEnd), columns [j, jEnd). */
function eachBlock(n: number, visit: (i: number, iEnd: number, j: number, jEnd: number) => void): void {
  for (let i = 0; i < n; i += BLOCK)
    for (let j = 0; j <= i; j += BLOCK) visit(i, Math.min(n, i + BLOCK), j, Math.min(n, j + BLOCK));
}

/** An entry below the diagonal that differs from its mirror image by more than `limit`. */
export function findAsymmetry(a: Float64Array, n: number, limit: number): readonly [number, number] | undefined {
  let found: readonly [number, number] | undefined;
  eachBlock(n, (start, end, left, right) => {
    for (let i = start; i < end; i++)
      for (let j = left; j < Math.min(i, right); j++)
        if (!found && Math.abs(a[i * n + j] - a[j * n + i]) > limit) found = [i, j];
  });
  return found;
}

/** What is above the diagonal, written below it. */
export function mirrorUpper(a: Float64Array, n: number): void {
  eachBlock(n, (start, end, left, right) => {
    for (let i = start; i < end; i++) for (let j = left; j < Math.min(i, right); j++) a[i * n + j] = a[j * n + i];
  });
}

/** The transpose of a matrix (m, n), in a new array. */
export function transposed(a: Float64Array, m: number, n: number): Float64Array {
  const to = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) to[j * m + i] = a[i * n + j];
  return to;
}

// Cholesky decomposition of a symmetric matrix in place, with what must be added to its diagonal for it to exist.

import { NumericalError } from "../../errors.ts";
import { requireSides, requireSymmetric } from "./checks.ts";
import { mirrorUpper } from "./triangles.ts";
import type { Cholesky, CholeskyOptions, Matrix, Routines } from "./types.ts";

const DEFAULT_MOST = 1e-8;
const FIRST = 1e-14;
const FACTOR = 100;

/** Nothing, then the ladder up to `most`, whose last step is `most` itself. */
function* ladder(most: number): Generator<number> {
  yield 0;
  for (let jitter = FIRST; jitter < most; jitter *= FACTOR) yield jitter;
  if (most > 0) yield most;
}

export function cholesky(
  routines: Pick<Routines, "factor" | "substitute">,
  a: Matrix,
  { maxJitter = DEFAULT_MOST, overwrite = false }: CholeskyOptions = {},
): Cholesky {
  const n = requireSymmetric("cholesky", a);
  if (!(maxJitter >= 0)) throw new RangeError(`cholesky: maxJitter must be a number >= 0, got ${maxJitter}`);
  const data = overwrite ? a.data : a.data.slice();
  const diagonal = Float64Array.from({ length: n }, (_, i) => data[i * n + i]);
  const scale = diagonal.reduce((total, value) => total + Math.abs(value) / n, 0);
  let attempts = 0;
  let minor = 0;
  for (const part of ladder(maxJitter)) {
    const jitter = part * scale;
    if (attempts > 0) mirrorUpper(data, n);
    for (let i = 0; i < n; i++) data[i * n + i] = diagonal[i] + jitter;
    attempts++;
    minor = n === 0 ? 0 : routines.factor(data, n);
    if (minor > 0) continue;
    const lower: Matrix = { dtype: "float64", shape: [n, n], data };
    return {
      lower,
      jitter,
      attempts,
      solve(b, options = {}) {
        const k = requireSides("solve", b, n);
        const x = options.overwrite ? b : { ...b, data: b.data.slice() };
        if (x.data.length > 0) routines.substitute(data, n, x.data, k);
        return x;
      },
      product: (x) => ({ ...x, data: productByUpper(data, diagonal, x.data, requireSides("product", x, n)) }),
    };
  }
  const added = maxJitter > 0 ? `, with up to ${maxJitter} of the mean diagonal added` : "";
  throw new NumericalError(
    `cholesky: matrix must be positive definite, got a leading minor of order ${minor} that is not${added}`,
    { hint: "add a larger ridge" },
  );
}

/** A x for x (n, k), with A above the diagonal of `a` and its diagonal apart. */
function productByUpper(a: Float64Array, diagonal: Float64Array, x: Float64Array, k: number): Float64Array {
  const n = diagonal.length;
  const to = new Float64Array(x.length);
  for (let i = 0; i < n; i++) {
    for (let q = 0; q < k; q++) to[i * k + q] += diagonal[i] * x[i * k + q];
    for (let j = i + 1; j < n; j++) {
      const value = a[i * n + j];
      for (let q = 0; q < k; q++) {
        to[i * k + q] += value * x[j * k + q];
        to[j * k + q] += value * x[i * k + q];
      }
    }
  }
  return to;
}

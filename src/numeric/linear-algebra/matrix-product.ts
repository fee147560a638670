// A symmetric matrix in memory as a product with vectors, for iterations and their tests.

import type { Product } from "./conjugate-gradients.ts";
import type { Matrix } from "./types.ts";

/** v -> A v for a symmetric matrix (n, n), row by row. */
export function productOf({ data, shape: [n] }: Matrix): Product {
  return (v) => {
    const to = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let total = 0;
      for (let j = 0, at = i * n; j < n; j++, at++) total += data[at] * v[j];
      to[i] = total;
    }
    return to;
  };
}

// Whether a kernel in the order of the classes is block-diagonal: its mean within classes against its mean between them.

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { requireKernel, requireLabels } from "./checks.ts";
import { type ClassOrder, classOrder } from "./class-order.ts";

export interface BlockScore {
  /** Mean of K(x, x') / sqrt(K(x, x) K(x', x')) over pairs of two examples of one class; undefined where there is no such pair. */
  readonly within: number | undefined;
  /** The same over pairs of two classes. */
  readonly between: number | undefined;
  /** within - between, in [-2, 2]: 0 where classes make no difference. */
  readonly difference: number | undefined;
  /** within / between; undefined where between <= 0, where a ratio says nothing. */
  readonly ratio: number | undefined;
  /** How the kernel is to be shown. */
  readonly order: ClassOrder;
}

/** A kernel of n examples divided by the lengths of both: entries in [-1, 1]; 0 where a length is 0. */
export function normalisedKernel(kernel: Matrix): Matrix {
  const n = requireKernel("normalisedKernel", kernel);
  const inverse = Float64Array.from({ length: n }, (_, i) => {
    const own = kernel.data[i * n + i];
    return own > 0 ? 1 / Math.sqrt(own) : 0;
  });
  const data = kernel.data.map((value, at) => value * inverse[Math.floor(at / n)] * inverse[at % n]);
  return { dtype: "float64", shape: [n, n], data };
}

/**
 * Means of the normalised kernel within and between classes, its diagonal (which is 1 whatever the kernel) left out.
 *
 * Shapes: kernel (N, N), labels (N). Cost: O(N^2). A pair counts once, so large classes weigh more; an example without gradient has 0 with all.
 * Errors: RangeError and InvalidDataError where kernel or labels are none.
 *
 * @see Guo, He, Morel 2026, Fig. 2: the kernel of a trained classifier in the order of its classes; they show the picture, the means are ours
 */
export function blockScore(kernel: Matrix, labels: ArrayLike<number>): BlockScore {
  const n = requireKernel("blockScore", kernel);
  requireLabels("blockScore", labels, n);
  const { data } = normalisedKernel(kernel);
  const [sums, pairs] = [
    [0, 0],
    [0, 0],
  ];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const kind = labels[i] === labels[j] ? 0 : 1;
      sums[kind] += data[i * n + j];
      pairs[kind]++;
    }
  const [within, between] = sums.map((sum, kind) => (pairs[kind] === 0 ? undefined : sum / pairs[kind]));
  const both = within !== undefined && between !== undefined;
  return {
    within,
    between,
    difference: both ? within - between : undefined,
    ratio: both && between > 0 ? within / between : undefined,
    order: classOrder(labels),
  };
}

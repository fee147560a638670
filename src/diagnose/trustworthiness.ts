// Trustworthiness of a picture (Venna and Kaski 2001): whether points that are neighbours in it are neighbours by the distances that it is of.

import { nearest } from "../machines/nearest.ts";
import { ranksOf } from "../numeric/correlation.ts";
import { requireSymmetric } from "../numeric/linear-algebra/checks.ts";
import type { Matrix } from "../numeric/linear-algebra/types.ts";

/** Each row without the point itself, which is nobody's neighbour. */
function others(distances: Matrix, i: number): Float64Array {
  const [n] = distances.shape;
  const row = distances.data.slice(i * n, (i + 1) * n);
  row[i] = Number.POSITIVE_INFINITY;
  return row;
}

/**
 * Trustworthiness of the k nearest in a picture,
 *
 *     T(k) = 1 - 2 / (N k (2 N - 3 k - 1)) sum_i sum_(j in U_k(i)) (r(i, j) - k)
 *
 * where U_k(i) are the points among the k nearest of i in the picture and not by the distances, and r(i, j) is the rank of j among the points by
 * distance from i. 1 where every neighbour in the picture is one by the distances; a picture at random has about 1/2. Equal distances share their
 * mean rank.
 *
 * Shapes: distances and picture (N, N), both distances. Cost: O(N^2 log N).
 * Errors: RangeError for a k that is not from 1 to below N / 2, beyond which the sum is not normalised, and for sizes that do not fit;
 * InvalidDataError for NaN.
 */
export function trustworthiness(distances: Matrix, picture: Matrix, k: number): number {
  const n = requireSymmetric("trustworthiness", distances);
  if (requireSymmetric("trustworthiness", picture) !== n)
    throw new RangeError(`trustworthiness: picture must be of ${n} points, got ${picture.shape[0]}`);
  if (!(Number.isSafeInteger(k) && k >= 1 && 2 * k < n))
    throw new RangeError(`trustworthiness: k must be a whole number from 1 to below half of ${n} points, got ${k}`);
  let lost = 0;
  for (let i = 0; i < n; i++) {
    const ranks = ranksOf(others(distances, i));
    const { data } = nearest({ dtype: "float64", shape: [1, n], data: others(picture, i) }, k).indices;
    for (const j of data) lost += Math.max(0, ranks[j] - k);
  }
  return 1 - (2 * lost) / (n * k * (2 * n - 3 * k - 1));
}

// How wide a Gaussian kernel of inputs is to be: by the median of squared distances.

import { rowsOf } from "../kernels/input-kernels.ts";
import { randomFrom } from "../numeric/random.ts";
import type { Tensor } from "../numeric/tensor.ts";

/** Points whose pairs are looked at, at most: 79,800 pairs know the median to a fraction of a percent of the ranks. */
const LOOKED_AT = 400;

/**
 * gamma = 1 / (median of |x - x'|^2), so that a pair at the median distance has exp(-1); over the pairs of at most 400 points, drawn by seed.
 *
 * Where no two points differ there is no distance: 1.
 */
export function medianGamma(points: Tensor, seed = 0): number {
  const rows = rowsOf(points);
  const chosen = randomFrom(seed, "median").permutation(rows.length).slice(0, LOOKED_AT);
  const squares: number[] = [];
  for (const [k, i] of chosen.entries())
    for (const j of chosen.subarray(0, k)) {
      let square = 0;
      for (let c = 0; c < rows[i].length; c++) square += (rows[i][c] - rows[j][c]) ** 2;
      if (square > 0) squares.push(square);
    }
  if (squares.length === 0) return 1;
  return 1 / Float64Array.from(squares).sort()[Math.floor(squares.length / 2)];
}

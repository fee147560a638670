// The rank of a matrix from its singular values, with the tolerance that it is counted by; the effective rank, which has none.

/**
 * Singular values above the tolerance. RangeError for a tolerance that is no number >= 0.
 *
 * A matrix of zeros has rank 0: nothing is above 0.
 */
export function rankAbove(values: ArrayLike<number>, tolerance: number): number {
  if (!(tolerance >= 0)) throw new RangeError(`rankAbove: tolerance must be a number >= 0, got ${tolerance}`);
  let rank = 0;
  for (let k = 0; k < values.length; k++) if (values[k] > tolerance) rank++;
  return rank;
}

/**
 * exp of the entropy of the singular values as parts of their sum: between 1 (one direction) and their number (all alike); 0 for a matrix of
 * zeros. No tolerance, and it moves where directions fade, long before any is lost.
 *
 * @see Roy and Vetterli 2007, "The effective rank"
 */
export function effectiveRank(values: ArrayLike<number>): number {
  let total = 0;
  for (let k = 0; k < values.length; k++) total += values[k];
  if (total === 0) return 0;
  let entropy = 0;
  for (let k = 0; k < values.length; k++)
    if (values[k] > 0) entropy -= (values[k] / total) * Math.log(values[k] / total);
  return Math.exp(entropy);
}

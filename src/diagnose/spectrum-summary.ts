// What the eigenvalues of a kernel say in a few numbers: how many directions it has, by four counts that answer different questions.

import { InvalidDataError } from "../errors.ts";
import { findNonFinite, type RealDType, reals } from "../numeric/tensor.ts";
import { EPSILON } from "./checks.ts";

export interface SpectrumOptions {
  /** What the kernel was computed in, whose rounding is its noise floor. Default float64. */
  readonly dtype?: RealDType;
  /** Eigenvalues up to this one count as zero, in units of the kernel. Default: eps(dtype) n lambda_1, numpy's for matrix_rank. */
  readonly tolerance?: number;
}

export interface SpectrumSummary {
  /** Descending, as given: rounding may leave some below zero (N). */
  readonly values: Float64Array;
  /** lambda_j / trace (N), 0 for those below zero. */
  readonly shares: Float64Array;
  /** Sum of those above zero. */
  readonly trace: number;
  /** exp of the entropy of the shares, in [1, N]: in how many directions the trace is spread. */
  readonly effectiveRank: number;
  /** (sum lambda)^2 / sum lambda^2, in [1, N]: the same with the weight on the large ones; never above `effectiveRank`. */
  readonly participationRatio: number;
  /** trace / lambda_1 = |J|_F^2 / |J|_2^2, in [1, N]: how many times the largest the whole is; never above `participationRatio`. */
  readonly stableRank: number;
  /** Eigenvalues above the tolerance. */
  readonly rank: number;
  /** N - rank: dimensions of the numerical null space. */
  readonly nullity: number;
  /** The tolerance that was used, in units of the kernel. */
  readonly tolerance: number;
}

/** Of the largest: as much below zero no rounding goes, so that it is not the kernel of any features. */
const NEGATIVE = 1e-4;

/** The tolerance of `spectrumSummary` and `nullSpace` where none is given: eps(dtype) n lambda_1. */
export const defaultTolerance = (n: number, largest: number, dtype: RealDType = "float64"): number =>
  EPSILON[dtype] * n * Math.max(0, largest);

/**
 * Effective rank, participation ratio, stable rank and numerical rank of a kernel by its eigenvalues, all 0 for a kernel of zeros.
 *
 * All are of K itself, whose eigenvalues are squared singular values of the features: ranks of J by its singular values would be larger. The numerical
 * rank depends on the tolerance and on how many examples there are: on n examples a kernel of p parameters and C outputs has at most min(p, n C)
 * directions, so that full rank on a small sample says nothing of the kernel as an operator. In float32 eigenvalues below about 1e-7 of the largest are rounding.
 *
 * Shapes: values (N), in any order. Cost: O(N log N) here; `kernelSpectrum` or `eigenvalues` before it O(N^3).
 * Errors: RangeError for no values or a tolerance that is none; InvalidDataError where values are not finite, or below zero by more than rounding.
 *
 * @see Roy, Vetterli 2007, The effective rank (EUSIPCO), here of K; Rudelson, Vershynin 2007 on |A|_F^2 / |A|_2^2
 */
export function spectrumSummary(values: ArrayLike<number>, options: SpectrumOptions = {}): SpectrumSummary {
  const n = values.length;
  if (n === 0) throw new RangeError("spectrumSummary: values must hold an eigenvalue or more, got 0");
  const sorted = Float64Array.from(values).sort().reverse();
  const bad = findNonFinite(reals([n], sorted));
  if (bad >= 0) throw new InvalidDataError(`spectrumSummary: values must be finite, got ${sorted[bad]}`);
  const [largest, least] = [sorted[0], sorted[n - 1]];
  if (least < -NEGATIVE * Math.max(0, largest))
    throw new InvalidDataError(
      `spectrumSummary: values must be those of a kernel, none below zero by more than rounding, got ${least} beside ${largest}`,
    );
  const tolerance = options.tolerance ?? defaultTolerance(n, largest, options.dtype);
  if (!(tolerance >= 0)) throw new RangeError(`spectrumSummary: tolerance must be a number >= 0, got ${tolerance}`);
  const above = sorted.map((value) => Math.max(0, value));
  const trace = above.reduce((total, value) => total + value, 0);
  const shares = above.map((value) => (trace === 0 ? 0 : value / trace));
  const entropy = shares.reduce((total, share) => total - (share > 0 ? share * Math.log(share) : 0), 0);
  const squares = shares.reduce((total, share) => total + share ** 2, 0);
  const rank = sorted.reduce((count, value) => count + (value > tolerance ? 1 : 0), 0);
  return {
    values: sorted,
    shares,
    trace,
    effectiveRank: trace === 0 ? 0 : Math.exp(entropy),
    participationRatio: trace === 0 ? 0 : 1 / squares,
    stableRank: trace === 0 ? 0 : trace / largest,
    rank,
    nullity: n - rank,
    tolerance,
  };
}

/**
 * How many of the largest values hold at least `share` of their sum: the principal directions that a share of the variation needs. 0 where all values are 0.
 *
 * Give squared singular values for the share of the variance. Values below zero, by rounding, count as zero.
 * Errors: RangeError for no values, or a share outside (0, 1].
 */
export function directionsFor(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) throw new RangeError("directionsFor: values must hold a number or more, got 0");
  if (!(share > 0 && share <= 1)) throw new RangeError(`directionsFor: share must lie in (0, 1], got ${share}`);
  const { shares } = spectrumSummary(values);
  let total = 0;
  // A rounding of the sum of all must not ask for one more than there are.
  for (let k = 0; k < shares.length; k++) {
    if (shares[k] === 0 || total >= share - 1e-12) return k;
    total += shares[k];
  }
  return shares.length;
}

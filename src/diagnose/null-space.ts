// Where a residual lies among the modes of a kernel: its energy mode by mode, and what is in the null space (Guo, He, Morel, Theorem 3.8).

import type { RealDType, Tensor } from "../numeric/tensor.ts";
import { defaultTolerance } from "./spectrum-summary.ts";

/** Eigenvalues, descending (k), and unit vectors, k rows of as many numbers as the residual has: what `eigenpairs` and `kernelSpectrum` give. */
export interface Modes {
  readonly values: Float64Array;
  readonly vectors: Pick<Tensor<"float64">, "data">;
}

/**
 * The share of |r|^2 along each mode: sum over columns of (u_j . r)^2 / |r|^2 (k); zeros for r = 0.
 *
 * Of targets in place of residuals it is the energy of a task in the kernel's eigenfunctions (Ortiz-Jimenez 2021, arXiv:2106.06770).
 *
 * Shapes: r (m) or (m, columns), m rows of the kernel. Cost: O(k m columns).
 */
export function modeEnergies({ values, vectors: { data } }: Modes, r: Tensor<"float64">): Float64Array {
  const [m, columns = 1] = r.shape;
  const k = values.length;
  if (m === 0 || data.length !== k * m)
    throw new RangeError(`modeEnergies: r must have ${k === 0 ? "a row or more" : data.length / k} rows, got ${m}`);
  const total = r.data.reduce((all, value) => all + value * value, 0);
  return Float64Array.from({ length: k }, (_, j) => {
    let energy = 0;
    for (let c = 0; c < columns; c++) {
      let along = 0;
      for (let i = 0; i < m; i++) along += data[j * m + i] * r.data[i * columns + c];
      energy += along ** 2;
    }
    return total === 0 ? 0 : energy / total;
  });
}

export interface NullSpaceOptions {
  /** What the kernel was computed in. Default float64. */
  readonly dtype?: RealDType;
  /** Eigenvalues up to this one span the null space, in units of the kernel. Default: eps(dtype) m lambda_1. */
  readonly tolerance?: number;
  /** Modes of at most this part of the largest eigenvalue are weak. Default 1e-3. */
  readonly weak?: number;
}

export interface NullSpace {
  /** Rows of the kernel. */
  readonly order: number;
  /** Dimensions of the numerical null space. */
  readonly nullity: number;
  readonly tolerance: number;
  /** Share of |r|^2 in it; undefined where r = 0. */
  readonly share: number | undefined;
  readonly weak: number;
  /** Dimensions of weak modes, the null space among them. */
  readonly weakModes: number;
  /** Share of |r|^2 in weak modes: nu_delta of theory 1.4 with delta = `weak`. */
  readonly weakShare: number | undefined;
  /** r^T K r. For L = |r|^2 / 2n it is n^2 |grad L|^2, whatever the model: 0 exactly where training stands still. */
  readonly quadratic: number;
  /** r^T K r / (|r|^2 lambda_1), in [0, 1]: 1 where the residual is the first mode, 0 in the null space; undefined where r or K is 0. */
  readonly stiffness: number | undefined;
}

/** So far above 1 rounding takes a sum of shares; further, and vectors are none. */
const ROUNDING = 1e-6;

/**
 * How much of a residual is in the null space of a kernel, numerically. Theorem 3.8: where training stands still in expectation, the residual is near the
 * null space of the kernel's integral operator. On n examples that is the identity |grad L|^2 = r^T K r / n^2 for L = |r|^2 / 2n, and for any loss
 * with r = n dL/dy: gradient and residual across the range of the Gram matrix vanish together.
 *
 * What the number does not say. (1) r^T K r small does not bound energy in modes of small lambda > 0: only a gap in the spectrum does, so
 * `weakShare` stands beside it, and both depend on their thresholds. (2) In float32 eigenvalues below about 1e-7 lambda_1 are rounding: the numerical null space
 * is then "below the noise", not "zero". (3) The operator is of the population, the matrix of the examples at hand: a model of more parameters than
 * n C usually has no null space on a sample whatever it has beyond, and its training residual can be anything else than small on new examples.
 *
 * Shapes: all m eigenpairs, r (m) or (m, columns): for blocks m = N C, with r (N C). Cost: O(m^2) after the O(m^3) of the eigenpairs.
 * Errors: RangeError where shapes do not fit, pairs are not all there, or a threshold is none.
 *
 * @see Guo, He, Morel 2026, Theorem 3.8 and Remark 3.9
 */
export function nullSpace(modes: Modes, r: Tensor<"float64">, options: NullSpaceOptions = {}): NullSpace {
  const { values } = modes;
  const [order] = r.shape;
  const { weak = 1e-3 } = options;
  if (order === 0 || values.length !== order)
    throw new RangeError(
      `nullSpace: modes must be one for each row of r, and r have one, got ${values.length} for ${order} rows`,
    );
  const largest = Math.max(0, values[0]);
  const tolerance = options.tolerance ?? defaultTolerance(order, largest, options.dtype);
  if (!(tolerance >= 0)) throw new RangeError(`nullSpace: tolerance must be a number >= 0, got ${tolerance}`);
  if (!(weak >= 0 && weak <= 1)) throw new RangeError(`nullSpace: weak must be a number in [0, 1], got ${weak}`);
  const shares = modeEnergies(modes, r);
  const size = r.data.reduce((all, value) => all + value * value, 0);
  const all = shares.reduce((total, share) => total + share, 0);
  if (size > 0 && Math.abs(all - 1) > ROUNDING)
    throw new RangeError(`nullSpace: modes must be unit vectors across each other, got energies that add up to ${all}`);
  const below = (threshold: number) => {
    let [modesBelow, share] = [0, 0];
    values.forEach((value, j) => {
      if (value > threshold) return;
      modesBelow++;
      share += shares[j];
    });
    return { modesBelow, share: size === 0 ? undefined : Math.min(1, share) };
  };
  const [none, little] = [below(tolerance), below(Math.max(tolerance, weak * largest))];
  const quadratic = size * values.reduce((total, value, j) => total + Math.max(0, value) * shares[j], 0);
  return {
    order,
    nullity: none.modesBelow,
    tolerance,
    share: none.share,
    weak,
    weakModes: little.modesBelow,
    weakShare: little.share,
    quadratic,
    stiffness: size === 0 || largest === 0 ? undefined : quadratic / (size * largest),
  };
}

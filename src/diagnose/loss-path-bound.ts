// The bound on the generalisation gap that the loss path kernel gives (Chen et al. 2023 and 2025).

import type { Matrix } from "../numeric/linear-algebra/types.ts";
import { requireSquare } from "./checks.ts";

/** A training of as many examples S', as its loss path kernel sees the n points of S. */
export interface LossPathTrajectory {
  /** K_T(z_i, z_j; S') on the points z of S, along the training on S' (n, n). */
  readonly matrix: Matrix;
  /** B(S'): `lossPathNorm` of the kernel of S' on its own points, sqrt(L(w_0) - L(w_T)) for the flow. */
  readonly norm: number;
}

export interface LossPathBound {
  /** The largest B. */
  readonly norm: number;
  /** The largest trace, sum_i K_T(z_i, z_i). */
  readonly trace: number;
  /** sum over i != j of half of what K_T(z_i, z_j; S') differs by between trainings: 0 for one. */
  readonly spread: number;
  /** B sqrt(trace + spread) / n: the Rademacher complexity that it bounds. */
  readonly complexity: number;
  /** 3 sqrt(ln(2 / delta) / (2 n)): what is paid for probability 1 - delta, for losses within [0, 1]. */
  readonly slack: number;
  /** 2 complexity + slack, of which the gap is at most one with that probability. */
  readonly bound: number;
}

/**
 * B = sqrt(1/n² sum_ij K_T(z_i, z_j)), the norm of the training in the space of the kernel: for gradient flow B² = L(w_0) - L(w_T), what the training loss has
 * lost. 0 where rounding leaves the sum below zero. RangeError for a matrix that is not square or empty, InvalidDataError for numbers that are not finite.
 */
export function lossPathNorm(matrix: Matrix): number {
  const n = requireSquare("lossPathNorm", matrix);
  return (
    Math.sqrt(
      Math.max(
        0,
        matrix.data.reduce((total, value) => total + value, 0),
      ),
    ) / n
  );
}

/**
 * U = B sqrt(sum_i K_T(z_i, z_i) + spread) / n and the bound 2 U + 3 sqrt(ln(2/delta) / (2 n)) on L(w_T) - L_S(w_T), maxima taken over the trainings given.
 *
 * With the training on S alone it is the data-dependent form (arXiv:2506.11357), spread 0; with trainings on other samples S' of the same
 * size as well, U_1 of the first paper, whose supremum over all S' these stand for: from a finite number of them it is an estimate from below, no bound.
 *
 * Cost: n² for each training. Errors: RangeError for no training, matrices of several orders, a norm below 0 or delta outside (0, 1); InvalidDataError for
 * numbers that are not finite.
 *
 * @see Chen et al. 2023, Theorem 3 (NeurIPS); constants as in their published code
 */
export function lossPathBound(trajectories: readonly LossPathTrajectory[], delta = 0.01): LossPathBound {
  const where = "lossPathBound";
  if (trajectories.length === 0) throw new RangeError(`${where}: there must be a training, got none`);
  if (!(delta > 0 && delta < 1)) throw new RangeError(`${where}: delta must lie in (0, 1), got ${delta}`);
  const [n, ...rest] = trajectories.map(({ matrix }) => requireSquare(where, matrix));
  const other = rest.find((order) => order !== n);
  if (other !== undefined) throw new RangeError(`${where}: matrices must be of the same points, got ${n} and ${other}`);
  const bad = trajectories.find((own) => !(own.norm >= 0 && own.norm < Number.POSITIVE_INFINITY));
  if (bad) throw new RangeError(`${where}: norm must be a finite number >= 0, got ${bad.norm}`);
  const norm = Math.max(...trajectories.map((own) => own.norm));
  const trace = Math.max(0, ...trajectories.map(({ matrix }) => traceOf(matrix)));
  let spread = 0;
  for (let at = 0; at < n * n; at++) {
    if (at % (n + 1) === 0) continue;
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { matrix } of trajectories) {
      least = Math.min(least, matrix.data[at]);
      most = Math.max(most, matrix.data[at]);
    }
    spread += (most - least) / 2;
  }
  const complexity = (norm * Math.sqrt(trace + spread)) / n;
  const slack = 3 * Math.sqrt(Math.log(2 / delta) / (2 * n));
  return { norm, trace, spread, complexity, slack, bound: 2 * complexity + slack };
}

const traceOf = ({ shape: [n], data }: Matrix): number =>
  Array.from({ length: n }, (_, i) => data[i * (n + 1)]).reduce((total, value) => total + value, 0);

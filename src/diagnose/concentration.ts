// How few training examples carry an output: inequality of the sizes of their contributions, as it is measured of incomes and of species.

import { Accumulator, sum } from "../numeric/sum.ts";

export interface LorenzPoint {
  /** Share of the examples, the strongest first, in [0, 1]. */
  readonly examples: number;
  /** Their share of gross. */
  readonly gross: number;
}

export interface Concentration {
  /** Examples that are counted, N. */
  readonly examples: number;
  /** sum |c|. */
  readonly gross: number;
  /** G = sum_ij |a_i - a_j| / (2 N sum a), a = |c|: 0 where all are equal, 1 - 1/N where one carries all. Undefined where gross is 0. */
  readonly gini: number | undefined;
  /** exp(-sum p log p), p = a / gross: as many equal contributors have this entropy; from 1 to N, 0 where gross is 0. */
  readonly effectiveContributors: number;
  /** (sum a)^2 / sum a^2, the participation ratio: from 1 to N, never above `effectiveContributors`; 0 where gross is 0. */
  readonly participationRatio: number;
  /** From (0, 0) to (1, 1), at most `points` steps; none where gross is 0. */
  readonly lorenz: readonly LorenzPoint[];
}

export interface ConcentrationOptions {
  /** Steps of the Lorenz curve, at most. Default 100. */
  readonly points?: number;
}

/**
 * Concentration of contributions (N), from their sizes whatever their signs: gross is what they push, and what cancels of it is the ratio of
 * gross to net, another question.
 *
 * Cost: N log N. Errors: RangeError for no contributions, one that is not finite, or fewer points than 1.
 *
 * @see Gini 1912; Lorenz 1905, with the strongest first; exp of Shannon's entropy: Hill 1973, order 1; participation ratio: order 2
 */
export function concentration(
  contributions: ArrayLike<number>,
  { points = 100 }: ConcentrationOptions = {},
): Concentration {
  const examples = contributions.length;
  if (examples === 0) throw new RangeError("concentration: contributions must be one or more, got none");
  if (!(Number.isSafeInteger(points) && points >= 1))
    throw new RangeError(`concentration: points must be a whole number >= 1, got ${points}`);
  // Strongest first.
  const sizes = Float64Array.from(contributions, Math.abs).sort().reverse();
  const bad = sizes.find((size) => !Number.isFinite(size));
  if (bad !== undefined) throw new RangeError(`concentration: contributions must be finite, got ${bad}`);
  const gross = sum(sizes);
  if (gross === 0)
    return { examples, gross, gini: undefined, effectiveContributors: 0, participationRatio: 0, lorenz: [] };
  const shares = sizes.map((size) => size / gross);
  // Of shares in falling order, G = (N + 1 - 2 sum_k k p_k) / N, k from 1.
  const gini = Math.max(0, (examples + 1 - 2 * sum(shares.map((share, k) => (k + 1) * share))) / examples);
  const entropy = sum(shares.map((share) => (share > 0 ? -share * Math.log(share) : 0)));
  return {
    examples,
    gross,
    gini,
    effectiveContributors: Math.min(examples, Math.max(1, Math.exp(entropy))),
    participationRatio: Math.min(examples, Math.max(1, 1 / sum(shares.map((share) => share * share)))),
    lorenz: lorenzOf(shares, Math.min(points, examples)),
  };
}

function lorenzOf(shares: Float64Array, points: number): LorenzPoint[] {
  const reached = new Accumulator();
  const found: LorenzPoint[] = [{ examples: 0, gross: 0 }];
  for (let point = 1, k = 0; point <= points; point++) {
    for (const end = Math.round((point * shares.length) / points); k < end; k++) reached.add(shares[k]);
    found.push({ examples: k / shares.length, gross: point === points ? 1 : Math.min(1, reached.value) });
  }
  return found;
}

// The largest eigenvalues of a matrix that is known only by its products with vectors: Lanczos, fully reorthogonalised, thick restarts.

import { InvalidDataError, NumericalError } from "../../errors.ts";
import { type Random, randomFrom } from "../random.ts";
import type { Product } from "./conjugate-gradients.ts";
import { type Found, merged, Subspace, wantedOf } from "./subspace.ts";
import type { Eigenpairs } from "./types.ts";
import { lengthOf } from "./vectors.ts";

export interface LanczosOptions {
  /** Of a residual |A v - lambda v|, as a part of the largest eigenvalue's magnitude. Default 1e-10. */
  readonly tolerance?: number;
  /** Vectors held at most beside those that are found, at least k + 2; default 2 k + 20. When full, it goes on from the best of them. */
  readonly basis?: number;
  /** Products at most. Default 20 k, at least 1000. */
  readonly maxProducts?: number;
  /** Of the starting vectors. Default: stream "lanczos" of seed 0. */
  readonly random?: Random;
  readonly signal?: AbortSignal | undefined;
  /** Told after every product: how many of the k pairs are within the tolerance. */
  readonly onProduct?: ((products: number, found: number) => void) | undefined;
}

export interface LanczosPairs extends Eigenpairs {
  /** Bounds on |A v - lambda v| (k), to rounding of the products: within each of its lambda there is an eigenvalue of A. */
  readonly bounds: Float64Array;
  readonly products: number;
}

/** Products between two looks at what has been found. */
const LOOK = 4;
/** How well the largest of what is left must be known, as a part of the least that was found, to say that nothing was missed. */
const SETTLED = 1e-3;

/**
 * The k largest eigenvalues (not magnitudes) of a symmetric matrix (n, n), and their vectors. Memory: `basis` + k vectors. Products: a few
 * times k for spectra that fall fast, more where eigenvalues crowd at the k-th.
 *
 * From one start each eigenvalue is found once, however often it occurs. So what was found is taken out and the search begun again from
 * another random vector, until nothing is left above the k-th. (Thick restarts: Wu and Simon, "Thick-restart Lanczos method for large
 * symmetric eigenvalue problems", 2000.)
 *
 * Errors: RangeError for options that do not fit; NumericalError where `maxProducts` are not enough; InvalidDataError where a product is
 * not finite; rejects with the signal's reason when aborted.
 */
export async function lanczos(
  product: Product,
  n: number,
  k: number,
  options: LanczosOptions = {},
): Promise<LanczosPairs> {
  const { tolerance = 1e-10, basis = 2 * k + 20, maxProducts = Math.max(1000, 20 * k) } = options;
  const { random = randomFrom(0, "lanczos"), signal, onProduct } = options;
  requireFit({ n, k, tolerance, basis });
  let products = 0;
  const apply = async (v: Float64Array): Promise<Float64Array> => {
    if (products === maxProducts)
      throw new NumericalError(
        `lanczos: ${k} eigenvalues must be found within ${maxProducts} products, got ${found.length}`,
        { hint: "allow more products, a larger basis or a looser tolerance" },
      );
    signal?.throwIfAborted();
    products++;
    const to = await product(v);
    if (!Number.isFinite(lengthOf(to)))
      throw new InvalidDataError(`lanczos: product must be finite, got NaN or infinity in product ${products}`);
    return to;
  };
  let found: readonly Found[] = [];
  while (k > 0) {
    const more = await search();
    if (more.length === 0) break;
    found = merged(found, more, k);
    if (found.length === n) break;
  }
  const vectors = new Float64Array(k * n);
  found.forEach(({ vector }, i) => void vectors.set(vector, i * n));
  return {
    values: Float64Array.from(found, ({ value }) => value),
    vectors: { dtype: "float64", shape: [k, n], data: vectors },
    bounds: Float64Array.from(found, ({ bound }) => bound),
    products,
  };

  /** From a random vector across what was found, what is among the k largest; nothing where nothing is. */
  async function search(): Promise<readonly Found[]> {
    const space = new Subspace(
      n,
      found.map(({ vector }) => vector),
    );
    const start = Float64Array.from({ length: n }, () => random.normal());
    const room = Math.min(basis, n - found.length);
    if (room === 0 || !space.append(start)) return [];
    for (;;) {
      const rest = space.extend(await apply(space.last));
      const full = space.size === room;
      const look = full || rest === 0 || space.size % LOOK === 0;
      onProduct?.(products, found.length);
      if (look) {
        const pairs = space.pairs(rest);
        const wanted = wantedOf(found, pairs.values, k);
        const scale = Math.max(Math.abs(pairs.values[0]), Math.abs(found[0]?.value ?? 0));
        const within = (i: number, limit: number): boolean => pairs.bounds[i] <= limit;
        if (wanted === 0) {
          const least = found[k - 1].value;
          const limit = Math.max(tolerance * scale, SETTLED * Math.abs(least), least - pairs.values[0]);
          if (within(0, limit)) return [];
        } else if (pairs.bounds.subarray(0, wanted).every((_, i) => within(i, tolerance * scale))) {
          const carried = found.reduce((total, { bound }) => total + bound * bound, 0);
          return space.found(pairs, wanted, carried);
        }
        if (full) space.restart(pairs, wanted + Math.floor((room - wanted) / 2));
      }
      space.appendRest();
    }
  }
}

function requireFit({ n, k, tolerance, basis }: Readonly<Record<"n" | "k" | "tolerance" | "basis", number>>): void {
  const refuse = (must: string): never => {
    throw new RangeError(`lanczos: ${must}`);
  };
  if (!(Number.isSafeInteger(k) && k >= 0 && k <= n)) refuse(`k must be a whole number from 0 to ${n}, got ${k}`);
  if (!(tolerance > 0)) refuse(`tolerance must be a number > 0, got ${tolerance}`);
  if (!(Number.isSafeInteger(basis) && basis >= k + 2))
    refuse(`basis must be a whole number >= ${k + 2}, got ${basis}`);
}

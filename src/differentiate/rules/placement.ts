// Where a pool over disjoint windows puts its cotangents: what remembers that all the rest of a cotangent is zero.

import type { GraphBuilder } from "../../graph/builder.ts";
import { sizeOfShape } from "../../graph/dim.ts";
import { add, cast, reshape, where } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { spatialSizes } from "../../graph/windows.ts";
import { reals } from "../../numeric/tensor.ts";
import type { Sparse } from "../factor.ts";
import { type Tournament, tapsOf } from "./disjoint-pooling.ts";

interface Placement {
  /** One cotangent for each window, (N, C, ...windows). */
  readonly pooled: Value;
  readonly tournament: Tournament;
}

/** By what was placed, (N, C, ...sizes): a value of a builder is one object, and lives as long as that. */
const placements = new WeakMap<Value, Placement>();

/** Remembers where the elements of a cotangent that are not zero come from. */
export function remember(placed: Value, pooled: Value, tournament: Tournament): Value {
  placements.set(placed, { pooled, tournament });
  return placed;
}

/** The same numbers without the zeros between, for sums over them: (N, C, ...windows), or the value itself. */
export const withoutZeros = (value: Value): Value => placements.get(value)?.pooled ?? value;

/** Elements from the first to the next, along each spatial axis. */
const stridesOf = (sizes: readonly number[]): number[] =>
  sizes.map((_, i) => sizes.slice(i + 1).reduce((product, size) => product * size, 1));

/** Positions of the windows' first elements, one spatial axis after another. */
function firstPositions({ counts, kernel, strides }: Record<"counts" | "kernel" | "strides", readonly number[]>) {
  return counts.reduce<number[]>(
    (found, count, i) =>
      found.flatMap((position) => Array.from({ length: count }, (_, k) => position + k * kernel[i] * strides[i])),
    [0],
  );
}

/** Position of each window's winner among the elements of its channel, as the cotangents lie: (N, C, windows). */
function winnerPositions(b: GraphBuilder, placed: Value, { pooled, tournament }: Placement): Value {
  const [sizes, counts] = [placed, pooled].map(({ shape }) => spatialSizes(shape));
  const strides = stridesOf(sizes);
  const { contests } = tournament;
  let offsets: Value | undefined;
  contests.forEach(({ masks, ...stage }, k) => {
    const stride = strides[sizes.length - 1 - k];
    const taps = offsets && tapsOf(b, offsets, stage);
    let best = taps?.[0];
    masks.forEach((mask, j) => {
      const further = (j + 1) * stride;
      best = where(b, mask, taps ? add(b, taps[j + 1], further) : further, best ?? 0);
    });
    offsets = best;
  });
  const kernel = contests.map(({ size }) => size).reverse();
  const first = firstPositions({ counts, kernel, strides });
  const [batch, channels] = pooled.shape;
  const start = b.constant(reals([1, 1, first.length], first));
  return offsets ? add(b, reshape(b, offsets, [batch, channels, first.length]), start) : start;
}

/** The elements that are not zero of a cotangent (N, C, ...sizes) that a pool placed; undefined of any other. */
export function sparseOf(b: GraphBuilder, placed: Value): Sparse | undefined {
  const placement = placements.get(placed);
  if (!placement || placement.tournament.contests.every(({ size }) => size === 1)) return undefined;
  const [batch, channels, ...counts] = placement.pooled.shape;
  return {
    values: reshape(b, placement.pooled, [batch, channels, sizeOfShape(counts)]),
    at: cast(b, winnerPositions(b, placed, placement), "int32"),
  };
}

// Pools over windows that do not overlap: winners are found and passed on by masks, axis by axis, averages by repetition.

import type { GraphBuilder } from "../../graph/builder.ts";
import { type Dim, divideDims, multiplyDims, sizeOfShape } from "../../graph/dim.ts";
import { cast, concat, mul, pad, reshape, slice, sub, transpose, where } from "../../graph/ops.ts";
import type { Value } from "../../graph/types.ts";
import { type PlacedWindows, spatialSizes } from "../../graph/windows.ts";

/** One spatial axis of a pool: values lie as (outer, size, inner), and `size` of them make one. */
interface Stage {
  readonly outer: Dim;
  readonly size: number;
  readonly inner: number;
}

/** A stage with its winners: the last tap j whose mask j - 1 is true, else the first. All masks are flat. */
interface Contest extends Stage {
  readonly masks: readonly Value[];
}

export interface Tournament {
  /** One for each spatial axis, the last axis first. */
  readonly contests: readonly Contest[];
  /** The part of each spatial axis that windows cover. */
  readonly covers: readonly number[];
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);
const flat = (b: GraphBuilder, x: Value): Value => reshape(b, x, [sizeOfShape(x.shape)]);

/** Whether windows tile the input from its first element on, as those of most pools do. */
export function areDisjoint({ windows, counts }: PlacedWindows, sizes: readonly number[]): boolean {
  const { kernel, strides, dilations, before } = windows;
  return kernel.every(
    (k, i) => strides[i] === k && (dilations[i] === 1 || k === 1) && before[i] === 0 && counts[i] * k <= sizes[i],
  );
}

const coversOf = ({ windows, counts }: PlacedWindows): number[] => counts.map((count, i) => count * windows.kernel[i]);

/** The part of x that windows cover. */
function covered(b: GraphBuilder, x: Value, covers: readonly number[]): Value {
  return covers.reduce(
    (cut, size, i) => (cut.shape[i + 2] === size ? cut : slice(b, cut, i + 2, { start: 0, end: size })),
    x,
  );
}

/** The adjoint of `covered`, from whatever order of the same elements. */
function uncovered(b: GraphBuilder, [value, x]: readonly [Value, Value], covers: readonly number[]): Value {
  const whole = reshape(b, value, [...x.shape.slice(0, 2), ...covers]);
  const missing = spatialSizes(x.shape).map((size, i) => size - covers[i]);
  return pad(
    b,
    whole,
    x.shape.map(() => 0),
    [0, 0, ...missing],
  );
}

/** The taps of a stage apart, flat: operators are slow on axes of 1 that are broadcast (550 against 95 us for Where). */
export function tapsOf(b: GraphBuilder, x: Value, { outer, size, inner }: Stage): Value[] {
  const taps = range(size).map((tap) => ({ start: tap, end: tap + 1 }));
  if (size === 1) return [flat(b, x)];
  if (inner > 1) return taps.map((tap) => flat(b, slice(b, reshape(b, x, [outer, size, inner]), 1, tap)));
  // One transposition (0.13 ms) is faster than slices of every second number (0.35 ms each).
  const apart = transpose(b, reshape(b, x, [outer, size]), [1, 0]);
  return taps.map((tap) => flat(b, slice(b, apart, 0, tap)));
}

/** The stages of windows over x, the last axis first. */
function stages(x: Value, placed: PlacedWindows): Stage[] {
  const { windows, counts } = placed;
  const channels = multiplyDims(x.shape[0], x.shape[1]);
  const covers = coversOf(placed);
  return range(counts.length).map((k) => {
    const i = counts.length - 1 - k;
    const outer = multiplyDims(channels, product([...covers.slice(0, i), counts[i]]));
    return { outer, size: windows.kernel[i], inner: product(counts.slice(i + 1)) };
  });
}

/** Each tap of all windows, flat, in the order of the windows. */
export function disjointTaps(b: GraphBuilder, x: Value, placed: PlacedWindows): Value[] {
  const whole = covered(b, x, coversOf(placed));
  return stages(x, placed).reduce((values, stage) => values.flatMap((value) => tapsOf(b, value, stage)), [whole]);
}

/**
 * The winners of a MaxPool over disjoint windows, the last axis first: among equals the first in row-major order wins.
 *
 * Where MaxPool gives indices and ScatterElements uses them, forward and backward take 2.3 ms more than the pool alone in the
 * first layer of the MNIST CNN (batch 64); this takes 1.4 ms.
 */
export function tournament(b: GraphBuilder, x: Value, placed: PlacedWindows): Tournament {
  const covers = coversOf(placed);
  let value = covered(b, x, covers);
  const contests = stages(x, placed).map((stage): Contest => {
    const [first, ...others] = tapsOf(b, value, stage);
    let best = first;
    const masks = others.map((tap) => {
      const mask = b.op("Greater", [tap, best]);
      best = b.op("Max", [best, tap]);
      return mask;
    });
    value = best;
    return { ...stage, masks };
  });
  return { contests, covers };
}

/** The cotangent at each winner, zero elsewhere: from one value for each window to the shape of x. */
export function toWinners(b: GraphBuilder, [g, x]: readonly [Value, Value], { contests, covers }: Tournament): Value {
  const placed = contests.reduceRight<Value>(
    (value, { outer, size, inner, masks }) => {
      let rest = value;
      const parts = new Array<Value>(size);
      for (let tap = size - 1; tap > 0; tap--) {
        // A product with 0 or 1, and what is left of it: each cotangent goes to one tap and nothing else is there to be selected, so that
        // no 0 meets what was not finite before. Where takes three times as long as either.
        parts[tap] = mul(b, rest, cast(b, masks[tap - 1], "real"));
        rest = sub(b, rest, parts[tap]);
      }
      parts[0] = rest;
      const shape = inner > 1 ? [outer, 1, inner] : [outer, 1];
      return flat(
        b,
        concat(
          b,
          parts.map((part) => reshape(b, part, shape)),
          1,
        ),
      );
    },
    flat(b, g),
  );
  return uncovered(b, [placed, x], covers);
}

/** What a tangent of x is at each winner, in the shape of y. */
export function atWinners(b: GraphBuilder, [dx, y]: readonly [Value, Value], { contests, covers }: Tournament): Value {
  const picked = contests.reduce<Value>(
    (value, contest) => {
      const [first, ...others] = tapsOf(b, value, contest);
      return others.reduce((best, tap, j) => where(b, contest.masks[j], tap, best), first);
    },
    covered(b, dx, covers),
  );
  return reshape(b, picked, y.shape);
}

/** One value for each window, repeated over its window: the adjoint of sums over windows (0.3 ms where ConvTranspose takes 0.7). */
export function overWindows(b: GraphBuilder, [g, x]: readonly [Value, Value], placed: PlacedWindows): Value {
  const { windows, counts } = placed;
  let [outer, inner, value] = [sizeOfShape(g.shape), 1, g];
  for (let i = counts.length - 1; i >= 0; i--) {
    const rows = reshape(b, value, [outer, inner]);
    value = concat(b, new Array<Value>(windows.kernel[i]).fill(rows), 1);
    outer = divideDims(outer, counts[i]);
    inner *= windows.kernel[i] * counts[i];
  }
  return uncovered(b, [value, x], coversOf(placed));
}

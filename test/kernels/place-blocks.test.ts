// Blocks from summands: the sums come to their places and to those of their mirror images, however the summands lie.

import { describe, expect, it } from "vitest";
import type { BlockLayout } from "../../src/kernels/block-terms.ts";
import { placeBlocks, type Summand } from "../../src/kernels/place-blocks.ts";
import { type Region, rowRegions } from "../../src/kernels/regions.ts";
import { randomFrom } from "../../src/numeric/random.ts";

const COUNT = 5;
const S = 3;
const T = (S * (S + 1)) / 2;
const random = randomFrom(1, "blocks");
const numbers = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());

/** One number for each pair, as of a kernel: the same for (i, j) and (j, i). */
const pairs = numbers(COUNT * COUNT).map((_, k, all) => {
  const [i, j] = [Math.floor(k / COUNT), k % COUNT];
  return i <= j ? all[k] : all[j * COUNT + i];
});
/** A matrix for each pair i <= j; of pairs of an example with itself, a symmetric one. */
const whole = numbers(COUNT * COUNT * S * S);
const wholeAt = (i: number, j: number, p: number, q: number): number => {
  const [a, b] = i === j && p > q ? [q, p] : [p, q];
  return whole[((i * COUNT + j) * S + a) * S + b];
};
const half = numbers(COUNT * COUNT * T);
const place = (p: number, q: number): number => {
  const [a, b] = p <= q ? [p, q] : [q, p];
  return a * S - (a * (a - 1)) / 2 + b - a;
};

/** What a layout holds of pair (i, j), i <= j, at (p, q). */
const VALUES: Readonly<Record<BlockLayout, (i: number, j: number, p: number, q: number) => number>> = {
  inside: wholeAt,
  blocks: (...at) => 2 * wholeAt(...at),
  triangles: (i, j, p, q) => half[(i * COUNT + j) * T + place(p, q)],
  triangle: (_i, _j, p, q) => half[place(p, q)],
};

/** The numbers of a layout in the order that it has. */
function laidOut(layout: BlockLayout, { rows, columns }: Region): Float64Array {
  const value = VALUES[layout];
  const out: number[] = [];
  const range = ({ start, end }: Region["rows"]): number[] => Array.from({ length: end - start }, (_, k) => start + k);
  const outputs = Array.from({ length: S }, (_, p) => p);
  const triangle = outputs.flatMap((p) => outputs.filter((q) => q >= p).map((q) => [p, q] as const));
  if (layout === "triangle") return Float64Array.from(triangle, ([p, q]) => value(0, 0, p, q));
  for (const i of range(rows)) {
    if (layout === "inside")
      for (const p of outputs) for (const j of range(columns)) for (const q of outputs) out.push(value(i, j, p, q));
    else
      for (const j of range(columns)) {
        if (layout === "triangles") for (const [p, q] of triangle) out.push(value(i, j, p, q));
        else for (const p of outputs) for (const q of outputs) out.push(value(i, j, p, q));
      }
  }
  return Float64Array.from(out);
}

const all = { start: 0, end: COUNT };

/** Numbers of a region's pairs, of all examples or of the region alone. */
function scaleOf(region: Region, ofAll: boolean): Summand["scale"] {
  const { rows, columns } = ofAll ? { rows: all, columns: all } : region;
  const values: number[] = [];
  for (let i = rows.start; i < rows.end; i++)
    for (let j = columns.start; j < columns.end; j++) values.push(pairs[i * COUNT + j]);
  return { rows, columns, values: Float64Array.from(values) };
}

interface Term {
  readonly layout: BlockLayout;
  readonly scaled?: "all" | "region";
}

const cases: readonly { readonly label: string; readonly terms: readonly Term[] }[] = [
  { label: "none", terms: [] },
  { label: "matrices inside", terms: [{ layout: "inside" }] },
  { label: "matrices inside, scaled", terms: [{ layout: "inside", scaled: "all" }] },
  { label: "blocks, scaled region by region", terms: [{ layout: "blocks", scaled: "region" }] },
  { label: "triangles", terms: [{ layout: "triangles", scaled: "region" }] },
  { label: "one triangle", terms: [{ layout: "triangle", scaled: "all" }] },
  {
    label: "all of them, and of each two",
    terms: (["inside", "blocks", "triangles", "triangle"] as const).flatMap((layout) => [
      { layout, scaled: "all" } as const,
      { layout, scaled: "region" } as const,
      { layout } as const,
    ]),
  },
];

describe.each(cases)("summands: $label", ({ terms }) => {
  it.each([1, 2, 5])("add up to blocks and their mirror images in regions of %d rows", (block) => {
    const offset = 7;
    const found = new Float64Array(offset + COUNT * COUNT * S * S).fill(Number.NaN);
    for (const region of rowRegions(COUNT, block)) {
      const summands = terms.map(({ layout, scaled }): Summand => {
        return { layout, values: laidOut(layout, region), scale: scaled && scaleOf(region, scaled === "all") };
      });
      placeBlocks(found, summands, { outputs: S, count: COUNT, region, offset });
    }
    const expected = Float64Array.from({ length: COUNT * COUNT * S * S }, (_, k) => {
      const [i, j, p, q] = [
        Math.floor(k / (COUNT * S * S)),
        Math.floor(k / (S * S)) % COUNT,
        Math.floor(k / S) % S,
        k % S,
      ];
      const at = i <= j ? ([i, j, p, q] as const) : ([j, i, q, p] as const);
      return terms.reduce(
        (sum, { layout, scaled }) => sum + (scaled ? pairs[i * COUNT + j] : 1) * VALUES[layout](...at),
        0,
      );
    });
    expect(found.subarray(offset)).toBeAllclose(expected, { atol: 1e-14, rtol: 1e-13 });
    expect([...found.subarray(0, offset)].every(Number.isNaN)).toBe(true);
  });
});

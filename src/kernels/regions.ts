// How the pairs of two tiles are divided into runs, and where the entries of a run go.

import type { RealArray } from "../numeric/tensor.ts";
import type { KernelForm } from "./types.ts";

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Pairs of rows and columns that are computed in one run. */
export interface Region {
  readonly rows: Range;
  readonly columns: Range;
}

/** Ranges of `block` from 0 on; the last may be shorter. */
function ranges(count: number, block: number): readonly Range[] {
  const size = Math.min(count, block);
  return Array.from({ length: Math.ceil(count / size) }, (_, k) => ({
    start: k * size,
    end: Math.min(count, (k + 1) * size),
  }));
}

/** Fewest rows of a block in which a tile is paired with itself. */
const LEAST_BLOCK = 4;
/** FLOPs that the engine could do in the time that one more run of a pair graph costs: 0.6 ms; or its nodes and copies of rows in a run of all regions: 0.1. */
const RUN_FLOPS = 4e7;
const NODES_FLOPS = 7e6;

/**
 * Rows of a block in which a tile is paired with itself: k blocks leave (k - 1) / 2k of the products undone, and cost k runs, so that k =
 * sqrt(FLOPs / 2 FLOPs of a run) is best.
 */
function blockOf(count: number, flops: number, ofRun: number): number {
  const blocks = Math.max(1, Math.round(Math.sqrt(flops / (2 * ofRun))));
  return Math.max(LEAST_BLOCK, Math.ceil(count / blocks));
}

/** The half of a tile's pairs with itself on and above the diagonal, and some below: blocks of rows, each with the columns from it on. */
export const rowRegions = (count: number, block: number): readonly Region[] =>
  ranges(count, block).map((rows) => ({ rows, columns: { start: rows.start, end: count } }));

/** The same by the FLOPs that all pairs take. */
export const halfRegions = (count: number, flops: number): readonly Region[] =>
  rowRegions(count, blockOf(count, flops, RUN_FLOPS));

/** The same where all regions are one run. */
export const joinedRegions = (count: number, flops: number): readonly Region[] =>
  rowRegions(count, blockOf(count, flops, NODES_FLOPS));

/** Rows below which squares on the diagonal are not halved any more. */
const LEAST_SQUARE = 8;

function halved({ start, end }: Range): readonly Region[] {
  const rows = { start, end };
  if (end - start <= LEAST_SQUARE) return [{ rows, columns: rows }];
  const middle = start + Math.ceil((end - start) / 2);
  const [first, second] = [
    { start, end: middle },
    { start: middle, end },
  ];
  return [...halved(first), ...halved(second), { rows: first, columns: second }];
}

/**
 * The same in squares: those on the diagonal are halved again and again, the others are whole. All runs have one of a few shapes: each shape
 * is a program, which keeps as much memory as it has once needed.
 */
export function squareRegions(count: number, square: number): readonly Region[] {
  const blocks = ranges(count, square);
  return blocks.flatMap((rows, k) => [
    ...halved(rows),
    ...blocks.slice(k + 1).map((columns): Region => ({ rows, columns })),
  ]);
}

/** All pairs of two tiles in squares. */
export const allRegions = ([n, m]: readonly [number, number], square: number): readonly Region[] =>
  ranges(n, square).flatMap((rows) => ranges(m, square).map((columns): Region => ({ rows, columns })));

/** A kernel (G, n, m, ...entry) that regions are put into. */
export interface Entries {
  readonly groups: number;
  readonly shape: readonly [number, number];
  readonly form: KernelForm;
  readonly outputs: number;
  /** Numbers of one entry. */
  readonly entry: number;
}

/** Puts the entries of a region to their places; of a kernel that is its own mirror image, those right of the region's rows also to their images. */
export function placeRegion(
  to: RealArray,
  from: RealArray,
  { rows, columns, ...entries }: Region & Entries & { readonly mirror: boolean },
): void {
  const { groups, shape, form, outputs, entry, mirror } = entries;
  const [c, d] = form === "blocks" ? [outputs, outputs] : [1, entry];
  const width = (columns.end - columns.start) * entry;
  let k = 0;
  for (let g = 0; g < groups; g++) {
    for (let i = rows.start; i < rows.end; i++) {
      to.set(from.subarray(k, k + width), ((g * shape[0] + i) * shape[1] + columns.start) * entry);
      if (!mirror) k += width;
      for (let j = columns.start; mirror && j < columns.end; j++) {
        const image = ((g * shape[0] + j) * shape[1] + i) * entry;
        if (j < rows.end) k += entry;
        else for (let p = 0; p < c; p++) for (let q = 0; q < d; q++, k++) to[image + q * c + p] = from[k];
      }
    }
  }
}

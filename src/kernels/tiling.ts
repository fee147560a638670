// How examples are cut into tiles, and in which order tiles are paired so that few of them are prepared twice.

import type { AlgorithmMemory } from "./algorithm.ts";

/** Examples of both sides; of a symmetric kernel, only the pairs on and above the diagonal are computed. */
export interface PairCount {
  readonly n: number;
  readonly m: number;
  readonly symmetric: boolean;
}

export interface Tiling {
  /** Examples of one tile; the last one of a side may have fewer. */
  readonly tile: number;
  /** Examples on which a graph runs at once. */
  readonly run: number;
  /** Prepared tiles of both sides together that are held at once. */
  readonly kept: number;
}

export interface TilingOptions {
  /** Examples of a tile at most. */
  readonly tile: number;
  readonly memoryBudget: number;
  /** Floating-point operations of one pair of examples. */
  readonly flopsOfPair: number;
  /** Whether tiles stay on a card, each prepared in one run; default: no. */
  readonly onCard?: boolean;
}

/** Tiles this small still run at a good part of the engine's rate. */
const SMALL = 32;
/** With twelve tiles held, eleven as rows past which columns stream one by one, an eleventh of the budget serves the stream. */
const HELD = 12;
/** A pair of tiles takes about a second at most, so that progress is told and a stop is heard. */
const FLOPS = 2 ** 36;
/** The part of the budget that runs of a graph may take, where one example takes less. */
const RUNNING = 1 / 8;
/** The same on a card, which is fast on many examples and slow to be given anything: a tile is one run, and a second of it is more. */
const ON_CARD = { running: 1 / 2, flops: 2 ** 41 } as const;

/**
 * The part of a budget that bytes are counted against: what the process takes is the count and up to a sixteenth more. A trace kernel of
 * 4,000 images of a CNN, planned for all of 2,048 MiB, peaked at 2,070; so it peaks at 1,946.
 */
const COUNTED = 15 / 16;

const tilesOf = ({ n, m, symmetric }: PairCount, tile: number): number =>
  Math.ceil(n / tile) + (symmetric ? 0 : Math.ceil(m / tile));

/** Bytes of a tile of one example for each side, prepared one at a time. */
const leastBytes = ({ prepared, running, pairing }: AlgorithmMemory, count: PairCount): number =>
  running(1) + pairing(1) + Math.min(2, tilesOf(count, 1)) * prepared;

/** The smallest budget, in whole bytes. */
export function leastBudget(memory: AlgorithmMemory, count: PairCount): number {
  return Math.ceil(leastBytes(memory, count) / COUNTED);
}

/**
 * The tiling for a budget: tiles are halved until a dozen of them fit (or all there are), then until two do. It depends on the problem
 * and on what is given, never on free memory, since the last bits of a kernel depend on it. Undefined where nothing fits.
 */
export function tilingOf(
  memory: AlgorithmMemory,
  count: PairCount,
  { tile: largest, memoryBudget: given, flopsOfPair, onCard = false }: TilingOptions,
): Tiling | undefined {
  const memoryBudget = given * COUNTED;
  if (leastBytes(memory, count) > memoryBudget) return undefined;
  let tile = Math.max(1, Math.min(largest, Math.max(count.n, count.m)));
  const { running, flops } = onCard ? ON_CARD : { running: RUNNING, flops: FLOPS };
  let run = tile;
  while (run > 1 && memory.running(run) > memoryBudget * running) run = Math.ceil(run / 2);
  const heldOf = (size: number): number => {
    const left = memoryBudget - memory.running(run) - memory.pairing(size);
    return Math.min(tilesOf(count, size), left < 0 ? -1 : Math.floor(left / (size * memory.prepared)));
  };
  const isTooLarge = (size: number): boolean =>
    heldOf(size) < Math.min(HELD, tilesOf(count, size)) || size * size * flopsOfPair > flops;
  while (tile > SMALL && isTooLarge(tile)) tile = Math.ceil(tile / 2);
  while (tile > 1 && heldOf(tile) < Math.min(2, tilesOf(count, tile))) tile = Math.ceil(tile / 2);
  if (onCard) tile = Math.min(tile, run);
  return { tile, run: Math.min(run, tile), kept: heldOf(tile) };
}

/** Tiles that are held at the same time, and the pairs of them that are computed meanwhile. */
export interface Stage {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly pairs: readonly (readonly [row: number, column: number])[];
}

const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_, k) => start + k);

/** Blocks of rows; each is paired with itself, then the columns after it come past, the block's successor last. */
function* symmetricStages(tiles: number, kept: number): Generator<Stage> {
  const block = kept >= tiles ? tiles : kept - 1;
  for (let start = 0; start < tiles; start += block) {
    const rows = range(start, Math.min(tiles, start + block));
    yield { rows, columns: rows, pairs: rows.flatMap((i) => rows.filter((j) => j >= i).map((j) => [i, j] as const)) };
    for (const j of range(start + rows.length, tiles).reverse())
      yield { rows, columns: [j], pairs: rows.map((i) => [i, j] as const) };
  }
}

/** Blocks of one side, past each of which the other comes, forth and back. */
function* blockedStages(held: number, streamed: number, kept: number): Generator<Stage> {
  const block = Math.min(held, kept - 1);
  for (let start = 0, turn = 0; start < held; start += block, turn++) {
    const rows = range(start, Math.min(held, start + block));
    const order = turn % 2 === 0 ? range(0, streamed) : range(0, streamed).reverse();
    for (const j of order) yield { rows, columns: [j], pairs: rows.map((i) => [i, j] as const) };
  }
}

/** All pairs of tiles, stage by stage, so that no more than `kept` tiles are held. */
export function* stagesOf({ n, m, symmetric }: PairCount, { tile, kept }: Tiling): Generator<Stage> {
  const [rows, columns] = [Math.ceil(n / tile), Math.ceil(m / tile)];
  if (symmetric) {
    yield* symmetricStages(rows, kept);
    return;
  }
  // What is not held is prepared once for each block of what is.
  const costOf = (held: number, streamed: number): number => held + streamed * Math.ceil(held / (kept - 1));
  if (costOf(rows, columns) <= costOf(columns, rows)) yield* blockedStages(rows, columns, kept);
  else
    for (const { rows: held, columns: streamed, pairs } of blockedStages(columns, rows, kept))
      yield { rows: streamed, columns: held, pairs: pairs.map(([i, j]) => [j, i] as const) };
}

/** How many tiles of each side are prepared over all stages, again where they come again (of a symmetric kernel, all count as rows). */
export function preparationsOf(count: PairCount, tiling: Tiling): readonly [rows: number, columns: number] {
  let [rows, columns] = [0, 0];
  let [heldRows, heldColumns]: ReadonlySet<number>[] = [new Set(), new Set()];
  for (const stage of stagesOf(count, tiling)) {
    const next = [new Set(stage.rows), new Set(stage.columns)];
    if (count.symmetric) for (const tile of stage.columns) next[0].add(tile);
    for (const tile of next[0]) if (!heldRows.has(tile)) rows++;
    if (!count.symmetric) for (const tile of next[1]) if (!heldColumns.has(tile)) columns++;
    [heldRows, heldColumns] = next;
  }
  return [rows, columns];
}

// Tiles and the order of their pairs: everything once, no more held than is said, and few prepared twice.

import { describe, expect, it } from "vitest";
import type { AlgorithmMemory } from "../../src/kernels/algorithm.ts";
import { leastBudget, type PairCount, preparationsOf, stagesOf, tilingOf } from "../../src/kernels/tiling.ts";

/** What counting gives for the trace of a CNN 1-16-32-64 with 3x3 windows and 128-10 on 28x28 in float32. */
const CNN: AlgorithmMemory = {
  prepared: 945_696,
  running: (run) => 5.1e6 * run,
  pairing: (tile) => 130 * tile * tile,
};
const sides = (n: number, m?: number): PairCount => ({ n, m: m ?? n, symmetric: m === undefined });
const GIB = 2 ** 30;

const tilings = [
  [sides(10), 1, 2],
  [sides(10), 1, 3],
  [sides(10), 3, 4],
  [sides(10), 3, 2],
  [sides(7), 10, 1],
  [sides(5, 8), 1, 2],
  [sides(5, 8), 2, 3],
  [sides(8, 5), 2, 4],
  [sides(8, 5), 2, 7],
  [sides(1, 9), 4, 2],
] as const;

describe.each(tilings)("the stages of %o in tiles of %i with %i held", (count, tile, kept) => {
  const tiling = { tile, run: tile, kept };
  const [rows, columns] = [Math.ceil(count.n / tile), Math.ceil(count.m / tile)];

  it("pair everything once, of a symmetric kernel what is on and above the diagonal", () => {
    const pairs = [...stagesOf(count, tiling)].flatMap((stage) => stage.pairs.map(([i, j]) => i * columns + j));
    const wanted: number[] = [];
    for (let i = 0; i < rows; i++) for (let j = count.symmetric ? i : 0; j < columns; j++) wanted.push(i * columns + j);
    expect(pairs.toSorted((a, b) => a - b)).toEqual(wanted);
  });

  it("hold no more tiles than they may, and those that they pair", () => {
    for (const stage of stagesOf(count, tiling)) {
      const held = count.symmetric
        ? new Set([...stage.rows, ...stage.columns]).size
        : stage.rows.length + stage.columns.length;
      expect(held).toBeLessThanOrEqual(kept);
      for (const [i, j] of stage.pairs) {
        expect(stage.rows).toContain(i);
        expect(stage.columns).toContain(j);
      }
    }
  });
});

describe("how often tiles are prepared", () => {
  it("is once where all of them fit", () => {
    expect(preparationsOf(sides(100), { tile: 10, run: 1, kept: 10 })).toEqual([10, 0]);
    expect(preparationsOf(sides(100, 30), { tile: 10, run: 1, kept: 13 })).toEqual([10, 3]);
  });

  it("is once for the longer side where the shorter one fits beside one tile of it", () => {
    expect(preparationsOf(sides(100, 30), { tile: 10, run: 1, kept: 4 })).toEqual([10, 3]);
    expect(preparationsOf(sides(30, 100), { tile: 10, run: 1, kept: 4 })).toEqual([3, 10]);
  });

  it("is a column's once for each block of rows before it, less the one that the next block begins with", () => {
    // Blocks of 3, 3, 3 and 1 of 10 tiles: 10 as rows; 7 + 4 + 1 as columns, of which 3 are held on.
    expect(preparationsOf(sides(100), { tile: 10, run: 1, kept: 4 })).toEqual([19, 0]);
    // With two held: all pairs above the diagonal, but for those kept on.
    expect(preparationsOf(sides(100), { tile: 10, run: 1, kept: 2 })).toEqual([10 + 45 - 9, 0]);
    // Three blocks of two rows past which six columns come forth and back: 6 + 5 + 5.
    expect(preparationsOf(sides(6, 6), { tile: 1, run: 1, kept: 3 })).toEqual([6, 16]);
  });

  it("is 1.7 times for 4000 examples of a CNN in 2 GiB, where half of them fit at once", () => {
    const tiling = tilingOf(CNN, sides(4000), { tile: 256, memoryBudget: 2 * GIB, flopsOfPair: 472_859 });
    expect(tiling).toEqual({ tile: 128, run: 32, kept: 15 });
    const [prepared] = preparationsOf(sides(4000), tiling!);
    expect((prepared * 128) / 4000).toBeCloseTo(1.66, 2);
  });
});

describe("the tiling", () => {
  const options = (memoryBudget: number, tile = 256) => ({ tile, memoryBudget, flopsOfPair: 472_859 });

  it("keeps to the budget at every size of it, and uses most of it where there is more to hold", () => {
    for (let budget = 2 ** 23; budget < 2 ** 34; budget *= 1.37) {
      const found = tilingOf(CNN, sides(4000), options(budget));
      if (!found) {
        expect(leastBudget(CNN, sides(4000))).toBeGreaterThan(budget);
        continue;
      }
      const bytes = CNN.running(found.run) + CNN.pairing(found.tile) + found.kept * found.tile * CNN.prepared;
      expect(bytes).toBeLessThanOrEqual((15 / 16) * budget);
      if (found.kept < Math.ceil(4000 / found.tile)) expect(bytes).toBeGreaterThan(0.6 * budget);
    }
  });

  it("is the tile asked for where it fits, never larger than the examples", () => {
    expect(tilingOf(CNN, sides(500), options(8 * GIB))).toEqual({ tile: 256, run: 128, kept: 2 });
    expect(tilingOf(CNN, sides(500), options(8 * GIB, 64))).toEqual({ tile: 64, run: 64, kept: 8 });
    expect(tilingOf(CNN, sides(20, 3), options(8 * GIB))).toEqual({ tile: 20, run: 20, kept: 2 });
  });

  it("is one example a side at the least budget, and none below", () => {
    const least = leastBudget(CNN, sides(4000));
    expect(least).toBe(Math.ceil((16 / 15) * (5.1e6 + 130 + 2 * 945_696)));
    expect(tilingOf(CNN, sides(4000), options(least))).toEqual({ tile: 1, run: 1, kept: 2 });
    expect(tilingOf(CNN, sides(4000), options(least - 1))).toBeUndefined();
  });

  it("is small where a pair of examples takes many FLOPs, so that a stop is heard", () => {
    const slow = { ...options(8 * GIB), flopsOfPair: 5e7 };
    expect(tilingOf(CNN, sides(1000), slow)?.tile).toBe(32);
  });
});

describe("tiles on a card", () => {
  const options = { tile: 1024, memoryBudget: 16 * GIB, flopsOfPair: 1e6 };

  it("are larger, since products are not what takes long there", () => {
    expect(tilingOf(CNN, sides(4000), options)?.tile).toBeLessThan(300);
    expect(tilingOf(CNN, sides(4000), { ...options, onCard: true })?.tile).toBe(1024);
  });

  it("are one run each, however small the budget makes them", () => {
    for (const memoryBudget of [GIB / 64, GIB / 4, GIB, 4 * GIB]) {
      const tiling = tilingOf(CNN, sides(4000), { ...options, memoryBudget, onCard: true });
      expect(tiling?.run).toBe(tiling?.tile);
    }
  });
});

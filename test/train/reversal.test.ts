// The order of a replay backwards, against the cheapest one that trying every order finds.

import { describe, expect, it } from "vitest";
import { heldOnTheWay, heldStates, longestStretch, planReversal } from "../../src/train/reversal.ts";

/** Fewest steps taken again for going backwards through `steps` of them, found by trying every first place. */
function cheapest(steps: number, held: number, known = new Map<string, number>()): number {
  if (steps === 1) return 0;
  if (held === 0) return Number.POSITIVE_INFINITY;
  const key = `${steps} ${held}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  let least = Number.POSITIVE_INFINITY;
  for (let first = 1; first < steps; first++) {
    const later = cheapest(steps - first, held - 1, known);
    // The last step of all need not be taken; what is held after `first` steps is where the earlier part ends.
    least = Math.min(least, first + later + cheapest(first, held, known));
  }
  known.set(key, least);
  return least;
}

describe("planReversal(checkpoints, held)", () => {
  it("takes as few steps again as any order does", () => {
    const known = new Map<string, number>();
    for (let held = 1; held <= 8; held++) {
      for (let steps = 2; steps <= 60; steps++) {
        // And one more step, for comparing with what is stored there.
        expect([steps, held, planReversal([0, steps], held).replayed]).toEqual([
          steps,
          held,
          cheapest(steps, held, known) + 1,
        ]);
      }
    }
  });

  it("takes every step once where all states fit, and none where both ends of each are stored", () => {
    expect(planReversal([0, 10], 9)).toEqual({ replayed: 10, passes: 1, held: 9 });
    expect(planReversal([0, 10, 20, 24], 100)).toEqual({ replayed: 24, passes: 1, held: 9 });
    expect(planReversal([0, 1, 2, 3], 9)).toEqual({ replayed: 0, passes: 0, held: 0 });
    expect(planReversal([0], 9)).toEqual({ replayed: 0, passes: 0, held: 0 });
  });

  it("takes no step of 10,000 more than twice where 140 states fit, nor more than eight times with eight", () => {
    // C(140 + 2, 2) = 10,011; C(8 + 8, 8) = 12,870.
    expect(planReversal([0, 10_000], 140)).toEqual({ replayed: 19_859, passes: 2, held: 140 });
    expect(planReversal([0, 10_000], 139).passes).toBe(3);
    expect(planReversal([0, 10_000], 8)).toMatchObject({ passes: 8, held: 8 });
  });
});

describe("heldOnTheWay(steps, held)", () => {
  it("holds nothing where all states fit", () => {
    expect(heldOnTheWay(10, 9)).toEqual([]);
    expect(heldOnTheWay(1, 0)).toEqual([]);
  });

  it("never holds more than is allowed, and leaves a last part whose states fit", () => {
    for (const [steps, held] of [
      [11, 9],
      [1000, 9],
      [1000, 1],
      [100_000, 8],
      [100_000, 447],
    ]) {
      const places = heldOnTheWay(steps, held);
      const ends = [0, ...places, steps];
      expect(places.length).toBeLessThanOrEqual(held);
      for (let k = 1; k < ends.length; k++) expect(ends[k]).toBeGreaterThan(ends[k - 1]);
      expect(steps - ends[places.length]).toBeLessThanOrEqual(held - places.length + 1);
    }
  });
});

it("longestStretch(held, passes) is C(held + passes, passes), and Infinity beyond whole numbers", () => {
  expect([0, 1, 2, 3].map((passes) => longestStretch(3, passes))).toEqual([1, 4, 10, 20]);
  expect(longestStretch(3, -1)).toBe(0);
  expect(longestStretch(1e6, 1e6)).toBe(Number.POSITIVE_INFINITY);
});

it("heldStates(stateBytes, budget) is what fits into the budget, at least eight", () => {
  expect(heldStates(100, 1050)).toBe(10);
  expect(heldStates(100, 0)).toBe(8);
  // 256 MiB by default.
  expect(heldStates(2 ** 20)).toBe(256);
});

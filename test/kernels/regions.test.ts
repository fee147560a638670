// How pairs are divided into runs: each is computed, and its entry and the mirror image's come to their places.

import { describe, expect, it } from "vitest";
import {
  allRegions,
  halfRegions,
  placeRegion,
  type Region,
  rowRegions,
  squareRegions,
} from "../../src/kernels/regions.ts";

const FORMS = [
  { form: "blocks", outputs: 2, entry: 4 },
  { form: "trace", outputs: 2, entry: 1 },
  { form: "diagonal", outputs: 2, entry: 2 },
] as const;
const GROUPS = 2;

interface Division {
  readonly shape: readonly [number, number];
  readonly mirror: boolean;
}

/** Entry (p, q) of pair (i, j) in a group: of a kernel that is its own mirror image, that of (j, i) is its transpose. */
function entryOf(outputs: number, [g, i, j]: readonly number[], k: number, mirror: boolean): number {
  const [low, high] = mirror && i > j ? [j, i] : [i, j];
  const turned = mirror && i > j ? (k % outputs) * outputs + Math.floor(k / outputs) : k;
  return 1 + g + 10 * low + 1000 * high + turned / 10;
}

function placed(regions: readonly Region[], { shape, mirror }: Division, own: (typeof FORMS)[number]) {
  const { outputs, entry, form } = own;
  const value = (at: readonly number[], k: number): number =>
    form === "blocks" && at[1] !== at[2] ? entryOf(outputs, at, k, mirror) : entryOf(1, at, 0, mirror);
  const size = GROUPS * shape[0] * shape[1] * entry;
  const [found, expected] = [new Float64Array(size), new Float64Array(size)];
  for (const { rows, columns } of regions) {
    const from: number[] = [];
    for (let g = 0; g < GROUPS; g++)
      for (let i = rows.start; i < rows.end; i++)
        for (let j = columns.start; j < columns.end; j++)
          for (let k = 0; k < entry; k++) from.push(value([g, i, j], k));
    const entries = { ...own, groups: GROUPS, shape, mirror };
    placeRegion(found, Float64Array.from(from), { rows, columns, ...entries });
  }
  let at = 0;
  for (let g = 0; g < GROUPS; g++)
    for (let i = 0; i < shape[0]; i++)
      for (let j = 0; j < shape[1]; j++) for (let k = 0; k < entry; k++) expected[at++] = value([g, i, j], k);
  return { found, expected };
}

describe.each(FORMS)("regions of a kernel in the form $form", (own) => {
  it.each([1, 2, 7, 8, 16, 21, 40])("give a kernel of %d examples with themselves", (count) => {
    const division = { shape: [count, count], mirror: true } as const;
    for (const regions of [
      rowRegions(count, Math.ceil(count / 2)),
      halfRegions(count, 4e8),
      squareRegions(count, 16),
      squareRegions(count, 3),
    ]) {
      const { found, expected } = placed(regions, division, own);
      expect(found).toEqual(expected);
    }
  });

  it.each([1, 4, Infinity])("give a kernel of examples with others in squares of %d", (square) => {
    const { found, expected } = placed(allRegions([5, 9], square), { shape: [5, 9], mirror: false }, own);
    expect(found).toEqual(expected);
  });
});

describe("squareRegions(count, square)", () => {
  it("computes little below the diagonal, in few shapes", () => {
    const sizeOf = ({ rows, columns }: Region) => [rows.end - rows.start, columns.end - columns.start];
    const sizes = squareRegions(64, 16).map(sizeOf);
    expect(new Set(sizes.map(String))).toEqual(new Set(["16,16", "8,8"]));
    const pairs = sizes.reduce((total, [n, m]) => total + n * m, 0);
    expect(pairs / 64 ** 2).toBeCloseTo(0.5625, 10);
  });
});

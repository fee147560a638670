// Random choices of a fuzzer, all of them a function of its seed; and numbers that readers have met before and stumbled over.

import { randomFrom } from "../../src/numeric/random.ts";

export interface Chance {
  /** Uniform among 0 .. n - 1. */
  int(n: number): number;
  /** True with probability p. */
  flip(p: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** `n` picks, or as many as a draw up to `n` says. */
  several<T>(n: number, make: () => T): T[];
}

export function chanceOf(seed: number, stream: string): Chance {
  const random = randomFrom(seed, stream);
  const int = (n: number): number => random.integer(n);
  return {
    int,
    flip: (p) => random.uniform() < p,
    pick: (list) => list[int(list.length)],
    several: (n, make) => Array.from({ length: 1 + int(n) }, make),
  };
}

/** Whole numbers at the edges of formats: of bytes, int32, doubles, int64, and what claims more than any memory holds. */
export const EDGES: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 65, 127, 128, 255, 256, 1000, 4096, 65535, 65536, 100_000, 1_000_000],
  ...[2 ** 24, 2 ** 26, 2 ** 28, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 52],
  ...[2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 2 ** 60, 2 ** 62, 2 ** 63 - 1024, 2 ** 63],
  ...[-1, -2, -3, -4, -5, -128, -32768, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53), -(2 ** 63)],
];

/** What is no whole number, or no number at all. */
export const ODD_VALUES: readonly unknown[] = [
  ...[0.5, -0.5, 1e-300, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[
    "",
    "0",
    "-1",
    "x",
    "NaN",
    "../x",
    "/etc/passwd",
    "constructor",
    "__proto__",
    "toString",
    "\u0000",
    "\n",
    "é\u202e",
  ],
  ...[null, true, false, [], {}, [[]], [null], { length: 1e9 }, "a".repeat(5000)],
];

/** A whole number: mostly small, sometimes at an edge. */
export function someSize(chance: Chance): number {
  return chance.flip(0.6) ? chance.int(6) : chance.pick(EDGES);
}

/** What stands for a list in a list in a list, of which no JSON is made but by `jsonText`. */
const DEEP = "@deep";

/** A JSON value that is not what should stand there. */
export function oddValue(chance: Chance): unknown {
  if (chance.flip(0.4)) return chance.pick(EDGES);
  if (chance.flip(0.02)) return Array(100_000).fill(chance.pick([0, "", null]));
  return chance.flip(0.05) ? DEEP : chance.pick(ODD_VALUES);
}

/** The JSON of a value. */
export function jsonText(value: unknown): string {
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  return JSON.stringify(value).replaceAll(JSON.stringify(DEEP), deep);
}

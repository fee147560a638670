import { describe, expect, test } from "vitest";
import { generatorName, philox4x32, randomFrom } from "../../src/numeric/random.ts";

const words = (text: string) => text.split(" ").map((word) => Number.parseInt(word, 16));

test("philox4x32 gives the known answers of the authors' Random123 library (kat_vectors, philox4x32 10)", () => {
  const vectors = [
    ["00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    ["ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ];
  for (const [counter, key, answer] of vectors) {
    expect([...philox4x32(words(counter), words(key), new Uint32Array(4))]).toEqual(words(answer));
  }
  expect(generatorName).toBe("philox4x32-10");
});

describe("randomFrom", () => {
  test("uniform() joins the words of the block of counter (0, 0, stream) and key seed into 53 bits", () => {
    // Seed 0, stream 0: the block of zeros above. (0x6627e8d5 >>> 5) 2^26 + (0xe169c58d >>> 6), over 2^53; then the other half.
    const random = randomFrom(0, 0);
    expect(random.uniform()).toBe((Math.floor(0x6627e8d5 / 32) * 2 ** 26 + Math.floor(0xe169c58d / 64)) / 2 ** 53);
    expect(random.uniform()).toBe((Math.floor(0xbc57ac4c / 32) * 2 ** 26 + Math.floor(0x9b00dbd8 / 64)) / 2 ** 53);
  });

  test("gives the same numbers for the same seed and stream, and goes on from any position", () => {
    const draws = (position: number) => {
      const random = randomFrom(2 ** 40 + 1, "batches", position);
      return Array.from({ length: 20 }, () => random.uniform());
    };
    expect(draws(0)).toEqual(draws(0));
    expect(draws(7).slice(0, 13)).toEqual(draws(0).slice(7));
    const random = randomFrom(3, "x");
    random.normal();
    random.permutation(10);
    expect(randomFrom(3, "x", random.position).uniform()).toBe(random.uniform());
  });

  test("gives other numbers for another seed, another name, another number, and for a name that spells a number", () => {
    const firsts = [
      [0, "a"],
      [1, "a"],
      [2 ** 32, "a"],
      [0, "b"],
      [0, ""],
      [0, 0],
      [0, 1],
      [0, 2 ** 32],
      [0, "0"],
    ].map(([seed, stream]) => randomFrom(seed as number, stream).uniform());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test("uniform() lies in [0, 1) with the moments of the uniform distribution", () => {
    const random = randomFrom(1, "moments");
    const n = 100_000;
    const values = Array.from({ length: n }, () => random.uniform());
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    // Standard errors: mean sqrt(1/12 / n) = 9.1e-4, mean square sqrt(4/45 / n) = 9.4e-4; 4 of them are allowed.
    expect(Math.abs(values.reduce((s, v) => s + v) / n - 1 / 2)).toBeLessThan(3.7e-3);
    expect(Math.abs(values.reduce((s, v) => s + v * v, 0) / n - 1 / 3)).toBeLessThan(3.8e-3);
  });

  test("normal() has the moments of the standard normal and independent neighbours", () => {
    const random = randomFrom(1, "normal");
    const n = 100_000;
    const values = Array.from({ length: n }, () => random.normal());
    const mean = (f: (v: number, i: number) => number) => values.reduce((s, v, i) => s + f(v, i), 0) / n;
    // Standard errors over sqrt(n) = 316: v: 1, v^2: sqrt(2), v^4: sqrt(96), v_i v_{i+1}: 1; 4 of them are allowed.
    expect(Math.abs(mean((v) => v))).toBeLessThan(4 / 316);
    expect(Math.abs(mean((v) => v ** 2) - 1)).toBeLessThan((4 * Math.SQRT2) / 316);
    expect(Math.abs(mean((v) => v ** 4) - 3)).toBeLessThan((4 * Math.sqrt(96)) / 316);
    expect(Math.abs(mean((v, i) => v * values[(i + 1) % n]))).toBeLessThan(4 / 316);
  });

  test("integer(n) is uniform among 0 .. n - 1", () => {
    const random = randomFrom(1, "integer");
    const counts = new Float64Array(6);
    for (let i = 0; i < 60_000; i++) counts[random.integer(6)]++;
    // Chi square with 5 degrees of freedom exceeds 25.7 with probability 1e-4.
    expect(counts.reduce((s, count) => s + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(25.7);
    expect(random.integer(1)).toBe(0);
    expect(random.integer(2 ** 53 - 1)).toBeLessThan(2 ** 53 - 1);
  });

  test("permutation(n) holds each index once, and all 24 orders of 4 equally often", () => {
    expect([...randomFrom(1, "p").permutation(1000)].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    expect([...randomFrom(1, "p").permutation(0)]).toEqual([]);
    const random = randomFrom(1, "orders");
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.permutation(4).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    // Chi square with 23 degrees of freedom exceeds 58.6 with probability 6e-5.
    expect(counts.size).toBe(24);
    expect([...counts.values()].reduce((s, count) => s + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(58.6);
  });

  test("refuses seeds, streams, positions and ranges that are not whole numbers", () => {
    expect(() => randomFrom(-1, "a")).toThrow("randomFrom: seed must be an integer from 0 to 2^53 - 1, got -1");
    expect(() => randomFrom(0, 1.5)).toThrow("stream must be");
    expect(() => randomFrom(0, "a", Number.NaN)).toThrow("position must be");
    expect(() => randomFrom(0, "a").integer(0)).toThrow("integer: n must be an integer from 1, got 0");
  });
});

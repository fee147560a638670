import { describe, expect, test } from "vitest";
import { keyedMasks, occurrenceKeys } from "../../src/numeric/keyed-masks.ts";
import { philox4x32 } from "../../src/numeric/random.ts";

const kept = (masks: Uint8Array) => masks.reduce((count, bit) => count + bit, 0);

describe("keyedMasks(keys, options)", () => {
  test("keeps an element where its word of the Philox block of the key is below (1 - ratio) 2^32", () => {
    const key = 0x299f31d0a4093822n;
    const words = [0, 1].flatMap((index) => [
      ...philox4x32([index, 2, 0, 0x6d61736b], [0xa4093822, 0x299f31d0], new Uint32Array(4)),
    ]);
    const masks = keyedMasks(BigInt64Array.of(key), { layer: 2, size: 7, ratio: 0.4 });
    expect([...masks]).toEqual(words.slice(0, 7).map((word) => (word < 0.6 * 2 ** 32 ? 1 : 0)));
  });

  test("gives an occurrence the same bits in any batch and beside any others; negative keys are keys too", () => {
    const keys = BigInt64Array.of(5n, -1n, 2n ** 62n, 5n);
    const options = { layer: 1, size: 13, ratio: 0.5 };
    const together = keyedMasks(keys, options);
    keys.forEach((key, n) => {
      expect(together.slice(n * 13, (n + 1) * 13)).toEqual(keyedMasks(BigInt64Array.of(key), options));
    });
    expect(keyedMasks(keys, { ...options, size: 4 }).slice(0, 4)).toEqual(together.slice(0, 4));
  });

  test("gives other bits for another key and another layer", () => {
    const bits = (key: bigint, layer: number) =>
      keyedMasks(BigInt64Array.of(key), { layer, size: 64, ratio: 0.5 }).join("");
    const all = [bits(0n, 0), bits(1n, 0), bits(2n ** 32n, 0), bits(0n, 1), bits(1n, 1)];
    expect(new Set(all).size).toBe(all.length);
  });

  test("keeps a share of 1 - ratio, within four standard errors, and everything at ratio 0", () => {
    for (const ratio of [0.1, 0.3, 0.5, 0.9]) {
      const count = 40_000;
      const masks = keyedMasks(occurrenceKeys(3, 0, count / 100), { layer: 0, size: 100, ratio });
      const error = Math.sqrt((ratio * (1 - ratio)) / count);
      expect(Math.abs(kept(masks) / count - (1 - ratio))).toBeLessThan(4 * error);
    }
    expect(kept(keyedMasks(occurrenceKeys(3, 0, 10), { layer: 0, size: 9, ratio: 0 }))).toBe(90);
  });

  test("bits of neighbouring elements, layers and keys are uncorrelated, within four standard errors", () => {
    const [count, size] = [200, 200];
    const keys = BigInt64Array.from({ length: count }, (_, n) => BigInt(n));
    const signs = (layer: number) => Array.from(keyedMasks(keys, { layer, size, ratio: 0.5 }), (bit) => 2 * bit - 1);
    const [a, b] = [signs(0), signs(1)];
    const correlation = (x: number[], y: number[]) =>
      x.reduce((sum, value, k) => sum + value * (y[k] ?? 0), 0) / x.length;
    for (const other of [b, a.slice(1), a.slice(size)])
      expect(Math.abs(correlation(a, other))).toBeLessThan(4 / Math.sqrt(count * size));
  });

  test("refuses a ratio outside [0, 1)", () => {
    for (const ratio of [-0.1, 1, Number.NaN])
      expect(() => keyedMasks(BigInt64Array.of(0n), { layer: 0, size: 1, ratio })).toThrow(
        `keyedMasks: ratio must lie in [0, 1), got ${ratio}`,
      );
  });
});

describe("occurrenceKeys(seed, from, count)", () => {
  test("gives any part of a run's keys without the parts before it, others for another seed, none twice", () => {
    const all = occurrenceKeys(7, 0, 500);
    expect(occurrenceKeys(7, 123, 50)).toEqual(all.slice(123, 173));
    expect(new Set(all).size).toBe(500);
    expect(occurrenceKeys(8, 0, 1)[0]).not.toBe(all[0]);
    expect(all.every((key) => key >= 0n && key < 2n ** 53n)).toBe(true);
  });
});

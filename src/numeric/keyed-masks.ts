// What is random of an occurrence, as a pure function of its key: the masks of dropout, by Philox (Salmon et al. 2011).

import { philox4x32, randomFrom } from "./random.ts";

/** Counter words of `randomFrom` never have this in the last place: names set its top bit, numbers leave it below 2^21. */
const MASKS = 0x6d61736b;

const WORDS = 2 ** 32;

export interface MaskOptions {
  /** Which of a model's masks, from 0 on: those of one key are independent of each other. */
  readonly layer: number;
  /** Elements of the mask of one occurrence. */
  readonly size: number;
  /** Probability that an element is dropped, in [0, 1). */
  readonly ratio: number;
}

/**
 * Masks of occurrences, 1 where an element is kept: (N, size). Element e is kept where word e mod 4 of the Philox block with the key of the occurrence and
 * counter (floor(e / 4), layer, 0, "mask") is below (1 - ratio) 2^32: the same bits in any batch, tile and order, on any machine.
 *
 * Cost: about 40 ns an element, on the host.
 */
export function keyedMasks(keys: BigInt64Array, { layer, size, ratio }: MaskOptions): Uint8Array<ArrayBuffer> {
  if (!(ratio >= 0 && ratio < 1)) throw new RangeError(`keyedMasks: ratio must lie in [0, 1), got ${ratio}`);
  const below = Math.round((1 - ratio) * WORDS);
  const masks = new Uint8Array(keys.length * size);
  const [counter, words, block] = [new Uint32Array([0, layer, 0, MASKS]), new Uint32Array(2), new Uint32Array(4)];
  keys.forEach((key, n) => {
    words[0] = Number(key & 0xffffffffn);
    words[1] = Number((key >> 32n) & 0xffffffffn);
    const end = (n + 1) * size;
    for (let at = n * size, index = 0; at < end; index++) {
      counter[0] = index;
      philox4x32(counter, words, block);
      for (let k = 0; k < 4 && at < end; k++, at++) masks[at] = block[k] < below ? 1 : 0;
    }
  });
  return masks;
}

/**
 * Keys of the occurrences `from`, `from` + 1, ... of a run, counted from its first step on: word o of the stream "occurrences" of the run's
 * seed, 53 random bits each. Any part can be had without the parts before it.
 */
export function occurrenceKeys(seed: number, from: number, count: number): BigInt64Array<ArrayBuffer> {
  const random = randomFrom(seed, "occurrences", from);
  return BigInt64Array.from({ length: count }, () => BigInt(random.uniform() * 2 ** 53));
}

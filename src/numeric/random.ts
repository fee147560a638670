// Counter-based random numbers: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

/** What a run's record calls this generator; any change to the numbers it gives changes this name. */
export const generatorName = "philox4x32-10";

// Multipliers and key increments of the paper: the golden ratio and sqrt(3) - 1 as fractions of 2^32. As signed words, which engines keep
// in registers: unsigned ones become doubles.
const M0 = 0xd2511f53 | 0;
const M1 = 0xcd9e8d57 | 0;
const W0 = 0x9e3779b9 | 0;
const W1 = 0xbb67ae85 | 0;
const ROUNDS = 10;

/** Upper 32 bits of the product of two 32-bit words, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  // At most (2^16 - 1)^2 + 2^16 - 1 each, which fits into a word.
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const last = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (last >>> 16)) | 0;
}

/**
 * One block: four words that are a function of a 128-bit counter and a 64-bit key, written into `out`.
 *
 * Counter and key are 32-bit words, the lowest first, as in the authors' Random123 library.
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): Uint32Array {
  let c0 = counter[0] | 0;
  let c1 = counter[1] | 0;
  let c2 = counter[2] | 0;
  let c3 = counter[3] | 0;
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/** A sequence of random numbers that depends on nothing but its seed, its stream and the position in it. */
export interface Random {
  /** How many 64-bit words have been drawn; `randomFrom(seed, stream, position)` goes on from here. */
  readonly position: number;
  /** Uniform in [0, 1), a multiple of 2^-53. One word. */
  uniform(): number;
  /**
   * Standard normal, by the cosine of Box and Muller (1958): sqrt(-2 log(1 - u)) cos(2 pi v). Two words. The last bit depends
   * on the JavaScript engine's `Math.log` and `Math.cos`; everything else here is the same on every engine.
   */
  normal(): number;
  /** Uniform among 0 .. n - 1, exactly (no modulo bias). One word, and another for each rejected draw (fewer than n in 2^53). */
  integer(n: number): number;
  /** A uniform permutation of 0 .. n - 1 (Fisher and Yates, from the end; n - 1 words or a few more). */
  permutation(n: number): Int32Array;
}

/** FNV-1a of the UTF-8 bytes, 64 bits; the top bit is set, so that no name meets a number (all below 2^53). */
function wordsOfStream(stream: string | number): [number, number] {
  if (typeof stream === "number") return wordsOfInteger(stream, "stream");
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(stream)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return [Number(hash & 0xffffffffn), (Number(hash >> 32n) | 0x80000000) >>> 0];
}

function wordsOfInteger(value: number, what: string): [number, number] {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`randomFrom: ${what} must be an integer from 0 to 2^53 - 1, got ${value}`);
  }
  return [(value % 2 ** 32) >>> 0, Math.floor(value / 2 ** 32)];
}

/**
 * The random numbers of stream `stream` of `seed`, from word `position` on. Streams are independent of each other: give each
 * use of randomness its own name ("batches", "initial parameters"), or a number (a step, an example's key).
 *
 * Word w is half of the Philox block with key = seed and counter = (floor(w / 2), stream), so any part of any stream can be had
 * without the parts before it. Cost: about 50 ns a word.
 *
 * @example randomFrom(0, "batches").permutation(60000)
 */
export function randomFrom(seed: number, stream: string | number, position = 0): Random {
  const key = wordsOfInteger(seed, "seed");
  const [stream0, stream1] = wordsOfStream(stream);
  wordsOfInteger(position, "position");
  const block = new Uint32Array(4);
  let blockIndex = -1;
  let next = position;

  /** 53 random bits. */
  const draw = (): number => {
    const index = Math.floor(next / 2);
    if (index !== blockIndex) {
      philox4x32([(index % 2 ** 32) >>> 0, Math.floor(index / 2 ** 32), stream0, stream1], key, block);
      blockIndex = index;
    }
    const half = (next % 2) * 2;
    next++;
    return (block[half] >>> 5) * 2 ** 26 + (block[half + 1] >>> 6);
  };
  const uniform = () => draw() / 2 ** 53;
  const integer = (n: number): number => {
    if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`integer: n must be an integer from 1, got ${n}`);
    const limit = 2 ** 53 - (2 ** 53 % n);
    let value = draw();
    while (value >= limit) value = draw();
    return value % n;
  };

  return {
    get position() {
      return next;
    },
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer,
    permutation: (n) => {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      return order;
    },
  };
}

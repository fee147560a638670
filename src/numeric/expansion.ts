// How far a compressed file may expand: enough for data, not for a file that was made to fill the memory.

/** Any file may expand to 64 MiB, and to 200 times its size: arrays of real data reach 10 to 100, zeros reach 1,030. */
const ALWAYS_ALLOWED = 2 ** 26;
const MAX_EXPANSION = 200;
/** Node's zlib takes no larger limit: with one of 200 times 26 MB, the images of Fashion-MNIST, it refused to begin. */
const LARGEST_LIMIT = 2 ** 32;

/** The bytes that a compressed file of `size` bytes may expand to. */
export function mostExpanded(size: number): number {
  return Math.min(LARGEST_LIMIT, Math.max(ALWAYS_ALLOWED, MAX_EXPANSION * size));
}

// Which steps of a run get a checkpoint: as many as a budget of bytes holds.

import type { RealDType } from "../numeric/tensor.ts";

/** What checkpoints may occupy unless the caller says otherwise: 256 MiB. */
export const DEFAULT_CHECKPOINT_BUDGET = 2 ** 28;

/** A file occupies whole blocks on disk, 4 KiB on the usual file systems; for tiny models that is nearly all there is. */
const BLOCK_BYTES = 4096;
/** Header of a checkpoint file: some 100 bytes, and some 70 for each tensor. */
const HEADER_BYTES = 100;
const TENSOR_HEADER_BYTES = 70;

export interface CheckpointSize {
  /** Trained parameters. */
  readonly parameterCount: number;
  /** State columns of the optimizer, each as long as the parameters. */
  readonly bufferCount: number;
  readonly dtype: RealDType;
}

export interface CheckpointPlanOptions extends CheckpointSize {
  readonly steps: number;
  /** 0 keeps the first and the last alone. */
  readonly budgetBytes?: number | undefined;
}

export interface CheckpointPlan {
  /** A checkpoint before every `every`-th step, and one after the last. */
  readonly every: number;
  readonly count: number;
  /** What they occupy on disk. */
  readonly bytes: number;
  /** The state before any step is at most so many steps of replay away. */
  readonly replaySteps: number;
}

/** What a checkpoint's file occupies on disk, in whole blocks. */
export function checkpointBytes({ parameterCount, bufferCount, dtype }: CheckpointSize): number {
  const column = parameterCount * (dtype === "float32" ? 4 : 8) + TENSOR_HEADER_BYTES;
  return Math.ceil(((1 + bufferCount) * column + HEADER_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
}

/**
 * The smallest interval between checkpoints whose files fit the budget; 1, every step, where all fit.
 *
 *     count(every) = ceil(steps / every) + 1,   bytes = count (1 + bufferCount) parameterCount sizeof(dtype), in whole blocks
 *
 * The first and the last are always kept: where not even these two fit, `bytes` exceeds the budget.
 */
export function planCheckpoints(options: CheckpointPlanOptions): CheckpointPlan {
  const { steps, parameterCount, bufferCount, budgetBytes = DEFAULT_CHECKPOINT_BUDGET } = options;
  for (const [name, value] of Object.entries({ steps, parameterCount, bufferCount, budgetBytes })) {
    if (!(value >= 0)) throw new RangeError(`planCheckpoints: ${name} must not be negative, got ${value}`);
  }
  const fileBytes = checkpointBytes(options);
  // ceil(steps / every) <= room holds from every = ceil(steps / room) on; one interval at least.
  const room = Math.max(1, Math.floor(budgetBytes / fileBytes) - 1);
  const every = Math.max(1, Math.ceil(steps / room));
  const count = Math.ceil(steps / every) + 1;
  return { every, count, bytes: count * fileBytes, replaySteps: Math.max(0, Math.min(every, steps) - 1) };
}

export interface MissingCheckpoints {
  readonly count: number;
  /** The first three. */
  readonly first: readonly number[];
  readonly last: number | undefined;
}

/**
 * The multiples of `every` strictly between 0 and `steps` that are not among those stored. Cost: as many as are stored, whatever a
 * manifest may claim.
 */
export function missingCheckpoints(stored: Iterable<number>, steps: number, every: number): MissingCheckpoints {
  const most = Math.max(0, Math.ceil(steps / every) - 1);
  const present = new Set([...stored].filter((step) => step > 0 && step < steps && step % every === 0));
  const count = most - present.size;
  const first: number[] = [];
  for (let k = 1; first.length < Math.min(3, count); k++) if (!present.has(k * every)) first.push(k * every);
  let last = most * every;
  while (present.has(last)) last -= every;
  return { count, first, last: count === 0 ? undefined : last };
}

/** How many steps at most must be replayed for a state that is not stored, from the checkpoint before it. */
export function farthestReplay(checkpoints: readonly number[]): number {
  return checkpoints.reduce((most, step, k) => Math.max(most, k === 0 ? 0 : step - checkpoints[k - 1] - 1), 0);
}

/**
 * Throws RangeError where `step` is not one of the stored checkpoints (ascending), which is the caller's mistake in every store.
 * Halves the list rather than going through it: a sweep asks for every one of them.
 */
export function requireStored(checkpoints: readonly number[], step: number): void {
  let [low, high] = [0, checkpoints.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (checkpoints[middle] < step) low = middle + 1;
    else high = middle;
  }
  if (checkpoints[low] === step) return;
  const shown = checkpoints.slice(0, 5).join(", ") + (checkpoints.length > 5 ? `, ..., ${checkpoints.at(-1)}` : "");
  throw new RangeError(`checkpoint: step must be one of ${shown}, got ${step}`);
}

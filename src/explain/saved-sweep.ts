// What a sweep holds between two lines, as named arrays: enough to go on from there to the same bits.

import { InvalidDataError } from "../errors.ts";
import { reals, type Tensor, tensor } from "../numeric/tensor.ts";

/** A sweep on its way. */
export interface SavedSweep {
  /** Steps from here on are done; 0: all of them. */
  readonly step: number;
  readonly arrays: Readonly<Record<string, Tensor>>;
}

/** Keeps what the sweeps of one explanation have done, for another call to go on from. */
export interface SweepKeeper {
  /** What an earlier call left of the sweep of that number. */
  found(sweep: number): SavedSweep | undefined;
  /** Whether it is time to keep something again. */
  isDue(): boolean;
  keep(sweep: number, saved: SavedSweep): void;
}

/** Numbers in double, as an array that can be kept. */
export function kept(values: ArrayLike<number>): Tensor {
  return reals([values.length], values);
}

export function keptAs(values: Float32Array | Float64Array): Tensor {
  return values instanceof Float32Array ? tensor("float32", [values.length], values) : kept(values);
}

/** An array that was kept, of `size` elements; InvalidDataError for one that is not there or has another length. */
export function takeUp(saved: SavedSweep, name: string, size?: number): Float64Array {
  const found = saved.arrays[name];
  if (found?.data instanceof Float64Array && (size === undefined || found.data.length === size)) return found.data;
  const got = found === undefined ? "none" : `${found.dtype} [${found.shape}]`;
  throw new InvalidDataError(`${name}: a part of an explanation must have ${size ?? "its"} numbers, got ${got}`);
}

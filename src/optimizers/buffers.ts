// State columns of an optimizer: allocation, and the checks that keep a wrong length from becoming a silent NaN.

import { allocate, type RealDType } from "../numeric/tensor.ts";
import type { Buffers, Optimizer, PullbackArguments, UpdateArguments } from "./types.ts";

/** Parameters per tile of a pull-back: 32 kB of preconditioner, which stays in the first-level cache for all rows. */
export const TILE = 4096;

/** The state columns of `optimizer` before step 0: zeros, `size` elements each, in the run's dtype. */
export function createBuffers(optimizer: Optimizer, size: number, dtype: RealDType): Buffers {
  return Object.fromEntries(optimizer.buffers.map((name) => [name, allocate(dtype, size)]));
}

/** Throws RangeError unless gradient and state columns are as long as the parameters. */
export function checkUpdate({ params, gradient, buffers }: UpdateArguments, names: readonly string[]): void {
  if (gradient.length !== params.length) {
    throw new RangeError(`update: gradient must have ${params.length} elements like params, got ${gradient.length}`);
  }
  checkColumns("update", buffers, { names, size: params.length });
}

/** Throws RangeError unless carry and data are as long as the Jacobian, and that is whole rows of the state columns. */
export function checkPullback(args: PullbackArguments, names: readonly string[], carries: boolean): void {
  const { jacobian, carry, data, buffers } = args;
  if (data.length !== jacobian.length) {
    throw new RangeError(`pullback: data must have ${jacobian.length} elements like jacobian, got ${data.length}`);
  }
  if (carries && carry.length !== jacobian.length) {
    throw new RangeError(`pullback: carry must have ${jacobian.length} elements like jacobian, got ${carry.length}`);
  }
  if (names.length === 0) return;
  const size = buffers[names[0]]?.length ?? 0;
  checkColumns("pullback", buffers, { names, size });
  if (size === 0 ? jacobian.length !== 0 : jacobian.length % size !== 0) {
    throw new RangeError(`pullback: jacobian must have rows of ${size} elements, got ${jacobian.length} elements`);
  }
}

function checkColumns(where: string, buffers: Buffers, expected: { names: readonly string[]; size: number }): void {
  for (const name of expected.names) {
    const length = buffers[name]?.length;
    if (length === undefined)
      throw new RangeError(
        `${where}: buffers must have a column ${name}, got ${Object.keys(buffers).join(", ") || "none"}`,
      );
    if (length !== expected.size) {
      throw new RangeError(`${where}: buffer ${name} must have ${expected.size} elements, got ${length}`);
    }
  }
}

// All pairs of two sides, tile by tile, into one array; where both sides are one, only tiles on and above the diagonal are computed.

import { allocate, type RealArray, type Tensor } from "../numeric/tensor.ts";
import type { Progress } from "../train/train.ts";
import type { KernelAlgorithm } from "./algorithm.ts";
import { entryShape } from "./form.ts";
import type { Side } from "./side.ts";
import type { KernelForm, KernelModel } from "./types.ts";

export interface Pairing {
  readonly x: Side;
  /** The same object as `x` for a kernel of examples against themselves. */
  readonly y: Side;
  readonly algorithm: KernelAlgorithm;
  readonly model: KernelModel;
  readonly form: KernelForm;
  /** Examples of one tile. */
  readonly tile: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Entries of all pairs, (N, M, ...form). Rejects with the signal's reason when aborted, between two tiles. */
export async function pairTiles(pairing: Pairing): Promise<Tensor> {
  const { x, y, algorithm, model, form, tile, signal, onProgress } = pairing;
  const symmetric = x === y;
  const entry = entryShape(form, model.outputs);
  const size = entry.reduce((product, axis) => product * axis, 1);
  const data = allocate(model.engine.dtype, x.count * y.count * size) as RealArray;
  const total = symmetric ? (x.tiles * (x.tiles + 1)) / 2 : x.tiles * y.tiles;
  let done = 0;
  for (let i = 0; i < x.tiles; i++) {
    signal?.throwIfAborted();
    const left = await x.prepare(i);
    for (let j = symmetric ? i : 0; j < y.tiles; j++) {
      signal?.throwIfAborted();
      const right = symmetric && i === j ? left : await y.prepare(j);
      const entries = await algorithm.pair(left, right);
      place(data, entries, { row: i * tile, column: j * tile, n: left.count, m: right.count, width: y.count, size });
      onProgress?.({ stage: "kernel", done: ++done, total });
    }
  }
  if (symmetric) mirror(data, { count: x.count, tile, form, outputs: model.outputs });
  return { dtype: model.engine.dtype, shape: [x.count, y.count, ...entry], data };
}

/** Copies the entries of a tile pair to their place. */
function place(
  kernel: RealArray,
  entries: RealArray,
  at: { row: number; column: number; n: number; m: number; width: number; size: number },
): void {
  const { row, column, n, m, width, size } = at;
  for (let i = 0; i < n; i++) {
    kernel.set(entries.subarray(i * m * size, (i + 1) * m * size), ((row + i) * width + column) * size);
  }
}

/** K[j, i] = K[i, j]^T for all pairs of examples below the diagonal of tiles: blocks are transposed, other entries copied. */
function mirror(
  kernel: RealArray,
  { count, tile, form, outputs }: { count: number; tile: number; form: KernelForm; outputs: number },
): void {
  const [rows, columns] = form === "blocks" ? [outputs, outputs] : [1, form === "diagonal" ? outputs : 1];
  for (let i = 0; i < count; i++) {
    for (let j = Math.floor(i / tile + 1) * tile; j < count; j++) {
      const [from, to] = [(i * count + j) * rows * columns, (j * count + i) * rows * columns];
      for (let c = 0; c < rows; c++)
        for (let d = 0; d < columns; d++) kernel[to + d * rows + c] = kernel[from + c * columns + d];
    }
  }
}

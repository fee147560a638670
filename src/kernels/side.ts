// One side of a kernel: its examples in tiles, prepared when they are asked for and held until they are let go.

import { type RealArray, sliceRows, type Tensor, toReal } from "../numeric/tensor.ts";
import { examplesOf } from "../train/examples.ts";
import type { KernelAlgorithm, Prepared, SideRequest } from "./algorithm.ts";
import { SEEDS } from "./form.ts";
import { inverseRoots } from "./normalise.ts";
import type { KernelModel } from "./types.ts";

export interface Side {
  /** A tile's prepared examples. */
  take(tile: number): Promise<Prepared>;
  /** A tile's examples as they are. */
  request(tile: number): Promise<SideRequest>;
  /** 1 / sqrt(K(x, x)) of a tile's examples: (G, n) or (G, n, C). */
  roots(tile: number): Promise<Float64Array>;
  /** Lets go of all other tiles. */
  keep(tiles: readonly number[]): void;
}

export interface SideSource {
  readonly model: KernelModel;
  readonly algorithm: KernelAlgorithm;
  readonly params: RealArray;
  readonly x: Tensor;
  /** Coefficients (N, C) for the form `readout`. */
  readonly readouts: Tensor | undefined;
  readonly weights: Float64Array | undefined;
  /** Examples of one tile. */
  readonly tile: number;
}

/** A side that holds what is asked for. Roots are kept for good: they are one number an example, output and group at most. */
export function sideOf({ model, algorithm, params, x, readouts, weights, tile }: SideSource): Side {
  const source = examplesOf(model, { x });
  const seeds = readouts && toReal(readouts, model.engine.dtype);
  const held = new Map<number, Prepared>();
  const known = new Map<number, Float64Array>();
  const request = async (index: number): Promise<SideRequest> => {
    const [start, end] = [index * tile, Math.min(source.count, (index + 1) * tile)];
    const rows = new Int32Array(end - start);
    for (let k = 0; k < rows.length; k++) rows[k] = start + k;
    const feeds = { ...(await source.feeds(rows)), ...(seeds && { [SEEDS]: sliceRows(seeds, start, end) }) };
    return { params, feeds, count: end - start, weights };
  };
  const take = async (index: number): Promise<Prepared> => {
    const prepared = held.get(index);
    if (prepared) return prepared;
    const made = await algorithm.prepare(await request(index));
    held.set(index, made);
    return made;
  };
  return {
    take,
    request,
    async roots(index) {
      const roots = known.get(index) ?? inverseRoots(await algorithm.lengths(await take(index)));
      known.set(index, roots);
      return roots;
    },
    keep(tiles) {
      for (const [index, prepared] of held) {
        if (tiles.includes(index)) continue;
        held.delete(index);
        algorithm.release?.(prepared);
      }
    },
  };
}

// One side of a kernel: its examples in tiles, prepared when they are asked for and kept while they fit a budget.

import { type RealArray, sliceRows, type Tensor, toReal } from "../numeric/tensor.ts";
import { examplesOf } from "../train/examples.ts";
import type { KernelAlgorithm, Prepared } from "./algorithm.ts";
import { SEEDS } from "./form.ts";
import type { KernelModel } from "./types.ts";

export interface Side {
  readonly count: number;
  /** Number of tiles. */
  readonly tiles: number;
  prepare(tile: number): Promise<Prepared>;
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
  /** Bytes of prepared tiles that are kept. */
  readonly budget: number;
}

/** A side whose prepared tiles are kept while they fit the budget, the first ones first. */
export function sideOf({ model, algorithm, params, x, readouts, weights, tile, budget }: SideSource): Side {
  const source = examplesOf(model, { x });
  const seeds = readouts && toReal(readouts, model.engine.dtype);
  const kept = new Map<number, Prepared>();
  let bytes = 0;
  const prepare = async (index: number): Promise<Prepared> => {
    const known = kept.get(index);
    if (known) return known;
    const [start, end] = [index * tile, Math.min(source.count, (index + 1) * tile)];
    const rows = Int32Array.from({ length: end - start }, (_, k) => start + k);
    const feeds = { ...(await source.feeds(rows)), ...(seeds && { [SEEDS]: sliceRows(seeds, start, end) }) };
    const prepared = await algorithm.prepare({ params, feeds, count: end - start, weights });
    if (bytes + prepared.bytes <= budget) {
      bytes += prepared.bytes;
      kept.set(index, prepared);
    }
    return prepared;
  };
  return { count: source.count, tiles: Math.ceil(source.count / tile), prepare };
}

/** K(x, x) of every example of a side, (N) or (N, C), one tile after another. */
export async function lengthsOf(side: Side, algorithm: KernelAlgorithm): Promise<Float64Array> {
  const parts: RealArray[] = [];
  for (let tile = 0; tile < side.tiles; tile++) parts.push(await algorithm.lengths(await side.prepare(tile)));
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}
